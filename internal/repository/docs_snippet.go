package repository

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Snippet is a block turned into a whole file. Positions refer to the Markdown file.
type Snippet struct {
	Block   Block
	File    *ast.File
	Imports []string
}

// NewSnippet turns a block into a file. A block with a package clause is used as it is.
// Any other may begin with imports; further packages that it uses are imported by name.
// Declarations become those of the file. Statements become the body of a function with
// the variables ctx, a context.Context, and t, a *testing.T.
func NewSnippet(fset *token.FileSet, b Block, byName map[string]string) (*Snippet, error) {
	s := &Snippet{Block: b}
	var err error
	if firstToken(b.Code) == token.PACKAGE {
		s.File, err = s.parse(fset, "", b.Code, "")
	} else {
		s.File, err = s.wrap(fset, byName)
	}
	if err != nil {
		return nil, s.placeholder(err)
	}
	for _, spec := range s.File.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && !slices.Contains(s.Imports, p) {
			s.Imports = append(s.Imports, p)
		}
	}
	return s, nil
}

// parse parses the code of the block, or a part of it, with text before and after it.
func (s *Snippet) parse(fset *token.FileSet, before, code, after string) (*ast.File, error) {
	src := fmt.Sprintf("%s//line %s:%d\n%s\n%s", before, s.Block.File, s.Block.Line, code, after)
	return parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
}

// clause begins the file that a block is wrapped in.
const clause = "package snippet\n"

// variables are available to a block of statements. They follow the block, so their
// imports have names that no block uses.
const (
	variables        = "var ctx context_.Context; var t *testing_.T"
	variablesImports = "import context_ \"context\"; import testing_ \"testing\"\n"
)

// wrap parses a block that is not a whole file: once to find out what it is and uses, and
// again with everything that it needs.
func (s *Snippet) wrap(fset *token.FileSet, byName map[string]string) (*ast.File, error) {
	imports, rest := s.split()
	file, err := s.parse(fset, clause, imports+rest, "")
	if err == nil && !onlyVariables(file) {
		return s.parse(fset, clause+importsFor(file, byName), imports+rest, "")
	}
	file, bodyErr := s.parse(fset, clause, imports+"func _() {"+rest, "}")
	if bodyErr == nil {
		before := clause + variablesImports + importsFor(file, byName)
		head := fmt.Sprintf("func _() %s {", results(file))
		return s.parse(fset, before, imports+head+rest, "panic(0)}; "+variables)
	}
	switch firstToken(rest) {
	case token.FUNC, token.TYPE, token.CONST:
		return nil, err
	}
	return nil, bodyErr
}

// onlyVariables reports whether a file declares variables and no function. Then the block
// may also be part of a function and use its variables.
func onlyVariables(file *ast.File) bool {
	variables := false
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			return false
		}
		variables = variables || gen.Tok == token.VAR
	}
	return variables
}

// split separates the imports at the beginning of the block from the rest, without
// dropping any lines.
func (s *Snippet) split() (imports, rest string) {
	if firstToken(s.Block.Code) != token.IMPORT {
		return "", s.Block.Code
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", clause+s.Block.Code, parser.ImportsOnly)
	if err != nil {
		return "", s.Block.Code
	}
	end := 0
	for _, d := range file.Decls {
		end = max(end, fset.Position(d.End()).Offset-len(clause))
	}
	if line := strings.IndexByte(s.Block.Code[end:], '\n'); line >= 0 {
		end += line + 1
	}
	return s.Block.Code[:end], s.Block.Code[end:]
}

// importsFor returns imports for the packages that a file uses but does not import. Names
// that the file itself declares at the top level are not packages.
func importsFor(file *ast.File, byName map[string]string) string {
	needed := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				needed[x.Name] = true
			}
		}
		return true
	})
	for _, name := range declared(file) {
		delete(needed, name)
	}
	var b strings.Builder
	for _, name := range sorted(needed) {
		if p := byName[name]; p != "" && importName(file, p) == "" {
			fmt.Fprintf(&b, "import %s %q\n", name, p)
		}
	}
	return b.String()
}

// declared returns the names that a file declares at the top level, including imports.
func declared(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			names = append(names, decl.Name.Name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						names = append(names, id.Name)
					}
				case *ast.ImportSpec:
					if spec.Name != nil {
						names = append(names, spec.Name.Name)
					}
				}
			}
		}
	}
	return names
}

// results returns the result list that the return statements of the file's only function
// need: an error last, anything before it.
func results(file *ast.File) string {
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			n = max(n, len(node.Results))
		}
		return true
	})
	if n == 0 {
		return ""
	}
	return "(" + strings.Repeat("any, ", n-1) + "error)"
}

func firstToken(code string) token.Token {
	var s scanner.Scanner
	fset := token.NewFileSet()
	s.Init(fset.AddFile("", fset.Base(), len(code)), []byte(code), nil, 0)
	_, tok, _ := s.Scan()
	return tok
}

// dots matches an ellipsis for omitted code.
var dots = regexp.MustCompile(`…|[({,]\s*\.\.\.\s*[,)}]|^\s*\.\.\.\s*$`)

// placeholder adds to a parser error that the block omits code, if it does.
func (s *Snippet) placeholder(err error) error {
	for i, line := range strings.Split(s.Block.Code, "\n") {
		if dots.MatchString(line) {
			hint := fmt.Errorf("%s:%d: the block omits code, so it does not compile; write it out: %s",
				s.Block.File, s.Block.Line+i, strings.TrimSpace(line))
			return errors.Join(hint, err)
		}
	}
	return err
}
