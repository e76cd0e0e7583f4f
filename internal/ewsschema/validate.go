package ewsschema

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// headers checks the EWS headers. It ignores other headers, and the content of headers
// that this version does not have, unless they must be understood.
func (r *Request) headers() error {
	seen := make(map[string]bool)
	for _, h := range r.Header.Kids() {
		p := published().headers[h.Local]
		known := h.Space == xmlwire.SpaceTypes && p != nil && p.since <= r.Version
		if !known && h.mustBeUnderstood() {
			return &UnderstandError{Local: h.Local}
		}
		if h.Space != xmlwire.SpaceTypes {
			continue
		}
		if seen[h.Local] {
			return &HeaderError{Local: h.Local}
		}
		seen[h.Local] = true
		if known {
			if err := (&validator{r.Version, r.server}).node(h, p.typ, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// nextActor is the actor that every receiver of a header plays.
const nextActor = "http://schemas.xmlsoap.org/soap/actor/next"

// mustBeUnderstood reports whether a header is addressed to the server and must not be
// ignored.
func (n *Node) mustBeUnderstood() bool {
	must := false
	for _, a := range n.Attrs {
		switch {
		case a.Space != xmlwire.SpaceSOAP:
		case a.Local == "mustUnderstand":
			must = isTrue(a.Value)
		case a.Local == "actor" && a.Value != "" && a.Value != nextActor:
			return false
		}
	}
	return must
}

// operation checks the element in the body.
func (r *Request) operation() error {
	s := published()
	p := s.operations[r.Name]
	ours := r.Operation.Space == xmlwire.SpaceMessages
	if !ours || p == nil || p.since > r.Version {
		if since, known := Introduced(r.Name); ours && known && p == nil && since <= r.Version {
			return nil // a server may report that it lacks it
		}
		return violation(r.Operation, "The '%s' element is not declared.", full(r.Operation))
	}
	r.Modelled = true
	if err := (&validator{r.Version, r.server}).node(r.Operation, p.typ, false); err != nil {
		return err
	}
	return nil
}

// IsOperation reports whether the schema has an operation with the given name, such as
// GetItem, in some version.
func IsOperation(name string) bool {
	s := published()
	return s.operations[name] != nil || s.unmodelled[name]
}

// validator checks elements against their types in one version.
type validator struct {
	version Version
	server  Version // the newest one that the server knows
}

// node checks an element and its content. Headers may have SOAP attributes.
func (v *validator) node(n *Node, t *typ, header bool) *Violation {
	if err := v.attributes(n, t, header); err != nil {
		return err
	}
	if t.simple != nil {
		return v.text(n, t)
	}
	if n.Text != "" {
		switch {
		case t.content == nil:
			return violation(n, "The element %s cannot contain text, nor white space. Content model is empty.", quoted(n))
		case !blank(n.Text):
			return violation(n, "The element %s cannot contain text.%s", quoted(n), expecting(t.content.firsts(nil, v.version)))
		}
	}
	if t.content == nil {
		if len(n.Children) > 0 {
			return violation(n.Children[0], "The element %s cannot contain child element %s because the parent element's content model is empty.", quoted(n), quoted(n.Children[0]))
		}
		return nil
	}
	return v.content(n, t.content)
}

func (v *validator) text(n *Node, t *typ) *Violation {
	if len(n.Children) > 0 {
		return violation(n.Children[0], "The element %s cannot contain child element %s because the parent element's content model is text only.", quoted(n), quoted(n.Children[0]))
	}
	if f := t.simple.fault(n.Text, v.version); f != "" {
		return violation(n, "The '%s' element is invalid - The value '%s' is invalid according to its datatype '%s' - %s", full(n), excerpt(n.Text), t.name, f)
	}
	return nil
}

func (v *validator) attributes(n *Node, t *typ, header bool) *Violation {
	for _, a := range n.Attrs {
		switch {
		case a.Space == xmlwire.SpaceInstance && (a.Local == "schemaLocation" || a.Local == "noNamespaceSchemaLocation"):
		case a.Space == xmlwire.SpaceInstance && a.Local == "type":
			// Toolkits name the type that the element has anyway. Types that extend it
			// are separate elements in this schema.
			if name := a.Value[strings.LastIndex(a.Value, ":")+1:]; strings.TrimSpace(name) != t.name {
				return violation(n, "The type '%s' is not that of the element %s, '%s'.", excerpt(a.Value), quoted(n), t.name)
			}
		case a.Space == xmlwire.SpaceSOAP && header:
		case a.Space == xmlwire.SpaceNone:
			decl := t.attr(a.Local)
			if decl == nil || decl.since > v.version || decl.build > v.server {
				return violation(n, "The '%s' attribute is not declared.", a.Local)
			}
			if f := decl.typ.simple.fault(a.Value, v.version); f != "" {
				return violation(n, "The '%s' attribute is invalid - The value '%s' is invalid according to its datatype '%s' - %s", a.Local, excerpt(a.Value), decl.typ.name, f)
			}
		default:
			return violation(n, "The '%s' attribute of another namespace is not declared.", a.Local)
		}
	}
	for _, decl := range t.attrs {
		if _, ok := n.Attr(decl.name); !ok && decl.required && decl.since <= v.version {
			return violation(n, "The required attribute '%s' is missing.", decl.name)
		}
	}
	return nil
}

func (t *typ) attr(local string) *attrDecl {
	for _, a := range t.attrs {
		if a.name == local {
			return a
		}
	}
	return nil
}

// content checks the children of an element against its content model, and then
// each child against its type in the model.
func (v *validator) content(n *Node, model *particle) *Violation {
	m := matcher{version: v.version, rest: n.Children, types: make([]*typ, 0, len(n.Children))}
	if !m.match(model) || len(m.rest) > 0 {
		m = matcher{version: v.version, rest: n.Children, explains: true}
		m.match(model)
		if len(m.rest) == 0 {
			return violation(n, "The element %s has incomplete content.%s", quoted(n), expecting(m.expected))
		}
		return violation(m.rest[0], "The element %s has invalid child element %s.%s", quoted(n), quoted(m.rest[0]), expecting(m.expected))
	}
	for i, child := range n.Children {
		if err := v.node(child, m.types[i], false); err != nil {
			return err
		}
	}
	return nil
}

// matcher matches children to a content model. In XML Schema, the next element
// alone determines its particle, so no backtracking is needed.
type matcher struct {
	version  Version
	rest     []*Node     // not matched yet
	types    []*typ      // of those matched
	explains bool        // records what is expected
	expected []*particle // possible instead of the first of rest
}

// match matches the particle as often as it occurs and reports whether that was
// often enough.
func (m *matcher) match(p *particle) bool {
	if p.since > m.version {
		return true
	}
	n := 0
	for ; n != p.max; n++ {
		if len(m.rest) == 0 || !p.starts(m.rest[0], m.version) {
			if m.explains {
				m.expected = p.firsts(m.expected, m.version)
			}
			break
		}
		if !m.once(p) {
			return false
		}
	}
	return n >= p.min || p.emptiable(m.version)
}

// once matches the particle once, beginning with the first of the rest.
func (m *matcher) once(p *particle) bool {
	switch p.kind {
	case element:
		m.types = append(m.types, p.typ)
		m.rest = m.rest[1:]
		m.expected = nil
	case sequence:
		for _, part := range p.parts {
			if !m.match(part) {
				return false
			}
		}
	case choice:
		for _, part := range p.parts {
			if part.starts(m.rest[0], m.version) {
				return m.match(part)
			}
		}
	}
	return true
}

func expecting(all []*particle) string {
	if len(all) == 0 {
		return ""
	}
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.local
	}
	return " List of possible elements expected: '" + strings.Join(names, ", ") + "' in namespace '" + uriOf(all[0].space) + "'."
}

// excerpt shortens values, because those of clients may be large.
func excerpt(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
