package repository

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Tree is the part of a repository that the checks read.
type Tree struct {
	Module   string // path of the module, from go.mod
	Go       []*GoFile
	Markdown []TextFile
	Fset     *token.FileSet
}

// GoFile is a Go file, whatever its build constraints.
type GoFile struct {
	Path  string // relative to the root, with slashes
	Lines int
	AST   *ast.File
}

// TextFile is a file that is not Go.
type TextFile struct {
	Path string
	Text string
}

// Load reads the Go and Markdown files of a repository, whose go.mod is at the top. It
// skips folders that begin with a dot and those named testdata, except for the Go files
// in the one at the top, which is a package.
func Load(root fs.FS) (*Tree, error) {
	gomod, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(gomod), "\n")
	module, ok := strings.CutPrefix(first, "module ")
	if !ok {
		return nil, fmt.Errorf("go.mod begins with %q, want the module's path", first)
	}
	t := &Tree{Module: strings.TrimSpace(module), Fset: token.NewFileSet()}
	return t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipped(name) || name != "." && isModule(root, name) {
				return fs.SkipDir
			}
			return nil
		}
		return t.add(root, name)
	})
}

func skipped(dir string) bool {
	base := path.Base(dir)
	return dir != "." && (base[0] == '.' || base == "testdata" && dir != "testdata")
}

// isModule reports whether a folder is that of a nested module.
func isModule(root fs.FS, dir string) bool {
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	return err == nil
}

func (t *Tree) add(root fs.FS, name string) error {
	ext := path.Ext(name)
	if ext != ".go" && ext != ".md" || ext == ".md" && strings.HasPrefix(name, "testdata/") {
		return nil
	}
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	if ext == ".md" {
		t.Markdown = append(t.Markdown, TextFile{Path: name, Text: string(src)})
		return nil
	}
	file, err := parser.ParseFile(t.Fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Go = append(t.Go, &GoFile{Path: name, Lines: bytes.Count(src, []byte("\n")), AST: file})
	return nil
}

// Dir returns the folder of the file, "." for the root.
func (f *GoFile) Dir() string { return path.Dir(f.Path) }

// IsTest reports whether only "go test" compiles the file.
func (f *GoFile) IsTest() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Public reports whether the file belongs to a package that other modules can
// import: neither internal nor a program.
func (f *GoFile) Public() bool {
	return f.AST.Name.Name != "main" && !isInternal(f.Path)
}

func isInternal(importPath string) bool {
	return strings.Contains("/"+importPath+"/", "/internal/")
}

// at returns a position in the tree as "file:line".
func (t *Tree) at(pos token.Pos) string {
	p := t.Fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}
