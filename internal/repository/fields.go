package repository

import (
	"fmt"
	"go/ast"
	"path"
	"strconv"
)

// CheckContextFields returns the struct fields in non-test files, including embedded
// ones, that contain a context.Context. Pass a context to each call instead, as its first
// parameter.
func CheckContextFields(t *Tree) []string {
	var out []string
	for _, f := range t.Go {
		name := importName(f.AST, "context")
		if f.IsTest() || name == "" {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			s, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range s.Fields.List {
				if isContext(field.Type, name) {
					out = append(out, fmt.Sprintf("%s: a struct contains a context.Context; pass it to each call instead", t.at(field.Pos())))
				}
			}
			return true
		})
	}
	return out
}

// isContext reports whether a type is context.Context, or a pointer or list of it.
func isContext(typ ast.Expr, pkg string) bool {
	switch typ := typ.(type) {
	case *ast.ParenExpr:
		return isContext(typ.X, pkg)
	case *ast.StarExpr:
		return isContext(typ.X, pkg)
	case *ast.ArrayType:
		return isContext(typ.Elt, pkg)
	case *ast.SelectorExpr:
		x, ok := typ.X.(*ast.Ident)
		return ok && x.Name == pkg && typ.Sel.Name == "Context"
	case *ast.Ident:
		return pkg == "." && typ.Name == "Context"
	}
	return false
}

// importName returns the name under which a file imports a package, or "" if it does not.
func importName(file *ast.File, importPath string) string {
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err != nil || p != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}
