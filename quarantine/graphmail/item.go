package graphmail

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// MAPI properties, named after [MS-OXPROPS].
var (
	pidTagMessageClass                    = graph.Property{Type: "String", Tag: 0x001A}
	pidTagMessageFlags                    = graph.Property{Type: "Integer", Tag: 0x0E07}
	pidTagMessageSize                     = graph.Property{Type: "Integer", Tag: 0x0E08}
	pidTagInternetMessageID               = graph.Property{Type: "String", Tag: 0x1035}
	pidTagLastVerbExecuted                = graph.Property{Type: "Integer", Tag: 0x1081}
	pidTagLastVerbExecutionTime           = graph.Property{Type: "SystemTime", Tag: 0x1082}
	pidTagFlagStatus                      = graph.Property{Type: "Integer", Tag: 0x1090}
	pidTagReadReceiptRequested            = graph.Property{Type: "Boolean", Tag: 0x0029}
	pidTagNonReceiptNotificationRequested = graph.Property{Type: "Boolean", Tag: 0x0C06}
	pidTagClientSubmitTime                = graph.Property{Type: "SystemTime", Tag: 0x0039}
	pidTagMessageDeliveryTime             = graph.Property{Type: "SystemTime", Tag: 0x0E06}
	pidTagTransportMessageHeaders         = graph.Property{Type: "String", Tag: 0x007D}
	setInternetHeaders                    = "00020386-0000-0000-c000-000000000046"
	stampOperation, stampMailbox          = stampField(driver.StampOperation), stampField(driver.StampMailbox)
)

// itemFields are the fields that a search returns for each item.
var itemFields = []string{
	"id", "changeKey", "parentFolderId", "internetMessageId", "subject", "receivedDateTime", "sentDateTime",
	"isRead", "isDraft", "hasAttachments", "importance", "categories",
}

// senderFields are the fields that identify the sender.
var senderFields = []string{"from", "sender"}

// itemProperties are the properties that a search returns for each item.
var itemProperties = append(stampFields(), pidTagMessageClass, pidTagMessageSize,
	pidTagLastVerbExecuted, pidTagLastVerbExecutionTime, pidTagFlagStatus)

func stampFields() []graph.Property {
	var all []graph.Property
	for _, name := range driver.StampNames() {
		all = append(all, stampField(name))
	}
	return all
}

func stampField(name string) graph.Property {
	return graph.Property{Type: "String", Set: driver.StampSet, Name: name}
}

// headerField returns the property that Exchange maps to and from a header.
func headerField(name string) graph.Property {
	return graph.Property{Type: "String", Set: setInternetHeaders, Name: strings.ToLower(name)}
}

// item converts a message of Graph into a [driver.Item].
func (m *mailbox) item(raw graph.Message, tree *folderTree) driver.Item {
	it := driver.Item{
		ID: raw.ID, Version: raw.Version(), Kind: raw.Type, Mailbox: m.address,
		MessageID: raw.MessageID, Subject: raw.Subject, Received: raw.Received.Time, Sent: raw.Sent.Time, Read: raw.Read,
		HasAttachments: raw.Attached, Importance: importance(raw.Importance), Categories: raw.Categories, Sender: senderOf(raw),
	}
	if raw.FolderID != "" {
		it.Folder = tree.folder(raw.FolderID)
	}
	it.Class, _ = raw.Value(pidTagMessageClass)
	if size, ok := raw.Value(pidTagMessageSize); ok {
		it.Size, _ = strconv.ParseInt(size, 10, 64)
	}
	it.Reach = reachOf(raw)
	values := make(map[string]string)
	for _, name := range driver.StampNames() {
		if v, ok := raw.Value(stampField(name)); ok && v != "" {
			values[name] = v
		}
	}
	if len(values) > 0 {
		it.Stamp = driver.ParseStamp(values)
	}
	return it
}

// reachOf returns how far a message got with its owner.
func reachOf(raw graph.Message) driver.Reach {
	verb, _ := raw.Value(pidTagLastVerbExecuted)
	at, _ := raw.Value(pidTagLastVerbExecutionTime)
	flag, _ := raw.Value(pidTagFlagStatus)
	return driver.ReachOf(verb, at, flag)
}

// importance spells an importance as the engine does: Graph writes it in lower case, and
// its documentation in either case.
func importance(text string) string {
	for _, known := range []string{"Low", "Normal", "High"} {
		if strings.EqualFold(text, known) {
			return known
		}
	}
	return text
}

// senderOf returns the address of an item's sender, or a name.
func senderOf(raw graph.Message) string {
	var names []string
	for _, who := range []*graph.Recipient{raw.From, raw.Sender} {
		if who == nil {
			continue
		}
		if a := who.EmailAddress.Address; strings.Contains(a, "@") && !strings.HasPrefix(a, "/") {
			return a
		}
		names = append(names, who.EmailAddress.Name)
	}
	return cmp.Or(names...)
}

// inspect reads one item again.
func (m *mailbox) inspect(ctx context.Context, itemID string) (driver.Item, error) {
	if itemID == "" {
		return driver.Item{}, driver.ErrGone
	}
	box, err := m.open(ctx)
	if err != nil {
		return driver.Item{}, err
	}
	read, err := m.message(ctx, box, itemID, itemFields, itemProperties, true)
	if err != nil {
		return driver.Item{}, err
	}
	tree := m.kept()
	if tree == nil {
		tree = &folderTree{}
	}
	it := m.item(read.Message, tree)
	it.ID = itemID
	it.Attachments = attachmentsOf(read.Attachments)
	it.HasAttachments = it.HasAttachments || len(read.Attachments) > 0
	return it, nil
}
