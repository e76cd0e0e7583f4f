package ewstest

import (
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// itemShape is the set of item properties that a request asks for.
type itemShape struct {
	fields   []bool   // by position in itemElements
	asked    []string // URIs named in the request
	indexed  []string // the same for URIs with an index, of contacts and lists
	extended []wanted
	headers  map[string]bool // in lower case, if only some were asked for
	emails   map[string]bool // the same for the addresses of contacts, by key
	find     bool            // for FindItem: fewer properties, short texts
	body     bodyShape
	unique   bodyShape
	normal   bodyShape
	template bool // for the addresses of inline images
	schema   ewsschema.Version
}

// baseShape tells which base shapes include a property.
type baseShape int

const (
	onRequest baseShape = iota
	inAll
	inDefault
)

// itemShape reads an ItemShape.
func (c *call) itemShape(n *ewsschema.Node, find bool) (*itemShape, *refusal) {
	return c.shapeOn(n.Value("BaseShape"), n, find)
}

// shapeOn is itemShape with a base shape that need not be in the node.
func (c *call) shapeOn(base string, n *ewsschema.Node, find bool) (*itemShape, *refusal) {
	s := &itemShape{fields: make([]bool, len(itemElements)), find: find, schema: c.schema()}
	s.bodies(n)
	if base == "PcxPeopleSearch" {
		return nil, lacks.refusal(c.opts.Version, "BaseShape "+base, true)
	}
	c.out.millis, c.out.rightsIn, c.out.made = c.precise(), c.rightsIn, c.made
	c.out.server, c.out.links = c.Server, c.schema() >= ewsschema.Exchange2015
	for i, e := range itemElements {
		if e.since > c.schema() {
			continue
		}
		switch base {
		case "AllProperties":
			s.fields[i] = e.base >= inAll
		case "Default":
			s.fields[i] = e.base >= inDefault
		}
	}
	if n.Bool("IncludeMimeContent", false) {
		if refused := s.ask("item:MimeContent"); refused != nil {
			return nil, refused
		}
	}
	more := n.Child("AdditionalProperties").Kids()
	s.asked, s.extended = slices.Grow(s.asked, len(more)), slices.Grow(s.extended, len(more))
	for _, p := range more {
		if refused := s.add(p); refused != nil {
			return nil, refused
		}
	}
	s.asked, s.indexed, s.extended = distinct(s.asked), distinct(s.indexed), distinct(s.extended)
	s.fields[itemIndex["item:ItemId"][0]] = true
	for i, e := range itemElements {
		if find && e.find != found {
			s.fields[i] = false
		}
	}
	return s, nil
}

// precise reports whether the request wants times with a fraction.
func (c *call) precise() bool {
	return c.request.Header.Value("DateTimePrecision") == "Milliseconds" && c.schema() >= ewsschema.Exchange2010SP2
}

// add adds a property that the request names.
func (s *itemShape) add(p *ewsschema.Node) *refusal {
	switch p.Local {
	case "FieldURI":
		return s.ask(p.Get("FieldURI"))
	case "ExtendedFieldURI":
		f, refused := extendedField(p)
		if refused != nil {
			return refused
		}
		s.extended = append(s.extended, wanted{f, keyOf(f)})
	case "IndexedFieldURI":
		if uri := p.Get("FieldURI"); uri == emailAddress {
			s.askEmail(p.Get("FieldIndex"))
			return nil
		} else if uri != "item:InternetMessageHeader" {
			s.indexed = append(s.indexed, uri)
			return nil
		}
		i := itemIndex["item:InternetMessageHeaders"][0]
		if s.fields[i] && s.headers == nil {
			return nil // all of them
		}
		if s.headers == nil {
			s.headers = make(map[string]bool)
		}
		s.fields[i] = true
		s.headers[strings.ToLower(p.Get("FieldIndex"))] = true
	}
	return nil
}

// ask adds a property by its URI.
func (s *itemShape) ask(uri string) *refusal {
	places, ok := itemIndex[uri]
	if !ok {
		if !itemPrefixes[prefix(uri)] {
			return invalidRequest(uri)
		}
		s.asked = append(s.asked, uri)
		return nil
	}
	for _, i := range places {
		if s.find && itemElements[i].find == barred {
			return &refusal{code: "ErrorInvalidPropertyForOperation", field: uri}
		}
		s.fields[i] = true
	}
	switch uri {
	case "item:InternetMessageHeaders":
		s.headers = nil
	case emailAddresses:
		s.emails = nil
	}
	s.asked = append(s.asked, uri)
	return nil
}

// itemPrefixes are the prefixes of the URIs of item properties.
var itemPrefixes = map[string]bool{
	"item": true, "message": true, "meeting": true, "meetingRequest": true, "calendar": true,
	"task": true, "contacts": true, "distributionlist": true, "postitem": true,
}

func prefix(uri string) string {
	p, _, _ := strings.Cut(uri, ":")
	return p
}

func invalidRequest(uri string) *refusal {
	return &refusal{code: "ErrorInvalidPropertyRequest", field: uri}
}

// fits refuses, for GetItem, a property that items of a kind do not have, or that they
// have but ewstest lacks. Since Exchange 2013, the former is omitted instead.
func (s *itemShape) fits(kind string) *refusal {
	if s.schema < ewsschema.Exchange2013 {
		for _, uri := range s.asked {
			if !has(kind, uri) {
				return invalidRequest(uri)
			}
		}
		for _, uri := range s.indexed {
			if !has(kind, uri) {
				return refuse("ErrorInvalidPropertyRequest")
			}
		}
	}
	return s.lacks(kind)
}

// lacks refuses a property that items of a kind have but ewstest lacks.
func (s *itemShape) lacks(kind string) *refusal {
	for _, uri := range slices.Concat(s.asked, s.indexed) {
		if elementOf(itemIndex[uri], kind) == nil && has(kind, uri) {
			return refuseText("ErrorInvalidOperation", "ewstest does not have "+uri+".")
		}
	}
	return nil
}

// has reports whether items of a kind have a property.
func has(kind, uri string) bool {
	switch prefix(uri) {
	case "item":
		return true
	case "message", "postitem":
		return elementOf(itemIndex[uri], kind) != nil
	case "meeting":
		return strings.HasPrefix(kind, "Meeting")
	case "meetingRequest":
		return kind == "MeetingRequest"
	case "calendar":
		return kind == "CalendarItem" || strings.HasPrefix(kind, "Meeting")
	case "task":
		return kind == "Task"
	case "contacts":
		return kind == "Contact" || kind == "DistributionList"
	}
	return kind == "DistributionList"
}

// messageKinds are the elements that have the properties of messages.
var messageKinds = map[string]bool{
	"Message": true, "MeetingMessage": true, "MeetingRequest": true, "MeetingResponse": true, "MeetingCancellation": true,
}

// writeItem writes an item.
func (e *encoder) writeItem(it *mailstore.Item, s *itemShape) {
	e.write(&itemWriter{encoder: e, it: it, shape: s, root: it})
}

func (e *encoder) write(w *itemWriter) {
	it, s := w.it, w.shape
	kind := it.Kind()
	of := kindsOf(kind)
	e.Open("t:" + kind)
	for i := range itemElements {
		p := &itemElements[i]
		if p.uri == extendedProperties {
			e.writeExtended(s.extended, s.find, it.Property)
			continue
		}
		if s.fields[i] && p.of&of != 0 && p.write != nil {
			p.write(w)
		}
	}
	e.Close()
}

// writeItemID writes the id alone, as in the answers to write operations.
func (e *encoder) writeItemID(it *mailstore.Item) {
	e.Open("t:" + it.Kind())
	e.itemID("t:ItemId", it)
	e.Close()
}

func (e *encoder) itemID(name string, it *mailstore.Item) {
	e.Open(name)
	e.Attr("Id", it.ID().String())
	e.Attr("ChangeKey", it.ChangeKey())
	e.Close()
}

func (e *encoder) folderID(name string, f *mailstore.Folder) {
	e.Open(name)
	e.Attr("Id", f.ID().String())
	e.Attr("ChangeKey", f.ChangeKey())
	e.Close()
}

// when formats a time of the store in the format that the request wants.
func (e *encoder) when(v string) string {
	t, err := mailstore.ParseTime(v)
	if err != nil {
		return v
	}
	return e.formatted(t)
}

func (e *encoder) formatted(t time.Time) string {
	switch {
	case e.nine:
		return t.Format("2006-01-02T15:04:05.000000000Z")
	case e.millis:
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return ews.FormatTime(t.Truncate(time.Second))
}
