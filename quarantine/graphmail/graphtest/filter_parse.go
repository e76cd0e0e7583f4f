package graphtest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// node is a node of a $filter: and, or, not, a comparison, a function or any.
type node any

type (
	both     struct{ left, right node } // and
	either   struct{ left, right node } // or
	negation struct{ of node }
	// comparison compares a path with a literal.
	comparison struct {
		path, op string
		value    literal
		cast     string // type that the path is cast to, or empty
	}
	// function is contains, startswith or endswith.
	function struct{ name, path, text string }
	// quantifier is path/any(v:body).
	quantifier struct {
		path, variable string
		body           node
	}
)

// literal is a value of a filter: string, bool, number, time or nil.
type literal any

// maxTerms is how many conditions a filter may have without being too complex. The limit
// of real servers is not known.
const maxTerms = 100

func filterRefused(text string) *refusal {
	return refuse(http.StatusBadRequest, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes: "+text)
}

// parser reads a filter.
type parser struct {
	tokens []string // strings begin with '
	terms  int
	depth  int
	failed *refusal
}

// parseFilter reads the subset of OData's $filter that Outlook supports.
func parseFilter(s string) (node, *refusal) {
	tokens, ok := tokenise(s)
	if !ok || len(tokens) == 0 {
		return nil, bad("Invalid filter clause: there is a syntax error in '%s'.", s)
	}
	p := &parser{tokens: tokens}
	n := p.or()
	switch {
	case p.failed != nil:
		return nil, p.failed
	case len(p.tokens) > 0:
		return nil, bad("Invalid filter clause: syntax error at '%s'.", p.tokens[0])
	case p.terms > maxTerms:
		return nil, refuse(http.StatusBadRequest, "ErrorRestrictionTooComplex", "The restriction is too complex.")
	}
	return n, nil
}

// tokenise splits a filter into strings, names and signs.
func tokenise(s string) ([]string, bool) {
	var all []string
	for i := 0; i < len(s); {
		switch b := s[i]; {
		case b == ' ':
			i++
		case b == '\'':
			var text strings.Builder
			text.WriteByte('\'')
			for i++; ; i++ {
				if i >= len(s) {
					return nil, false
				}
				if s[i] == '\'' {
					if i+1 < len(s) && s[i+1] == '\'' {
						i++
					} else {
						break
					}
				}
				text.WriteByte(s[i])
			}
			i++
			all = append(all, text.String())
		case strings.IndexByte("(),:", b) >= 0:
			all = append(all, s[i:i+1])
			i++
		default:
			j := i
			for j < len(s) && strings.IndexByte(" '(),", s[j]) < 0 && !(s[j] == ':' && !isTimeColon(s, i, j)) {
				j++
			}
			all = append(all, s[i:j])
			i = j
		}
	}
	return all, true
}

// isTimeColon reports whether a colon belongs to a time that begins at i.
func isTimeColon(s string, i, j int) bool { return s[i] >= '0' && s[i] <= '9' && j > i }

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) fail(r *refusal) node {
	if p.failed == nil {
		p.failed = r
	}
	p.tokens = nil
	return nil
}

func (p *parser) want(token string) {
	if t := p.next(); t != token {
		p.fail(bad("Invalid filter clause: '%s' expected, found '%s'.", token, t))
	}
}

func (p *parser) or() node {
	n := p.and()
	for p.peek() == "or" {
		p.next()
		n = either{n, p.and()}
	}
	return n
}

func (p *parser) and() node {
	n := p.one()
	for p.peek() == "and" {
		p.next()
		n = both{n, p.one()}
	}
	return n
}

func (p *parser) one() node {
	if p.depth++; p.depth > maxTerms {
		return p.fail(refuse(http.StatusBadRequest, "ErrorRestrictionTooComplex", "The restriction is too complex."))
	}
	defer func() { p.depth-- }()
	switch t := p.peek(); {
	case t == "(":
		p.next()
		n := p.or()
		p.want(")")
		return n
	case t == "not":
		p.next()
		return negation{p.one()}
	case t == "contains" || t == "startswith" || t == "endswith":
		return p.function()
	case strings.HasSuffix(t, "/any") && len(p.tokens) > 1 && p.tokens[1] == "(":
		return p.any()
	}
	return p.comparison()
}

func (p *parser) function() node {
	name := p.next()
	p.want("(")
	path := p.next()
	p.want(",")
	text, ok := strings.CutPrefix(p.next(), "'")
	if !ok {
		return p.fail(bad("Invalid filter clause: %s needs a string.", name))
	}
	p.want(")")
	p.terms++
	return function{name, path, text}
}

func (p *parser) any() node {
	path := strings.TrimSuffix(p.next(), "/any")
	p.want("(")
	variable := p.next()
	p.want(":")
	body := p.or()
	p.want(")")
	return quantifier{path, variable, body}
}

func (p *parser) comparison() node {
	c := comparison{path: p.next()}
	if c.path == "cast" {
		p.want("(")
		c.path = p.next()
		p.want(",")
		c.cast = p.next()
		p.want(")")
	}
	if c.path == "" || strings.ContainsAny(c.path[:1], "'(),:") {
		return p.fail(bad("Invalid filter clause: a property expected, found '%s'.", c.path))
	}
	c.op = p.next()
	switch c.op {
	case "eq", "ne", "gt", "ge", "lt", "le":
	default:
		return p.fail(bad("Invalid filter clause: an operator expected, found '%s'.", c.op))
	}
	t := p.next()
	switch at, err := time.Parse(time.RFC3339Nano, t); {
	case strings.HasPrefix(t, "'"):
		c.value = t[1:]
	case t == "true", t == "false":
		c.value = t == "true"
	case t == "null":
		c.value = nil
	case err == nil:
		c.value = at
	default:
		n, err := strconv.ParseFloat(t, 64)
		if err != nil {
			return p.fail(bad("Invalid filter clause: '%s' is no value.", t))
		}
		c.value = n
	}
	p.terms++
	return c
}

// alternatives returns the texts that a filter compares one property with, if it does
// nothing else.
func alternatives(n node, path string) ([]string, bool) {
	switch n := n.(type) {
	case comparison:
		text, ok := n.value.(string)
		return []string{text}, ok && n.path == path && n.op == "eq" && n.cast == ""
	case either:
		left, ok := alternatives(n.left, path)
		right, too := alternatives(n.right, path)
		return append(left, right...), ok && too
	}
	return nil, false
}
