package ewsschema

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// typ is the type of an element or attribute. With simple, an element contains
// only text; with content, only elements; with neither, it is empty.
type typ struct {
	name    string
	simple  *simpleType
	attrs   []*attrDecl
	content *particle
}

type attrDecl struct {
	name     string
	typ      *typ
	required bool
	since    Version // of the request
	build    Version // of the server
}

// particle is a part of a content model.
type particle struct {
	kind  particleKind
	since Version
	min   int
	max   int // unbounded if negative

	space xmlwire.Space // of an element
	local string
	typ   *typ

	parts []*particle // of a sequence or choice
}

type particleKind uint8

const (
	element particleKind = iota
	sequence
	choice
)

const unbounded = -1

// schema is the compiled grammar.
type schema struct {
	types      map[string]*typ
	bases      []string // names of types that others extend
	operations map[string]*particle
	headers    map[string]*particle
	unmodelled map[string]bool
}

func (p *particle) is(n *Node) bool { return p.local == n.Local && p.space == n.Space }

// starts reports whether, in a version of the schema, the particle can begin with
// an element.
func (p *particle) starts(n *Node, v Version) bool {
	if p.since > v {
		return false
	}
	if p.kind == element {
		return p.is(n)
	}
	for _, part := range p.parts {
		if part.starts(n, v) {
			return true
		}
		if p.kind == sequence && !part.emptiable(v) {
			return false
		}
	}
	return false
}

// emptiable reports whether the particle can be empty.
func (p *particle) emptiable(v Version) bool {
	if p.since > v || p.min == 0 {
		return true
	}
	switch p.kind {
	case sequence:
		for _, part := range p.parts {
			if !part.emptiable(v) {
				return false
			}
		}
		return true
	case choice:
		for _, part := range p.parts {
			if part.since <= v && part.emptiable(v) {
				return true
			}
		}
	}
	return false
}

// firsts appends the elements that the particle can begin with.
func (p *particle) firsts(dst []*particle, v Version) []*particle {
	if p.since > v {
		return dst
	}
	if p.kind == element {
		return append(dst, p)
	}
	for _, part := range p.parts {
		dst = part.firsts(dst, v)
		if p.kind == sequence && !part.emptiable(v) {
			break
		}
	}
	return dst
}
