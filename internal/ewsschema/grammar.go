package ewsschema

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

//go:embed grammar/*.txt
var grammarFiles embed.FS

// published compiles the grammar, once.
var published = sync.OnceValue(func() *schema {
	var texts []string
	files, err := grammarFiles.ReadDir("grammar")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		text, err := grammarFiles.ReadFile("grammar/" + f.Name())
		if err != nil {
			panic(err)
		}
		texts = append(texts, string(text))
	}
	s, err := compile(texts...)
	if err != nil {
		panic(err)
	}
	return s
})

// The grammar is a sequence of words separated by white space; a line that begins
// with # is a comment. In this description, ... means repetition:
//
//	namespace types|messages          of the elements declared from here on
//	type NAME [: BASE] { PART... }    the parts of BASE, then these parts
//	group NAME { PART... }            named parts
//	enum NAME { VALUE... }            one of the values
//	list NAME TYPE                    values of TYPE, separated by white space
//	union NAME TYPE TYPE              a value of either type
//	simple NAME TYPE FACET=VALUE...   a value of TYPE within limits
//	operation NAME TYPE               an element of the SOAP body
//	header NAME TYPE                  an element of the SOAP header
//	unmodelled { NAME... }            operations whose content is not described
//
// A part is one of
//
//	@NAME[?] TYPE                     an attribute, optional with ?
//	text TYPE                         only text, no elements
//	NAME[?*+] TYPE                    an element; signs as in regular expressions
//	group NAME[?*+]                   the parts of a group, in order
//	choice[?*+] { PART... }           one of the parts
//	seq[?*+] { PART... }              all of the parts, in order
//	since VERSION { PART... }         parts added in this version
//	build VERSION @NAME[?] TYPE       an attribute that such a server, or a later one, knows
//
// Values of an enum, operations and headers may also be inside since.
type grammar struct {
	words []string
	space xmlwire.Space

	types  map[string]*typ
	base   map[string]string // base types not inherited from yet
	bases  []string
	groups map[string]*particle
	// Names are resolved once all files have been read.
	typeRefs   []typeRef
	groupRefs  []groupRef
	operations map[string]*particle
	headers    map[string]*particle
	unmodelled map[string]bool
}

type typeRef struct {
	to   **typ
	name string
}

type groupRef struct {
	in   *particle
	name string
}

// compile reads grammar files.
func compile(texts ...string) (s *schema, err error) {
	g := &grammar{
		types:      make(map[string]*typ),
		base:       make(map[string]string),
		groups:     make(map[string]*particle),
		operations: make(map[string]*particle),
		headers:    make(map[string]*particle),
		unmodelled: make(map[string]bool),
	}
	for name, s := range builtins() {
		g.types[name] = &typ{name: name, simple: s}
	}
	for _, text := range texts {
		g.words = words(text)
		for len(g.words) > 0 {
			if err := g.declaration(0); err != nil {
				return nil, err
			}
		}
	}
	if err := g.link(); err != nil {
		return nil, err
	}
	return &schema{types: g.types, bases: g.bases, operations: g.operations, headers: g.headers, unmodelled: g.unmodelled}, nil
}

func words(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, strings.Fields(line)...)
		}
	}
	return all
}

// next takes the next word, which is empty at the end.
func (g *grammar) next() string {
	if len(g.words) == 0 {
		return ""
	}
	w := g.words[0]
	g.words = g.words[1:]
	return w
}

func (g *grammar) declaration(since Version) error {
	switch kind := g.next(); kind {
	case "namespace":
		switch name := g.next(); name {
		case "types":
			g.space = xmlwire.SpaceTypes
		case "messages":
			g.space = xmlwire.SpaceMessages
		default:
			return fmt.Errorf("unknown namespace %q", name)
		}
	case "type":
		return g.complexType()
	case "group":
		name := g.next()
		p := &particle{kind: sequence, min: 1, max: 1}
		g.groups[name] = p
		return g.block(func() error { return g.part(p, nil, since) })
	case "enum":
		return g.enum()
	case "list", "union", "simple":
		return g.derived(kind)
	case "operation", "header":
		p := &particle{kind: element, min: 1, max: 1, since: since, space: g.space, local: g.next()}
		g.refer(&p.typ, g.next())
		if kind == "header" {
			g.headers[p.local] = p
		} else {
			g.operations[p.local] = p
		}
	case "unmodelled":
		return g.block(func() error {
			g.unmodelled[g.next()] = true
			return nil
		})
	case "since":
		return g.since(g.declaration)
	default:
		return fmt.Errorf("unknown declaration %q", kind)
	}
	return nil
}

// block reads a block in braces.
func (g *grammar) block(inside func() error) error {
	if w := g.next(); w == "{}" {
		return nil
	} else if w != "{" {
		return fmt.Errorf("expected {, got %q", w)
	}
	for {
		if len(g.words) == 0 {
			return fmt.Errorf("a block is not closed")
		}
		if g.words[0] == "}" {
			g.next()
			return nil
		}
		if err := inside(); err != nil {
			return err
		}
	}
}

// since reads a block of things added in a version.
func (g *grammar) since(inside func(Version) error) error {
	name := g.next()
	v, ok := ParseVersion(name)
	if !ok {
		return fmt.Errorf("unknown version %q", name)
	}
	return g.block(func() error { return inside(v) })
}

func (g *grammar) complexType() error {
	t := &typ{name: g.next()}
	if g.types[t.name] != nil {
		return fmt.Errorf("type %s is declared twice", t.name)
	}
	g.types[t.name] = t
	if len(g.words) > 0 && g.words[0] == ":" {
		g.next()
		g.base[t.name] = g.next()
	}
	content := &particle{kind: sequence, min: 1, max: 1}
	err := g.block(func() error { return g.part(content, t, 0) })
	if len(content.parts) > 0 {
		t.content = content
	}
	return err
}

// part reads a part of a sequence or choice, or of the type it belongs to.
func (g *grammar) part(in *particle, of *typ, since Version) error {
	word := g.next()
	var build Version
	if word == "build" {
		var ok bool
		if build, ok = ParseVersion(g.next()); !ok || len(g.words) == 0 || !strings.HasPrefix(g.words[0], "@") {
			return fmt.Errorf("build is not followed by a version and an attribute")
		}
		word = g.next()
	}
	if of == nil && (word == "text" || strings.HasPrefix(word, "@")) {
		return fmt.Errorf("%s is not allowed in a group", word)
	}
	if name, ok := strings.CutPrefix(word, "@"); ok {
		name, optional := strings.CutSuffix(name, "?")
		a := &attrDecl{name: name, required: !optional, since: since, build: build}
		of.attrs = append(of.attrs, a)
		g.refer(&a.typ, g.next())
		return nil
	}
	p := &particle{since: since, min: 1, max: 1}
	name := strings.TrimRight(word, "?*+")
	occurs := word[len(name):]
	switch name {
	case "since":
		return g.since(func(v Version) error { return g.part(in, of, v) })
	case "text":
		g.base[of.name] = g.next()
		return nil
	case "group":
		p.kind = sequence
		ref := g.next()
		name = strings.TrimRight(ref, "?*+")
		occurs = ref[len(name):]
		g.groupRefs = append(g.groupRefs, groupRef{p, name})
	case "choice", "seq":
		p.kind = choice
		if name == "seq" {
			p.kind = sequence
		}
		if err := g.block(func() error { return g.part(p, of, 0) }); err != nil {
			return err
		}
	default:
		p.space, p.local = g.space, name
		g.refer(&p.typ, g.next())
	}
	switch occurs {
	case "?":
		p.min = 0
	case "*":
		p.min, p.max = 0, unbounded
	case "+":
		p.max = unbounded
	}
	in.parts = append(in.parts, p)
	return nil
}

func (g *grammar) enum() error {
	t := &typ{name: g.next(), simple: &simpleType{enum: make(map[string]Version)}}
	g.types[t.name] = t
	var value func(v Version) error
	value = func(v Version) error {
		w := g.next()
		if w == "since" {
			return g.since(value)
		}
		t.simple.enum[w] = v
		return nil
	}
	return g.block(func() error { return value(0) })
}

// derived reads a simple type made of others, which must be built-in or declared
// before it.
func (g *grammar) derived(kind string) error {
	t := &typ{name: g.next(), simple: &simpleType{}}
	g.types[t.name] = t
	members := 1
	if kind == "union" {
		members = 2
	}
	for range members {
		m := g.types[g.next()]
		if m == nil || m.simple == nil {
			return fmt.Errorf("type %s uses an undeclared type", t.name)
		}
		t.simple.members = append(t.simple.members, m.simple)
	}
	t.simple.list = kind == "list"
	for kind == "simple" && len(g.words) > 0 && strings.Contains(g.words[0], "=") {
		facet, value, _ := strings.Cut(g.next(), "=")
		if err := t.simple.limit(facet, value); err != nil {
			return fmt.Errorf("type %s: %w", t.name, err)
		}
	}
	return nil
}

func (g *grammar) refer(to **typ, name string) {
	g.typeRefs = append(g.typeRefs, typeRef{to, name})
}

// link resolves names and inheritance.
func (g *grammar) link() error {
	for _, ref := range g.groupRefs {
		group := g.groups[ref.name]
		if group == nil {
			return fmt.Errorf("group %q is not declared", ref.name)
		}
		ref.in.parts = group.parts
	}
	for _, ref := range g.typeRefs {
		t := g.types[ref.name]
		if t == nil {
			return fmt.Errorf("type %q is not declared", ref.name)
		}
		*ref.to = t
	}
	for len(g.base) > 0 {
		for name := range g.base {
			if err := g.inherit(name); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// inherit adds the parts of the base to a type.
func (g *grammar) inherit(name string) error {
	t, base := g.types[name], g.types[g.base[name]]
	if base == nil || base == t {
		return fmt.Errorf("type %s has no base %q", name, g.base[name])
	}
	delete(g.base, name)
	g.bases = append(g.bases, base.name)
	if g.base[base.name] != "" {
		if err := g.inherit(base.name); err != nil {
			return err
		}
	}
	t.simple = base.simple
	t.attrs = slices.Concat(base.attrs, t.attrs)
	if t.content == nil {
		t.content = base.content
	} else if base.content != nil {
		t.content.parts = slices.Concat(base.content.parts, t.content.parts)
	}
	return nil
}
