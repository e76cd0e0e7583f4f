package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// condition is a place at which the program decides, and so a mutant.
type condition struct {
	file     string // below the root, with slashes
	line     int
	function string // as Type.Name, or the name of the table
	text     string // as it is written, on one line
	nth      int    // among the conditions of the function with the same text, from 1
	body     string // source of the function
}

// key names a condition independently of its surroundings: "file function: text",
// with " #2" if the function already has one with the same text.
func (c condition) key() string {
	k := c.file + " " + c.function + ": " + c.text
	if c.nth > 1 {
		k += " #" + strconv.Itoa(c.nth)
	}
	return k
}

// insertion is text that is added to a rewritten file. drop is the number of the file's
// bytes that it replaces.
type insertion struct {
	at   int
	text string
	drop int
}

// table is a slice of rules: each row is a condition, and each cell of certain
// columns that is not the wildcard.
type table struct {
	name     string
	columns  []int
	wildcard string
}

// source is a file with its conditions.
type source struct {
	path       string // below the root, with slashes
	name       string // of the package
	text       string
	first      int // number of its first condition
	conditions []condition
	insertions []insertion
}

// find parses a file and finds its conditions, which are numbered from first.
func find(root, path string, first int, tables []table) (*source, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &finder{
		source: &source{path: path, name: file.Name.Name, text: string(text), first: first},
		file:   fset.File(file.Pos()), seen: map[ast.Expr]bool{}, times: map[string]int{},
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.in(functionName(d), d)
			f.function(d.Type, d.Body)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				v, ok := s.(*ast.ValueSpec)
				if !ok || len(v.Values) != 1 {
					continue
				}
				f.in(v.Names[0].Name, v)
				for _, t := range tables {
					if list, ok := v.Values[0].(*ast.CompositeLit); ok && t.name == v.Names[0].Name {
						f.table(list, t)
					}
				}
				f.walk(v.Values[0], nil)
			}
		}
	}
	return f.source, nil
}

func functionName(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if name, ok := t.(*ast.Ident); ok {
		return name.Name + "." + d.Name.Name
	}
	return d.Name.Name
}

// finder walks through a file.
type finder struct {
	*source
	file  *token.File
	seen  map[ast.Expr]bool // innermost expressions that are conditions
	times map[string]int    // by key without number
	now   condition         // what all conditions in the declaration have in common
}

func (f *finder) in(function string, n ast.Node) {
	f.now = condition{file: f.path, function: function, body: f.of(n)}
}

func (f *finder) of(n ast.Node) string {
	return f.text[f.file.Offset(n.Pos()):f.file.Offset(n.End())]
}

// add makes a condition of the source text of a node, and returns its number.
func (f *finder) add(n ast.Node, text string) int {
	c := f.now
	c.line, c.text = f.file.Line(n.Pos()), strings.Join(strings.Fields(text), " ")
	k := c.key()
	f.times[k]++
	c.nth = f.times[k]
	f.conditions = append(f.conditions, c)
	return f.first + len(f.conditions) - 1
}

// enclose inserts text around a node.
func (f *finder) enclose(n ast.Node, before, after string) {
	f.insertions = append(f.insertions,
		insertion{at: f.file.Offset(n.Pos()), text: before},
		insertion{at: f.file.Offset(n.End()), text: after})
}

// negate makes a condition of a boolean expression. An expression, its negation and its
// parenthesised form count as one condition.
func (f *finder) negate(e ast.Expr) {
	bare := ast.Unparen(e)
	for {
		not, ok := bare.(*ast.UnaryExpr)
		if !ok || not.Op != token.NOT {
			break
		}
		bare = ast.Unparen(not.X)
	}
	if f.seen[bare] {
		return
	}
	f.seen[bare] = true
	f.enclose(bare, "((", ") != mutated("+strconv.Itoa(f.add(e, f.of(ast.Unparen(e))))+"))")
}

// table makes a condition of each row of a table, and of each cell that is one.
func (f *finder) table(list *ast.CompositeLit, t table) {
	for i, e := range list.Elts {
		n := f.add(e, "row "+f.of(e))
		if i == 0 {
			f.enclose(list, "mutatedRows("+strconv.Itoa(n)+", ", ")")
		}
	}
	for _, e := range list.Elts {
		row, ok := e.(*ast.CompositeLit)
		if !ok {
			continue
		}
		for _, column := range t.columns {
			if column >= len(row.Elts) || f.of(row.Elts[column]) == t.wildcard {
				continue
			}
			cell := row.Elts[column]
			n := f.add(cell, "cell "+strconv.Itoa(column+1)+" of "+f.of(e))
			f.enclose(cell, "mutatedCell("+strconv.Itoa(n)+", ", ", "+t.wildcard+")")
		}
	}
}

// function walks through a function. Each bool that it returns is a condition.
func (f *finder) function(t *ast.FuncType, body *ast.BlockStmt) {
	var results []string // names of their types
	if t.Results != nil {
		for _, r := range t.Results.List {
			for range max(len(r.Names), 1) {
				results = append(results, f.of(r.Type))
			}
		}
	}
	if body != nil {
		f.walk(body, results)
	}
}

// returned makes conditions of the bools that a function returns, except constants
// returned with an error, which nobody reads.
func (f *finder) returned(values []ast.Expr, results []string) {
	if len(values) == 0 || len(values) != len(results) {
		return
	}
	last := len(values) - 1
	failed := results[last] == "error" && f.of(values[last]) != "nil"
	for i, e := range values {
		text := f.of(e)
		if constant := text == "true" || text == "false"; results[i] == "bool" && !(failed && constant) {
			f.negate(e)
		}
	}
}

// assigned makes conditions of the constants assigned to variables, because remembered
// values are tested later. Initial values are left out.
func (f *finder) assigned(s *ast.AssignStmt) {
	if s.Tok != token.ASSIGN || len(s.Lhs) != len(s.Rhs) {
		return
	}
	for i, e := range s.Rhs {
		if text := f.of(e); text == "true" || text == "false" {
			f.enclose(e, "(", " != mutated("+strconv.Itoa(f.add(e, f.of(s.Lhs[i])+" = "+text))+"))")
		}
	}
}

func (f *finder) walk(n ast.Node, results []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			f.function(n.Type, n.Body)
			return false
		case *ast.IfStmt:
			f.negate(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				f.negate(n.Cond)
			}
		case *ast.ReturnStmt:
			f.returned(n.Results, results)
		case *ast.AssignStmt:
			f.assigned(n)
		case *ast.SwitchStmt:
			f.cases(n)
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				f.negate(n)
			}
		case *ast.BinaryExpr:
			switch n.Op {
			case token.LAND, token.LOR:
				f.negate(n)
				f.negate(n.X)
				f.negate(n.Y)
			case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				f.negate(n)
			}
		}
		return true
	})
}

// cases makes a condition of each case of a switch. A switch with a tag becomes one
// without: the tag is a name, or is given one.
func (f *finder) cases(s *ast.SwitchStmt) {
	tag := ""
	switch s.Tag.(type) {
	case nil:
	case *ast.Ident, *ast.SelectorExpr:
		tag = f.of(s.Tag)
		f.insertions = append(f.insertions, insertion{at: f.file.Offset(s.Tag.Pos()), drop: len(tag)})
	default:
		if s.Init != nil {
			return
		}
		tag = "mutatedTag"
		f.insertions = append(f.insertions,
			insertion{at: f.file.Offset(s.Tag.Pos()), text: tag + " := ("}, insertion{at: f.file.Offset(s.Tag.End()), text: ");"})
	}
	for _, clause := range s.Body.List {
		for _, e := range clause.(*ast.CaseClause).List {
			if tag == "" {
				f.negate(e)
				continue
			}
			f.enclose(e, "(("+tag+" == ", ") != mutated("+strconv.Itoa(f.add(e, "case "+f.of(e)))+"))")
		}
	}
}
