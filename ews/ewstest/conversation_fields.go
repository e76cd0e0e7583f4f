package ewstest

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// conversationField is a property of conversations that exists twice: for the items in
// the folder, and, with Global before its name, for those in the mailbox.
type conversationField struct {
	name  string
	write func(e *encoder, element string, items []*mailstore.Item)
}

// conversationFields are those properties, in the order of the schema. Before them come
// ConversationId and ConversationTopic.
var conversationFields = []conversationField{
	{"UniqueRecipients", func(e *encoder, element string, items []*mailstore.Item) {
		e.texts(element, "t:String", e.people(items, anyItem, "To"))
	}},
	{"UniqueUnreadSenders", func(e *encoder, element string, items []*mailstore.Item) {
		e.texts(element, "t:String", e.people(items, func(it *mailstore.Item) bool { return !it.Read() }, "From"))
	}},
	{"UniqueSenders", func(e *encoder, element string, items []*mailstore.Item) {
		e.texts(element, "t:String", e.people(items, anyItem, "From"))
	}},
	{"LastDeliveryTime", func(e *encoder, element string, items []*mailstore.Item) {
		e.Leaf(element, e.formatted(cameIn(items[0]).UTC()))
	}},
	{"Categories", func(e *encoder, element string, items []*mailstore.Item) {
		e.texts(element, "t:String", each(items, func(it *mailstore.Item) []string {
			p, _ := it.Property(mailstore.PropKeywords)
			return p.Values
		}))
	}},
	{"FlagStatus", func(e *encoder, element string, items []*mailstore.Item) {
		status := "NotFlagged"
		for _, it := range items {
			switch s := it.Flag().Status; {
			case s == "Flagged", s == "Complete" && status == "NotFlagged":
				status = s
			}
		}
		e.Leaf(element, status)
	}},
	{"HasAttachments", func(e *encoder, element string, items []*mailstore.Item) {
		e.Bool(element, slices.ContainsFunc(items, func(it *mailstore.Item) bool { return len(it.Attachments()) > 0 }))
	}},
	{"MessageCount", func(e *encoder, element string, items []*mailstore.Item) {
		e.Int(element, int64(len(items)))
	}},
	{"UnreadCount", func(e *encoder, element string, items []*mailstore.Item) {
		n := int64(0)
		for _, it := range items {
			if !it.Read() {
				n++
			}
		}
		e.Int(element, n)
	}},
	{"Size", func(e *encoder, element string, items []*mailstore.Item) {
		n := int64(0)
		for _, it := range items {
			n += it.Size()
		}
		e.Int(element, min(n, 1<<31-1))
	}},
	{"ItemClasses", func(e *encoder, element string, items []*mailstore.Item) {
		e.texts(element, "t:ItemClass", each(items, func(it *mailstore.Item) []string { return []string{it.Class()} }))
	}},
	{"Importance", func(e *encoder, element string, items []*mailstore.Item) {
		highest := "Low"
		for _, it := range items {
			if v := it.Importance(); v == "High" || v == "Normal" && highest == "Low" {
				highest = v
			}
		}
		e.Leaf(element, highest)
	}},
	{"ItemIds", func(e *encoder, element string, items []*mailstore.Item) {
		e.Open(element)
		for _, it := range items {
			e.itemID("t:ItemId", it)
		}
		e.Close()
	}},
}

// conversationFields reads a ConversationShape: the properties by name. Without a shape,
// as before Exchange 2013, it returns all of them.
func (c *call) conversationFields(n *ewsschema.Node) (map[string]bool, *refusal) {
	wanted := make(map[string]bool)
	if base := n.Value("BaseShape"); base != "IdOnly" {
		if base == "PcxPeopleSearch" {
			return nil, lacks.refusal(c.opts.Version, "BaseShape "+base, true)
		}
		wanted["ConversationTopic"] = true
		for _, f := range conversationFields {
			wanted[f.name], wanted["Global"+f.name] = true, true
		}
	}
	for _, p := range n.Child("AdditionalProperties").Kids() {
		name, ours := strings.CutPrefix(p.Get("FieldURI"), "conversation:")
		if !ours || p.Local != "FieldURI" {
			return nil, refuse("ErrorInvalidPropertyRequest")
		}
		known := name == "ConversationId" || name == "ConversationTopic"
		for _, f := range conversationFields {
			known = known || strings.TrimPrefix(name, "Global") == f.name
		}
		if !known {
			return nil, lacks.refusal(c.opts.Version, "conversation:"+name, true)
		}
		wanted[name] = true
	}
	return wanted, nil
}

// writeThread writes a conversation with some of its properties.
func (e *encoder) writeThread(box *mailstore.Mailbox, t thread, wanted map[string]bool) {
	e.Open("t:Conversation")
	e.conversationID(box, t.key)
	if topic := t.items[0].Properties().Text(mailstore.TagTopic); wanted["ConversationTopic"] && topic != "" {
		e.Leaf("t:ConversationTopic", topic)
	}
	for _, f := range conversationFields {
		if wanted[f.name] {
			f.write(e, "t:"+f.name, t.items)
		}
		if wanted["Global"+f.name] {
			f.write(e, "t:Global"+f.name, t.all)
		}
	}
	e.Close()
}

// texts writes a list of texts, if there are any.
func (e *encoder) texts(element, member string, all []string) {
	if len(all) == 0 {
		return
	}
	e.Open(element)
	for _, s := range all {
		e.Leaf(member, s)
	}
	e.Close()
}

// each collects the texts of items without duplicates.
func each(items []*mailstore.Item, f func(*mailstore.Item) []string) []string {
	var all []string
	seen := make(map[string]bool)
	for _, it := range items {
		for _, s := range f(it) {
			if !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	return all
}

// people collects the names in a field of those items for which meant returns true.
func (e *encoder) people(items []*mailstore.Item, meant func(*mailstore.Item) bool, field string) []string {
	return each(items, func(it *mailstore.Item) []string {
		if !meant(it) {
			return nil
		}
		var names []string
		for _, a := range it.Content().Addresses(field) {
			names = append(names, shownName(e.server.named(a)))
		}
		return names
	})
}

func shownName(a eml.Address) string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name
}
