package ewstest

import (
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// applyConversationAction moves, copies, deletes, flags or marks the messages of
// conversations, in one folder or in all, that arrived up to a given time. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/conversationaction.
func applyConversationAction(c *call) *refusal {
	c.batch(c.op.Child("ConversationActions").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		act, refused := c.conversationAction(n)
		if refused != nil {
			return nil, refused
		}
		box, key, refused := c.conversation(n.Child("ConversationId"))
		if refused != nil {
			return nil, refused
		}
		store, in := box.Root(), anyItem
		if context := n.Child("ContextFolderId"); context.Exists() {
			f, refused := c.folder(context.First())
			if refused != nil {
				return nil, refused
			}
			if f.Mailbox != box {
				return nil, refuse("ErrorApplyConversationActionFailed")
			}
			store, in = f, func(it *mailstore.Item) bool { return it.Folder == f }
		}
		until, err := time.Parse(time.RFC3339, strings.TrimSpace(n.Value("ConversationLastSyncTime")))
		if n.Child("ConversationLastSyncTime").Exists() && err != nil {
			return nil, refuseText("ErrorInvalidOperation", "ewstest takes a ConversationLastSyncTime with Z or an offset only.")
		}
		items := c.conversations(store, func(k conversationKey) bool { return k == key }, func(it *mailstore.Item) bool {
			return in(it) && (until.IsZero() || !cameIn(it).After(until))
		})[key]
		if len(items) == 0 && !c.who.opens(box) {
			return nil, c.noConversation(box)
		}
		for _, it := range items {
			if refused := act.may(it); refused != nil {
				return nil, refused
			}
		}
		for _, it := range items {
			c.acted = true
			act.do(it)
		}
		return nil, nil
	})
	return nil
}

// conversationAct is what is done to each item of a conversation.
type conversationAct struct {
	may func(*mailstore.Item) *refusal
	do  func(*mailstore.Item)
}

// conversationAction reads what a ConversationAction does.
func (c *call) conversationAction(n *ewsschema.Node) (conversationAct, *refusal) {
	action, suppress := n.Value("Action"), n.Bool("SuppressReadReceipts", false)
	may := func(right func(mailstore.Rights) string) func(*mailstore.Item) *refusal {
		return func(it *mailstore.Item) *refusal {
			if r := right(c.rightsIn(it.Folder)); r == "All" || r == "Owned" && c.made(it) {
				return nil
			}
			return refuse("ErrorAccessDenied")
		}
	}
	edits := may(func(r mailstore.Rights) string { return r.Edit })
	deletes := may(func(r mailstore.Rights) string { return r.Delete })
	needs := func(name string) (conversationAct, *refusal) {
		return conversationAct{}, refuseText("ErrorApplyConversationActionFailed", "The action "+action+" needs the element "+name+".")
	}
	switch action {
	case "Move", "Copy":
		if !n.Child("DestinationFolderId").Exists() {
			return needs("DestinationFolderId")
		}
		return c.conversationCarried(n.Child("DestinationFolderId").First(), action == "Move", deletes)
	case "Delete":
		how, ok := removals[n.Value("DeleteType")]
		if !ok {
			return needs("DeleteType")
		}
		return conversationAct{func(it *mailstore.Item) *refusal {
			if how == mailstore.ToDeletedItems && it.Folder.Mailbox != c.who.box {
				return refuse("ErrorCannotDeleteObject")
			}
			return deletes(it)
		}, func(it *mailstore.Item) { it.Remove(how, suppress) }}, nil
	case "SetReadState":
		if !n.Child("IsRead").Exists() {
			return needs("IsRead")
		}
		read := n.Bool("IsRead", false)
		return conversationAct{edits, func(it *mailstore.Item) {
			if it.Read() != read {
				it.Update([]ews.ExtendedProperty{mailstore.ReadState(it, read)}, nil, suppress)
			}
		}}, nil
	case "Flag":
		if !n.Child("Flag").Exists() {
			return needs("Flag")
		}
		set, remove, refused := followUp(n.Child("Flag"))
		return conversationAct{edits, func(it *mailstore.Item) { it.Update(set, remove, suppress) }}, refused
	}
	return conversationAct{}, lacks.refusal(c.opts.Version, "the action "+action+" on conversations", true)
}

// conversationCarried is the move or copy into a folder.
func (c *call) conversationCarried(target *ewsschema.Node, move bool, deletes func(*mailstore.Item) *refusal) (conversationAct, *refusal) {
	to, refused := c.folderFor(target, "MoveItem")
	if refused != nil {
		return conversationAct{}, asTarget(refused, "ErrorToFolderNotFound")
	}
	return conversationAct{func(it *mailstore.Item) *refusal {
		if move {
			if refused := deletes(it); refused != nil {
				return refused
			}
		}
		return c.mayCarry(it, to, move)
	}, func(it *mailstore.Item) {
		switch {
		case !move:
			it.CopyTo(to)
		case it.Folder != to:
			it.MoveTo(to)
		}
	}}, nil
}
