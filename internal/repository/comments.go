package repository

import (
	"fmt"
	"go/ast"
	"go/token"
)

// CheckComments returns the exported top-level declarations, and the exported methods of
// exported types, that have no doc comment. It checks the non-test files of the packages
// that other modules can import. One comment on a group of constants or variables is
// enough for all of it.
func CheckComments(t *Tree) []string {
	var out []string
	missing := func(pos token.Pos, name string) {
		out = append(out, fmt.Sprintf("%s: %s has no doc comment", t.at(pos), name))
	}
	for _, f := range t.Go {
		if f.IsTest() || !f.Public() {
			continue
		}
		for _, decl := range f.AST.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if name, exported := funcName(decl); exported && !says(decl.Doc) {
					missing(decl.Pos(), name)
				}
			case *ast.GenDecl:
				for _, id := range silent(decl) {
					missing(id.Pos(), id.Name)
				}
			}
		}
	}
	return out
}

// silent returns the exported names in a declaration that have no comment.
func silent(decl *ast.GenDecl) []*ast.Ident {
	var out []*ast.Ident
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && !says(spec.Doc) && (decl.Lparen.IsValid() || !says(decl.Doc)) {
				out = append(out, spec.Name)
			}
		case *ast.ValueSpec:
			if says(decl.Doc) || says(spec.Doc) || says(spec.Comment) {
				continue
			}
			for _, id := range spec.Names {
				if id.IsExported() {
					out = append(out, id)
				}
			}
		}
	}
	return out
}

// says reports whether a comment contains more than directives.
func says(doc *ast.CommentGroup) bool { return doc != nil && doc.Text() != "" }

// funcName returns the name of a function, or "Type.Method", and whether all of it is
// exported.
func funcName(decl *ast.FuncDecl) (name string, exported bool) {
	name, exported = decl.Name.Name, decl.Name.IsExported()
	if decl.Recv == nil || len(decl.Recv.List) == 0 {
		return name, exported
	}
	recv := receiver(decl.Recv.List[0].Type)
	return recv + "." + name, exported && ast.IsExported(recv)
}

// receiver returns the name of the type of a receiver.
func receiver(typ ast.Expr) string {
	switch typ := typ.(type) {
	case *ast.StarExpr:
		return receiver(typ.X)
	case *ast.ParenExpr:
		return receiver(typ.X)
	case *ast.IndexExpr:
		return receiver(typ.X)
	case *ast.IndexListExpr:
		return receiver(typ.X)
	case *ast.Ident:
		return typ.Name
	}
	return ""
}
