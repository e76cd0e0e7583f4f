package ewstest

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// conversationKey tells the conversations of a mailbox apart.
type conversationKey = [mailstore.ConversationSize]byte

// conversationOf returns the conversation of an item: the items with the same topic.
func conversationOf(it *mailstore.Item) (key conversationKey) {
	sum := sha256.Sum256([]byte(strings.ToLower(it.Properties().Text(mailstore.TagTopic))))
	copy(key[:], sum[:])
	return key
}

// conversationID writes the id of a conversation.
func (e *encoder) conversationID(box *mailstore.Mailbox, key conversationKey) {
	e.Open("t:ConversationId")
	e.Attr("Id", mailstore.Conversation(box.GUID(), key[:]))
	e.Close()
}

// conversing reports whether an item is a part of a conversation.
func conversing(it *mailstore.Item) bool {
	return !it.Associated && (messageKinds[it.Kind()] || it.Kind() == "PostItem")
}

// cameIn returns the time an item was delivered.
func cameIn(it *mailstore.Item) time.Time {
	if at := it.Properties().Time(mailstore.TagDeliveryTime); !at.IsZero() {
		return at
	}
	return it.Arrived()
}

// newestFirst orders the items of a conversation.
func newestFirst(a, b *mailstore.Item) int { return cameIn(b).Compare(cameIn(a)) }

// conversations collects the items of a mailbox by conversation, newest first: the items
// outside Recoverable Items that the caller may read and f accepts. If there is an
// archive, only items in the same store as the given folder count.
func (c *call) conversations(store *mailstore.Folder, wanted func(conversationKey) bool, f func(*mailstore.Item) bool) map[conversationKey][]*mailstore.Item {
	found := make(map[conversationKey][]*mailstore.Item)
	for _, it := range store.Mailbox.Items() {
		if !conversing(it) || it.Folder.Recoverable() || !it.SameStore(store) || !f(it) {
			continue
		}
		if key := conversationOf(it); wanted(key) && (c.who.opens(store.Mailbox) || c.reads(it)) {
			found[key] = append(found[key], it)
		}
	}
	for _, items := range found {
		slices.SortStableFunc(items, newestFirst)
	}
	return found
}

// conversation reads a ConversationId: the mailbox and one of its conversations.
func (c *call) conversation(n *ewsschema.Node) (*mailstore.Mailbox, conversationKey, *refusal) {
	switch text := n.Get("Id"); {
	case text == "":
		return nil, conversationKey{}, refuse("ErrorInvalidIdEmpty")
	default:
		guid, key, err := mailstore.ParseConversation(text)
		if err != nil {
			return nil, key, refuse("ErrorInvalidIdMalformed")
		}
		box, refused := c.mailbox(guid, "ErrorItemNotFound")
		return box, key, refused
	}
}

// noConversation refuses a conversation of which the caller may see nothing.
func (c *call) noConversation(box *mailstore.Mailbox) *refusal {
	if c.who.opens(box) {
		return refuse("ErrorItemNotFound")
	}
	return c.unseen("ErrorItemNotFound")
}

// oneStore refuses a MailboxScope beyond one store.
func (c *call) oneStore() *refusal {
	if scope := c.op.Value("MailboxScope"); scope != "" && scope != "PrimaryOnly" {
		return lacks.refusal(c.opts.Version, "MailboxScope "+scope, true)
	}
	return nil
}

func anyConversation(conversationKey) bool { return true }

func anyItem(*mailstore.Item) bool { return true }
