package ewsschema

import (
	"maps"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Sample is an element with one of its possible contents.
type Sample struct{ Name, XML string }

// Samples returns the elements that the named type can contain in a version, so that
// tests can send all of them: each with as little as the schema allows, with everything
// it allows, once for each value of an enumeration, and with each possible child alone.
// Prefixes are t: and m:. It panics if the type does not exist.
func Samples(name string, v Version) []Sample { return samples(name, v, sampler{v}.variants) }

// InnerSamples returns the elements that a type can contain, each with each of its
// possible children, which in turn has one of its own possible children alone. It panics
// like Samples.
func InnerSamples(name string, v Version) []Sample { return samples(name, v, sampler{v}.inner) }

func samples(name string, v Version, variants func(*particle) []string) []Sample {
	s := sampler{v}
	var all []Sample
	seen := make(map[string]bool)
	for _, p := range s.elements(named(name).content) {
		for _, text := range variants(p) {
			if !seen[text] {
				seen[text] = true
				all = append(all, Sample{p.local, text})
			}
		}
	}
	return all
}

// Values returns the values of an enumeration in a version, in order. It panics if the
// type does not exist.
func Values(name string, v Version) []string { return sampler{v}.values(named(name).simple) }

// Headers returns the names of the SOAP headers of a version, in order.
func Headers(v Version) []string {
	var all []string
	for name, p := range published().headers {
		if p.since <= v {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func named(name string) *typ {
	t := published().types[name]
	if t == nil {
		panic("ewsschema: no type " + name)
	}
	return t
}

// sampler writes samples of one version.
type sampler struct{ version Version }

// elements returns the elements of a particle, whatever the alternatives.
func (s sampler) elements(p *particle) []*particle {
	switch {
	case p == nil || p.since > s.version:
		return nil
	case p.kind == element:
		return []*particle{p}
	}
	var all []*particle
	for _, part := range p.parts {
		all = append(all, s.elements(part)...)
	}
	return all
}

func (s sampler) variants(p *particle) []string {
	if p.typ.simple != nil && len(p.typ.attrs) == 0 {
		var all []string
		for _, v := range s.values(p.typ.simple) {
			all = append(all, s.tag(p, "", v))
		}
		return all
	}
	all := []string{s.element(p, 0), s.element(p, 3)}
	if inner := p.typ.content; inner != nil {
		for _, k := range s.elements(inner) {
			if s.alone(k, inner) {
				all = append(all, s.tag(p, s.attributes(p.typ, false), s.element(k, 2)))
			}
		}
	}
	return all
}

func (s sampler) inner(p *particle) []string {
	var all []string
	for _, k := range s.elements(p.typ.content) {
		if !s.alone(k, p.typ.content) {
			continue
		}
		for _, e := range s.elements(k.typ.content) {
			if s.alone(e, k.typ.content) {
				all = append(all, s.tag(p, s.attributes(p.typ, false), s.tag(k, s.attributes(k.typ, false), s.element(e, 1))))
			}
		}
	}
	return all
}

// alone reports whether content can consist of one element only.
func (s sampler) alone(k, inner *particle) bool {
	n := []*Node{{Space: k.space, Local: k.local}}
	m := matcher{version: s.version, rest: n}
	return m.match(inner) && len(m.rest) == 0
}

// element writes an element with its required content and, to a depth, its optional
// content.
func (s sampler) element(p *particle, depth int) string {
	if t := p.typ.simple; t != nil {
		text := s.values(t)[0]
		if own := p.local + "@example.test"; text == candidates[0] && t.fault(own, s.version) == "" {
			text = own // identifies its position
		}
		return s.tag(p, s.attributes(p.typ, depth > 0), text)
	}
	return s.tag(p, s.attributes(p.typ, depth > 0), s.content(p.typ.content, depth))
}

func (s sampler) content(p *particle, depth int) string {
	if p == nil || p.since > s.version || p.min == 0 && depth <= 0 {
		return ""
	}
	var b strings.Builder
	switch p.kind {
	case element:
		return s.element(p, depth-1)
	case sequence:
		for _, part := range p.parts {
			b.WriteString(s.content(part, depth))
		}
	case choice:
		for _, part := range p.parts {
			if part.since <= s.version {
				return s.content(part, depth)
			}
		}
	}
	return b.String()
}

func (s sampler) attributes(t *typ, all bool) string {
	var b strings.Builder
	for _, a := range t.attrs {
		if (a.required || all) && a.since <= s.version && a.build <= s.version {
			b.WriteString(" " + a.name + `="` + s.values(a.typ.simple)[0] + `"`)
		}
	}
	return b.String()
}

func (s sampler) tag(p *particle, attributes, content string) string {
	name := "t:" + p.local
	if p.space == xmlwire.SpaceMessages {
		name = "m:" + p.local
	}
	return "<" + name + attributes + ">" + content + "</" + name + ">"
}

// candidates are texts of which every simple type accepts at least one.
var candidates = []string{"x@example.test", "7", "2026-01-02T03:04:05Z", "2026-01-02", "03:04:05", "AQID", "de", "true", "P1D", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"}

// values returns values of a type: all of an enumeration, both of a Boolean, and one of
// any other.
func (s sampler) values(t *simpleType) []string {
	switch {
	case t.enum != nil:
		all := slices.Sorted(maps.Keys(t.enum))
		return slices.DeleteFunc(all, func(v string) bool { return t.enum[v] > s.version })
	case t.list:
		return s.values(t.members[0])
	}
	ok := func(v string) bool { return t.fault(v, s.version) == "" }
	if ok("true") && ok("false") && !ok("x") {
		return []string{"true", "false"}
	}
	i := slices.IndexFunc(candidates, ok)
	if i < 0 {
		panic("ewsschema: no sample of a type")
	}
	return candidates[i : i+1]
}
