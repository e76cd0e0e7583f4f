package ewsschema

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every type that the grammar declares is used by an operation or header.
func TestGrammarHasNothingUnused(t *testing.T) {
	t.Parallel()
	s := published()
	reached := make(map[*typ]bool)
	simple := make(map[*simpleType]bool)
	var visitType func(*typ)
	var visitSimple func(*simpleType)
	var visit func(*particle)
	visitSimple = func(st *simpleType) {
		simple[st] = true
		for _, m := range st.members {
			visitSimple(m)
		}
	}
	visitType = func(ty *typ) {
		if reached[ty] {
			return
		}
		reached[ty] = true
		if ty.simple != nil {
			visitSimple(ty.simple)
		}
		for _, a := range ty.attrs {
			require.NotNil(t, a.typ.simple, "attribute %s of %s", a.name, ty.name)
			visitType(a.typ)
		}
		if ty.content != nil {
			visit(ty.content)
		}
	}
	visit = func(p *particle) {
		if p.kind == element {
			visitType(p.typ)
		}
		for _, part := range p.parts {
			visit(part)
		}
	}
	for _, p := range s.operations {
		visit(p)
	}
	for _, p := range s.headers {
		visit(p)
	}
	bases := make(map[string]bool)
	for _, name := range s.bases {
		bases[name] = true
	}
	for name, ty := range s.types {
		assert.True(t, reached[ty] || bases[name] || ty.simple != nil && simple[ty.simple], "type %s is not used", name)
	}
	for name := range s.operations {
		assert.False(t, s.unmodelled[name], name)
	}
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"no such declaration":   "thing x",
		"no such namespace":     "namespace nowhere",
		"no such type":          "type A { X Missing }",
		"no such attribute":     "type A { @X Missing }",
		"no such group":         "type A { group Missing }",
		"no such base":          "type A : Missing {}",
		"base of itself":        "type A : A {}",
		"twice":                 "type A {} type A {}",
		"no such version":       "type A { since Exchange1999 { X string } }",
		"no brace":              "type A X string",
		"no end":                "type A { X string",
		"no such facet":         "simple A string colour=red",
		"no number":             "simple A int minInclusive=one",
		"no pattern":            "simple A string pattern=(",
		"list of elements":      "type B {} list A B",
		"attribute in a group":  "group A { @X string }",
		"text in a group":       "group A { text string }",
		"enumeration unbounded": "enum A { x",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := compile(text)
			assert.Error(t, err)
		})
	}
	t.Run("nothing wrong", func(t *testing.T) {
		t.Parallel()
		s, err := compile("# comment\nnamespace messages\ntype A { @X? int  seq? { B string } }\noperation O A")
		require.NoError(t, err)
		assert.Contains(t, s.operations, "O")
	})
}
