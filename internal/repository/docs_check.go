package repository

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// Docs type-checks the Go code in Markdown files.
type Docs struct {
	Dir    string            // the module's root, where "go list" runs
	Module string            // the module's path
	ByName map[string]string // import paths by package name, for blocks without imports
}

// standard are the packages of the standard library that a block need not import.
var standard = []string{
	"bytes", "cmp", "context", "crypto/sha256", "crypto/tls", "crypto/x509", "encoding/base64",
	"encoding/json", "errors", "flag", "fmt", "io", "io/fs", "iter", "log", "log/slog", "maps",
	"net/http", "net/http/httptest", "net/url", "os", "os/signal", "path/filepath", "regexp",
	"slices", "strconv", "strings", "sync", "sync/atomic", "testing", "testing/synctest", "time",
}

// PackagesByName returns what a block may use without importing it: much of the standard
// library, and the packages of the module that others can import. Of two packages with one
// name it is the module's, and the one with the shorter path.
func PackagesByName(t *Tree) map[string]string {
	byName := map[string]string{}
	for _, p := range standard {
		byName[path.Base(p)] = p
	}
	for _, f := range t.Go {
		if f.IsTest() || !f.Public() {
			continue
		}
		name, p := f.AST.Name.Name, t.Module+"/"+f.Dir()
		if old := byName[name]; old == "" || slices.Contains(standard, old) || len(p) < len(old) {
			byName[name] = p
		}
	}
	return byName
}

// Check returns the errors of all Go blocks in the files, each with its place, and how many
// blocks there are.
func (d Docs) Check(files []TextFile) (violations []string, blocks int, err error) {
	fset := token.NewFileSet()
	var snippets []*Snippet
	for _, f := range files {
		bs, err := Blocks(f)
		if err != nil {
			violations = append(violations, err.Error())
		}
		blocks += len(bs)
		for _, b := range bs {
			s, err := NewSnippet(fset, b, d.ByName)
			if err != nil {
				violations = append(violations, err.Error())
				continue
			}
			snippets = append(snippets, s)
		}
	}
	imp, err := d.importer(fset, snippets)
	if err != nil {
		return nil, blocks, err
	}
	for _, s := range snippets {
		violations = append(violations, d.typeErrors(fset, s, imp)...)
	}
	return violations, blocks, nil
}

// importer reads the export data of all that the snippets import, which "go list" has
// compiled where the cache has none.
func (d Docs) importer(fset *token.FileSet, snippets []*Snippet) (types.Importer, error) {
	paths := map[string]bool{"unsafe": true} // never empty, for go list takes that for "."
	for _, s := range snippets {
		for _, p := range s.Imports {
			paths[p] = true
		}
	}
	packages, err := List(d.Dir, append([]string{"-deps", "-export", "--"}, sorted(paths)...)...)
	if err != nil {
		return nil, err
	}
	return importer.ForCompiler(fset, "gc", func(p string) (io.ReadCloser, error) {
		switch pkg := packages[p]; {
		case pkg == nil:
			return nil, errors.New("not listed")
		case pkg.Error != nil:
			return nil, errors.New(pkg.Error.Err)
		case pkg.Export == "":
			return nil, errors.New("it does not compile")
		default:
			return os.Open(pkg.Export)
		}
	}), nil
}

// typeErrors returns what the compiler would say of a snippet, except that something is
// not used.
func (d Docs) typeErrors(fset *token.FileSet, s *Snippet, imp types.Importer) []string {
	var out []string
	for _, p := range s.Imports {
		if below(d.Module, p) && isInternal(p) {
			out = append(out, fmt.Sprintf("%s:%d: the block imports %s, which other modules cannot", s.Block.File, s.Block.Line, p))
		}
	}
	conf := types.Config{Importer: imp, Error: func(err error) {
		if e, ok := errors.AsType[types.Error](err); !ok || !unused(e) {
			out = append(out, err.Error())
		}
	}}
	_, _ = conf.Check("snippet", fset, []*ast.File{s.File}, nil) // its error is the first of those above
	return out
}

// unused reports whether the error is that a variable, import or label is not used.
func unused(e types.Error) bool {
	return strings.HasPrefix(e.Msg, "declared and not used") ||
		strings.HasSuffix(e.Msg, "imported and not used") ||
		strings.Contains(e.Msg, "imported as ") && strings.HasSuffix(e.Msg, "and not used") ||
		strings.HasPrefix(e.Msg, "label ") && strings.HasSuffix(e.Msg, "declared and not used")
}
