package ewsschema

import (
	"embed"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

//go:embed answers/*.txt
var answerFiles embed.FS

// described is the grammar, extended with the grammar of answers.
var described = sync.OnceValue(func() *schema {
	var texts []string
	for _, dir := range []struct {
		files embed.FS
		name  string
	}{{grammarFiles, "grammar"}, {answerFiles, "answers"}} {
		files, err := dir.files.ReadDir(dir.name)
		if err != nil {
			panic(err)
		}
		for _, f := range files {
			text, err := dir.files.ReadFile(dir.name + "/" + f.Name())
			if err != nil {
				panic(err)
			}
			texts = append(texts, string(text))
		}
	}
	s, err := compile(texts...)
	if err != nil {
		panic(err)
	}
	return s
})

// Description describes a service to SOAP toolkits.
type Description struct {
	WSDL     []byte // imports messages.xsd, which is next to it
	Messages []byte // imports types.xsd
	Types    []byte
}

// Describe describes a service at an address that has some operations of a version.
// Requests are described completely, except those of operations that this package knows
// by name only. Answers about folders and items are described; others may contain
// anything.
func Describe(v Version, operations []string, address string) Description {
	d := &describer{
		version: v, schema: described(), owner: make(map[*simpleType]string),
		seen: make(map[string]bool), files: make(map[xmlwire.Space]*xmlwire.Encoder),
	}
	d.own()
	d.begin(xmlwire.SpaceTypes, xmlwire.URITypes)
	d.begin(xmlwire.SpaceMessages, xmlwire.URIMessages)
	for _, name := range Headers(v) {
		d.global(xmlwire.SpaceTypes, name, d.schema.headers[name].typ)
	}
	d.serverVersion()
	var known []string
	for _, name := range operations {
		if since, ok := Introduced(name); ok && since <= v {
			known = append(known, name)
			d.operation(name)
		}
	}
	d.anyAnswer()
	d.rest()
	for _, e := range d.files {
		e.Close()
	}
	return Description{
		WSDL: d.wsdl(known, address), Messages: d.files[xmlwire.SpaceMessages].Bytes(), Types: d.files[xmlwire.SpaceTypes].Bytes(),
	}
}

// describer writes the schemas.
type describer struct {
	version Version
	schema  *schema
	owner   map[*simpleType]string // names of types of text
	seen    map[string]bool        // types that have been written or are waiting
	waiting []*typ
	files   map[xmlwire.Space]*xmlwire.Encoder
}

// own determines which types of text have their own names; others extend them.
func (d *describer) own() {
	standard := builtins()
	for _, name := range slices.Sorted(maps.Keys(d.schema.types)) {
		t := d.schema.types[name]
		if _, ok := standard[name]; ok {
			d.owner[t.simple] = "xs:" + name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.schema.types)) {
		if t := d.schema.types[name]; t.simple != nil && d.owner[t.simple] == "" && len(t.attrs) == 0 {
			d.owner[t.simple] = "t:" + name
		}
	}
}

func (d *describer) begin(space xmlwire.Space, uri string) {
	e := &xmlwire.Encoder{}
	e.Declaration()
	e.Open("xs:schema")
	e.Attr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
	e.Attr("xmlns:t", xmlwire.URITypes)
	e.Attr("xmlns:m", xmlwire.URIMessages)
	e.Attr("targetNamespace", uri)
	e.Attr("elementFormDefault", "qualified")
	if space == xmlwire.SpaceMessages {
		e.Open("xs:import")
		e.Attr("namespace", xmlwire.URITypes)
		e.Attr("schemaLocation", "types.xsd")
		e.Close()
	}
	d.files[space] = e
}

// spaceOf returns the namespace of a type, which is that of its elements.
func spaceOf(t *typ) xmlwire.Space {
	var space func(*particle) xmlwire.Space
	space = func(p *particle) xmlwire.Space {
		if p.kind == element {
			return p.space
		}
		for _, part := range p.parts {
			if s := space(part); s == xmlwire.SpaceMessages {
				return s
			}
		}
		return xmlwire.SpaceTypes
	}
	if t.content == nil {
		return xmlwire.SpaceTypes
	}
	return space(t.content)
}

// reference returns the name of a type, and makes sure that it is written.
func (d *describer) reference(t *typ) string {
	if name := d.owner[t.simple]; strings.HasPrefix(name, "xs:") && len(t.attrs) == 0 {
		return name
	}
	if !d.seen[t.name] {
		d.seen[t.name] = true
		d.waiting = append(d.waiting, t)
	}
	if spaceOf(t) == xmlwire.SpaceMessages {
		return "m:" + t.name
	}
	return "t:" + t.name
}

// global writes an element that is not part of another one.
func (d *describer) global(space xmlwire.Space, name string, t *typ) {
	reference := d.reference(t)
	e := d.files[space]
	e.Open("xs:element")
	e.Attr("name", name)
	e.Attr("type", reference)
	e.Close()
}

// operation writes the elements of the request and the answer of an operation.
func (d *describer) operation(name string) {
	e := d.files[xmlwire.SpaceMessages]
	if p := d.schema.operations[name]; p != nil {
		d.global(xmlwire.SpaceMessages, name, p.typ)
	} else {
		e.Open("xs:element")
		e.Attr("name", name)
		e.Close()
	}
	answer := "m:AnyResponseMessageType"
	if p := d.schema.operations[name+"ResponseMessage"]; p != nil {
		answer = d.reference(p.typ)
	}
	if AnswersAlone(name) {
		e.Open("xs:element")
		e.Attr("name", name+"Response")
		e.Attr("type", answer)
		e.Close()
		return
	}
	for _, outer := range []string{name + "Response", "ResponseMessages"} {
		e.Open("xs:element")
		e.Attr("name", outer)
		e.Open("xs:complexType")
		e.Open("xs:sequence")
	}
	e.Open("xs:element")
	e.Attr("name", name+"ResponseMessage")
	e.Attr("type", answer)
	e.Attr("maxOccurs", "unbounded")
	for range 7 {
		e.Close()
	}
}

// AnswersAlone reports whether the answer to an operation is itself a response message,
// instead of containing ResponseMessages.
func AnswersAlone(operation string) bool { return operation == "FindConversation" }

// anyAnswer writes the type of answers that are not described.
func (d *describer) anyAnswer() {
	e := d.files[xmlwire.SpaceMessages]
	e.Open("xs:complexType")
	e.Attr("name", "AnyResponseMessageType")
	e.Open("xs:sequence")
	anything(e)
	e.Close()
	e.Open("xs:attribute")
	e.Attr("name", "ResponseClass")
	e.Attr("type", d.reference(d.schema.types["ResponseClassType"]))
	e.Close()
	e.Close()
}

func anything(e *xmlwire.Encoder) {
	e.Open("xs:any")
	e.Attr("minOccurs", "0")
	e.Attr("maxOccurs", "unbounded")
	e.Attr("processContents", "lax")
	e.Close()
}

// serverVersion writes the header of answers.
func (d *describer) serverVersion() {
	e := d.files[xmlwire.SpaceTypes]
	e.Open("xs:element")
	e.Attr("name", "ServerVersionInfo")
	e.Open("xs:complexType")
	for _, name := range []string{"MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber", "Version"} {
		e.Open("xs:attribute")
		e.Attr("name", name)
		e.Attr("type", map[bool]string{true: "xs:string", false: "xs:int"}[name == "Version"])
		e.Close()
	}
	e.Close()
	e.Close()
}

// rest writes the types that are waiting, and the types to which they refer.
func (d *describer) rest() {
	for len(d.waiting) > 0 {
		t := d.waiting[0]
		d.waiting = d.waiting[1:]
		e := d.files[spaceOf(t)]
		switch {
		case t.simple == nil:
			d.complex(e, t)
		case len(t.attrs) > 0:
			e.Open("xs:complexType")
			e.Attr("name", t.name)
			e.Open("xs:simpleContent")
			e.Open("xs:extension")
			e.Attr("base", d.textType(t.simple))
			d.attributes(e, t)
			for range 3 {
				e.Close()
			}
		default:
			d.simple(e, t)
		}
	}
}

func (d *describer) complex(e *xmlwire.Encoder, t *typ) {
	e.Open("xs:complexType")
	e.Attr("name", t.name)
	if t.name == "MessageXmlType" {
		e.Open("xs:sequence")
		anything(e)
		e.Close()
	} else if t.content != nil {
		d.particle(e, t.content)
	}
	d.attributes(e, t)
	e.Close()
}

func (d *describer) attributes(e *xmlwire.Encoder, t *typ) {
	for _, a := range t.attrs {
		if a.since > d.version || a.build > d.version {
			continue
		}
		e.Open("xs:attribute")
		e.Attr("name", a.name)
		e.Attr("type", d.reference(a.typ))
		if a.required {
			e.Attr("use", "required")
		}
		e.Close()
	}
}

// particle writes a part of a content model, as far as it exists in the version.
func (d *describer) particle(e *xmlwire.Encoder, p *particle) {
	if p.since > d.version {
		return
	}
	names := map[particleKind]string{element: "xs:element", sequence: "xs:sequence", choice: "xs:choice"}
	e.Open(names[p.kind])
	if p.kind == element {
		e.Attr("name", p.local)
		e.Attr("type", d.reference(p.typ))
	}
	if p.min != 1 {
		e.Attr("minOccurs", strconv.Itoa(p.min))
	}
	if p.max < 0 {
		e.Attr("maxOccurs", "unbounded")
	}
	for _, part := range p.parts {
		d.particle(e, part)
	}
	e.Close()
}

// textType returns the name of a type of text.
func (d *describer) textType(s *simpleType) string {
	name := d.owner[s]
	if plain, ok := strings.CutPrefix(name, "t:"); ok {
		return d.reference(d.schema.types[plain])
	}
	return name
}

// simple writes a type of text.
func (d *describer) simple(e *xmlwire.Encoder, t *typ) {
	s := t.simple
	e.Open("xs:simpleType")
	e.Attr("name", t.name)
	switch {
	case d.owner[s] != "t:"+t.name:
		e.Open("xs:restriction")
		e.Attr("base", d.textType(s))
	case s.enum != nil:
		e.Open("xs:restriction")
		e.Attr("base", "xs:string")
		for _, value := range slices.Sorted(maps.Keys(s.enum)) {
			if s.enum[value] <= d.version {
				facet(e, "enumeration", value)
			}
		}
	case s.list:
		e.Open("xs:list")
		e.Attr("itemType", d.textType(s.members[0]))
	case len(s.members) > 1:
		var names []string
		for _, m := range s.members {
			names = append(names, d.textType(m))
		}
		e.Open("xs:union")
		e.Attr("memberTypes", strings.Join(names, " "))
	default:
		e.Open("xs:restriction")
		e.Attr("base", d.textType(s.members[0]))
		d.facets(e, s)
	}
	e.Close()
	e.Close()
}

func (d *describer) facets(e *xmlwire.Encoder, s *simpleType) {
	if s.minLength > 0 {
		facet(e, "minLength", strconv.Itoa(s.minLength))
	}
	if s.minValue != nil {
		facet(e, "minInclusive", strconv.FormatInt(*s.minValue, 10))
	}
	if s.maxValue != nil {
		facet(e, "maxInclusive", strconv.FormatInt(*s.maxValue, 10))
	}
	if s.pattern != nil {
		facet(e, "pattern", strings.TrimSuffix(strings.TrimPrefix(s.pattern.String(), "^(?:"), ")$"))
	}
}

func facet(e *xmlwire.Encoder, name, value string) {
	e.Open("xs:" + name)
	e.Attr("value", value)
	e.Close()
}
