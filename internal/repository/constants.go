package repository

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// Constants returns the string constants of a type that a package declares, with their
// values by name. Tests use it to ensure that none is forgotten.
func Constants(dir, typ string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	values := make(map[string]string)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			if group, ok := d.(*ast.GenDecl); ok && group.Tok == token.CONST {
				constantsOf(group, typ, values)
			}
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s has no constants of type %s", dir, typ)
	}
	return values, nil
}

// constantsOf adds the constants of one declaration.
func constantsOf(group *ast.GenDecl, typ string, values map[string]string) {
	for _, s := range group.Specs {
		spec := s.(*ast.ValueSpec)
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ || len(spec.Values) != 1 {
			continue
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			values[spec.Names[0].Name], _ = strconv.Unquote(lit.Value) // the parser has checked it
		}
	}
}
