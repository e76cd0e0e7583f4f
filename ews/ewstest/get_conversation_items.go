package ewstest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// maxConversationItems is the maximum number of items of a conversation that
// GetConversationItems returns, and the default if the request gives none.
const maxConversationItems = 100

// getConversationItems returns the items of conversations as nodes, one for each message,
// which may be in several folders. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getconversationitems-operation.
func getConversationItems(c *call) *refusal {
	shape, badShape := c.itemShape(c.op.Child("ItemShape"), false)
	most := maxConversationItems
	if v := c.op.Value("MaxItemsToReturn"); v != "" {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < 1 || n > maxConversationItems {
			return refuse("ErrorInvalidPagingMaxRows")
		}
		most = n
	}
	members := c.op.Child("Conversations").Kids()
	if len(members) == 0 {
		return refuseText("ErrorInvalidRequest", "Conversations needs a Conversation.")
	}
	ignored, badFolder := c.ignoredFolders()
	c.batch(members, func(n *ewsschema.Node) (func(), *refusal) {
		for _, bad := range []*refusal{badShape, badFolder, c.oneStore()} {
			if bad != nil {
				return nil, bad
			}
		}
		if n.Value("SyncState") != "" {
			return nil, lacks.refusal(c.opts.Version, "SyncState of a conversation", true)
		}
		box, key, refused := c.conversation(n.Child("ConversationId"))
		if refused != nil {
			return nil, refused
		}
		items := c.conversations(box.Root(), func(k conversationKey) bool { return k == key }, func(it *mailstore.Item) bool {
			return !slices.ContainsFunc(ignored, func(f *mailstore.Folder) bool { return it.Folder == f })
		})[key]
		if len(items) == 0 {
			return nil, c.noConversation(box)
		}
		items = items[:min(len(items), most)]
		for _, it := range items {
			if refused := shape.suits(it); refused != nil {
				return nil, refused
			}
		}
		nodes := arranged(nodesOf(items), c.op.Value("SortOrder"))
		return func() {
			c.out.Open("m:Conversation")
			c.out.conversationID(box, key)
			c.out.Open("t:ConversationNodes")
			for _, node := range nodes {
				c.out.writeNode(node, shape)
			}
			c.out.Close()
			c.out.Close()
		}, nil
	})
	return nil
}

// ignoredFolders reads FoldersToIgnore. For a folder that does not exist there is nothing
// to ignore.
func (c *call) ignoredFolders() (all []*mailstore.Folder, refused *refusal) {
	for _, n := range c.op.Child("FoldersToIgnore").Kids() {
		f, refused := c.folder(n)
		switch {
		case refused == nil:
			all = append(all, f)
		case refused.code != "ErrorFolderNotFound" && refused.code != "ErrorItemNotFound":
			return nil, refused
		}
	}
	return all, nil
}

// node is a message of a conversation, with its copies.
type node struct {
	id, parent string // Message-IDs, the parent's is empty if it answers nothing
	items      []*mailstore.Item
}

// nodesOf groups items into nodes, newest first. An item without a Message-ID is a node
// of its own.
func nodesOf(items []*mailstore.Item) []*node {
	var all []*node
	byID := make(map[string]*node)
	for _, it := range items {
		id := it.Properties().Text(mailstore.TagMessageID)
		if n := byID[id]; n != nil && id != "" {
			n.items = append(n.items, it)
			continue
		}
		n := &node{id: id, parent: it.Properties().Text(mailstore.TagInReplyTo), items: []*mailstore.Item{it}}
		byID[id] = n
		all = append(all, n)
	}
	return all
}

// arranged orders nodes, which are given newest first, as a SortOrder demands.
func arranged(nodes []*node, order string) []*node {
	if order == "DateOrderDescending" {
		return nodes
	}
	slices.Reverse(nodes)
	if order == "DateOrderAscending" {
		return nodes
	}
	tree := treeOf(nodes)
	if order == "TreeOrderDescending" {
		slices.Reverse(tree)
	}
	return tree
}

// treeOf puts each message before those that answer it, in the order of time. A cycle of
// messages that claim to answer each other begins with the oldest of them.
func treeOf(nodes []*node) []*node {
	known := make(map[string]bool)
	children := make(map[string][]*node)
	for _, n := range nodes {
		known[n.id] = true
	}
	var roots []*node
	for _, n := range nodes {
		if n.parent == "" || n.parent == n.id || !known[n.parent] {
			roots = append(roots, n)
		} else {
			children[n.parent] = append(children[n.parent], n)
		}
	}
	tree := make([]*node, 0, len(nodes))
	placed := make(map[*node]bool)
	for _, first := range slices.Concat(roots, nodes) {
		for waiting := []*node{first}; len(waiting) > 0; {
			n := waiting[len(waiting)-1]
			waiting = waiting[:len(waiting)-1]
			if placed[n] {
				continue
			}
			placed[n] = true
			tree = append(tree, n)
			if n.id == "" {
				continue
			}
			below := slices.Clone(children[n.id])
			slices.Reverse(below)
			waiting = append(waiting, below...)
		}
	}
	return tree
}

// writeNode writes a message of a conversation.
func (e *encoder) writeNode(n *node, shape *itemShape) {
	e.Open("t:ConversationNode")
	if n.id != "" {
		e.Leaf("t:InternetMessageId", n.id)
	}
	if n.parent != "" {
		e.Leaf("t:ParentInternetMessageId", n.parent)
	}
	e.Open("t:Items")
	for _, it := range n.items {
		e.writeItem(it, shape)
	}
	e.Close()
	e.Close()
}
