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

// PackagesByName returns the packages that a block may use without importing them: much
// of the standard library, and the packages of the module that others can import. If
// several have one name, the module's wins, then the one with the shortest path.
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

// Check returns the errors in all Go blocks of the files, with their positions, and the
// number of blocks.
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

// importer reads the export data of everything that the snippets import. "go list"
// compiles what is not in the cache.
func (d Docs) importer(fset *token.FileSet, snippets []*Snippet) (types.Importer, error) {
	paths := map[string]bool{"unsafe": true} // never empty, which go list would take as "."
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

// typeErrors returns the errors that the compiler would report for a snippet, except
// those about unused names.
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
	_, _ = conf.Check("snippet", fset, []*ast.File{s.File}, nil) // its error is the first one reported above
	return out
}

// unused reports whether the error is about an unused variable, import or label.
func unused(e types.Error) bool {
	return strings.HasPrefix(e.Msg, "declared and not used") ||
		strings.HasSuffix(e.Msg, "imported and not used") ||
		strings.Contains(e.Msg, "imported as ") && strings.HasSuffix(e.Msg, "and not used") ||
		strings.HasPrefix(e.Msg, "label ") && strings.HasSuffix(e.Msg, "declared and not used")
}
