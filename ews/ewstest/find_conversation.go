package ewstest

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// thread is a conversation of a folder.
type thread struct {
	key   conversationKey
	items []*mailstore.Item // in the folder
	all   []*mailstore.Item // in the mailbox
}

// findConversation lists the conversations of a folder, the one with the newest message
// first. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findconversation-operation
// and [MS-OXWSCONV].
func findConversation(c *call) *refusal {
	c.out.millis, c.out.server = c.precise(), c.Server
	query := c.op.Child("QueryString")
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		if refused := c.oneStore(); refused != nil {
			return nil, refused
		}
		fields, refused := c.conversationFields(n.Child("ConversationShape"))
		if refused != nil {
			return nil, refused
		}
		ascending, refused := byDelivery(n.Child("SortOrder"))
		if refused != nil {
			return nil, refused
		}
		f, refused := c.folder(n.Child("ParentFolderId").First())
		if refused != nil {
			return nil, refused
		}
		view := n.Child("IndexedPageItemView")
		if n.Child("SeekToConditionPageItemView").Exists() {
			return nil, lacks.refusal(c.opts.Version, "SeekToConditionPageItemView of FindConversation", true)
		}
		shows, refused := c.viewFilter(f.Mailbox, n.Get("ViewFilter"))
		if refused != nil {
			return nil, refused
		}
		var matches func(*mailstore.Item) bool
		var terms []aqsTerm
		if query.Exists() {
			if query.AttrBool("ReturnDeletedItems", false) {
				return nil, lacks.refusal(c.opts.Version, "ReturnDeletedItems", true)
			}
			if matches, terms, refused = aqs(query.Content(), c.opts.Now()); refused != nil {
				return nil, refused
			}
		}
		found := c.threads(f, n.Get("Traversal") == "Deep", func(it *mailstore.Item) bool {
			return shows(it) && (matches == nil || matches(it))
		})
		if ascending {
			slices.Reverse(found)
		}
		p, refused := paged(found, view, nil, maxItems)
		if refused != nil {
			return nil, refused
		}
		return func() {
			c.out.Open("m:Conversations")
			for _, t := range p.members {
				c.out.writeThread(f.Mailbox, t, fields)
			}
			c.out.Close()
			if query.AttrBool("ReturnHighlightTerms", false) {
				c.out.writeTerms(terms)
			}
			if c.opts.Version >= Exchange2013 {
				c.out.Int("m:TotalConversationsInView", int64(p.total))
				c.out.Int("m:IndexedOffset", int64(p.offset))
			}
		}, nil
	})
	return nil
}

// threads lists the conversations that have an item in a folder that a view shows.
func (c *call) threads(f *mailstore.Folder, deep bool, shows func(*mailstore.Item) bool) []thread {
	shown := make(map[conversationKey]bool)
	in := func(it *mailstore.Item) bool { return it.Folder == f || deep && it.Folder.Below(f) }
	if f.Search != nil {
		members := make(map[*mailstore.Item]bool)
		f.Each(nil, func(it *mailstore.Item) { members[it] = true })
		in = func(it *mailstore.Item) bool { return members[it] }
	}
	local := c.conversations(f, anyConversation, in)
	for key, items := range local {
		shown[key] = slices.ContainsFunc(items, shows)
	}
	var found []thread
	for key, all := range c.conversations(f, func(k conversationKey) bool { return shown[k] }, anyItem) {
		found = append(found, thread{key, local[key], all})
	}
	slices.SortFunc(found, func(a, b thread) int {
		if n := newestFirst(a.items[0], b.items[0]); n != 0 {
			return n
		}
		return strings.Compare(string(a.key[:]), string(b.key[:]))
	})
	return found
}

// byDelivery reads a SortOrder, which can only be by time of delivery.
func byDelivery(n *ewsschema.Node) (ascending bool, refused *refusal) {
	fields := n.All("FieldOrder")
	for _, f := range fields {
		if f.First().Get("FieldURI") != "conversation:LastDeliveryTime" {
			return false, refuse("ErrorUnsupportedPathForSortGroup")
		}
	}
	return len(fields) > 0 && fields[0].Get("Order") == "Ascending", nil
}

// viewFilter returns a function that reports whether an item makes a view show its
// conversation.
func (c *call) viewFilter(box *mailstore.Mailbox, name string) (func(*mailstore.Item) bool, *refusal) {
	flagged := func(status string) func(*mailstore.Item) bool {
		return func(it *mailstore.Item) bool { return it.Flag().Status == status }
	}
	switch name {
	case "", "All", "NoClutter":
		return anyItem, nil
	case "Flagged", "TaskActive":
		return flagged("Flagged"), nil
	case "TaskCompleted":
		return flagged("Complete"), nil
	case "TaskOverdue":
		return func(it *mailstore.Item) bool {
			due := it.Flag().Due
			return it.Flag().Status == "Flagged" && !due.IsZero() && due.Before(c.opts.Now())
		}, nil
	case "HasAttachment":
		return func(it *mailstore.Item) bool { return len(it.Attachments()) > 0 }, nil
	case "Unread":
		return func(it *mailstore.Item) bool { return !it.Read() }, nil
	case "ToOrCcMe":
		return func(it *mailstore.Item) bool {
			for _, field := range []string{"To", "Cc"} {
				for _, a := range it.Content().Addresses(field) {
					if box.Has(a.Email) {
						return true
					}
				}
			}
			return false
		}, nil
	}
	return nil, lacks.refusal(c.opts.Version, "ViewFilter "+name, true)
}
