package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// itemShape is the set of item properties that a request asks for.
type itemShape struct {
	fields   []bool // by position in itemFields
	extended []wanted
	find     bool // for FindItem: fewer properties, short texts
	html     bool // body as HTML if it has one
}

// itemField is an item property that EWS defines.
type itemField struct {
	uri     string
	since   ewsschema.Version
	message bool // of messages only
	base    baseShape
	heavy   bool // not in FindItem
	write   func(*itemWriter)
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
	s := &itemShape{fields: make([]bool, len(itemFields)), find: find, html: n.Value("BodyType") != "Text"}
	for i, f := range itemFields {
		if f.since > c.schema() {
			continue
		}
		switch n.Value("BaseShape") {
		case "AllProperties":
			s.fields[i] = f.base >= inAll
		case "Default":
			s.fields[i] = f.base >= inDefault
		}
	}
	if n.Bool("IncludeMimeContent", false) && !find {
		s.fields[itemIndex["item:MimeContent"]] = true
	}
	for _, p := range n.Child("AdditionalProperties").Kids() {
		switch p.Local {
		case "FieldURI":
			if i, ok := itemIndex[p.Get("FieldURI")]; ok {
				s.fields[i] = true
			}
		case "ExtendedFieldURI":
			f, refused := extendedField(p)
			if refused != nil {
				return nil, refused
			}
			s.extended = append(s.extended, wanted{f, keyOf(f)})
		}
	}
	s.fields[itemIndex["item:ItemId"]] = true
	for i, f := range itemFields {
		if find && f.heavy {
			s.fields[i] = false
		}
	}
	return s, nil
}

// itemIndex finds a field by its URI.
var itemIndex = make(map[string]int)

func init() {
	for i, f := range itemFields {
		itemIndex[f.uri] = i
	}
}

// messageKinds are the elements that have the properties of messages.
var messageKinds = map[string]bool{
	"Message": true, "MeetingMessage": true, "MeetingRequest": true, "MeetingResponse": true, "MeetingCancellation": true,
}

// writeItem writes an item.
func (e *encoder) writeItem(it *mailstore.Item, s *itemShape) {
	kind := it.Kind()
	e.Open("t:" + kind)
	w := &itemWriter{encoder: e, it: it, shape: s}
	for i, f := range itemFields {
		if f.write == nil {
			e.writeExtended(s.extended, s.find, it.Property)
			continue
		}
		if s.fields[i] && (!f.message || messageKinds[kind]) {
			f.write(w)
		}
	}
	e.Close()
}

// writeItemID writes the id alone, as answers to write operations do.
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
