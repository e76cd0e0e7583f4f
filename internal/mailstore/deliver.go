package mailstore

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// New describes an item to create.
type New struct {
	MIME       []byte
	Delivered  bool // by transport; otherwise it is a draft with the current date
	Associated bool
	Composed   bool      // by a client, from elements: it has no received header
	Received   time.Time // zero: now
	Read       bool
	Class      string // empty: derived from the message
	Properties []ews.ExtendedProperty
	Attached   []*Item // the last attachments, in order; nil for a file
}

// Create creates an item in the folder.
func (f *Folder) Create(n New) *Item {
	o := f.Mailbox.org
	s := &seed{New: n, now: o.Now(), searchKey: base64.StdEncoding.EncodeToString(o.Random(16))}
	if n.Received.IsZero() {
		s.Received = s.now
	}
	it := &Item{Associated: n.Associated, Delivered: n.Delivered, change: o.nextChange(), seed: s}
	if !s.waits() {
		it.grown()
	}
	by := ByClient
	if n.Delivered {
		by = ByTransport
	}
	it.attach(f, by)
	it.arrivedAnew(by)
	return it
}

// grow fills in the item.
func (n *seed) grow(it *Item) {
	content := eml.Parse(n.MIME)
	b := builder{}
	derive(b, content)
	if n.Composed {
		delete(b, TagHeaders)
	}
	b.time(TagDeliveryTime, n.Received)
	b.time(TagCreated, n.now)
	b.time(TagModified, n.now)
	b.text(TagSearchKey, n.searchKey)
	if !n.Delivered {
		b.time(TagSubmitTime, n.now)
	} else if t, ok := content.Date(); ok {
		b.time(TagSubmitTime, t)
	} else {
		b.time(TagSubmitTime, n.Received)
	}
	if n.Class != "" {
		b.text(TagClass, n.Class)
	}
	all := attachments(content)
	b.bool(TagHasAttachments, hasVisible(all))
	b.int(TagFlags, newFlags(n.New, b))
	p := Properties(b)
	for _, v := range n.Properties {
		p[Key(v.Field)] = v
	}
	flags := p.Int(TagFlags)
	if hasVisible(all) {
		flags |= FlagHasAttachment
	}
	b.int(TagFlags, flags)
	it.properties, it.content, it.attachments = p, content, all
	it.slots = n.slots(len(all))
}

func newFlags(n New, b builder) int64 {
	var flags int64
	if n.Read {
		flags |= FlagRead
	}
	if !n.Delivered {
		return flags | FlagUnsent | FlagRead
	}
	if Properties(b).Bool(TagReadReceipt) {
		flags |= FlagReadPending | FlagUnreadPending
	}
	if n.Read {
		flags &^= FlagReadPending | FlagUnreadPending
	}
	return flags
}

// derive sets the properties that a server takes from the headers.
func derive(b builder, m *eml.Message) {
	b.text(TagClass, m.Class())
	b.text(TagSubject, m.Header("Subject"))
	b.text(TagTopic, topic(m.Header("Subject")))
	b.text(TagHeaders, m.HeaderText())
	b.int(TagImportance, importance(m))
	b.int(TagSensitivity, sensitivity(m))
	b.some(TagMessageID, m.Header("Message-ID"))
	b.some(TagInReplyTo, m.Header("In-Reply-To"))
	b.some(TagReferences, m.Header("References"))
	if index, err := base64.StdEncoding.DecodeString(m.Header("Thread-Index")); err == nil {
		b.some(TagConversationIndex, base64.StdEncoding.EncodeToString(index))
	}
	from, sender := people(m)
	person(b, from, TagFromName, TagFromType, TagFromAddress, TagFromSMTP)
	person(b, sender, TagSenderName, TagSenderType, TagSenderAddress, TagSenderSMTP)
	b.text(TagDisplayTo, names(m.Addresses("To")))
	b.text(TagDisplayCc, names(m.Addresses("Cc")))
	b.text(TagDisplayBcc, names(m.Addresses("Bcc")))
	asked := m.Has("Disposition-Notification-To") || m.Has("Return-Receipt-To")
	b.bool(TagReadReceipt, asked)
	b.bool(TagNonReceipt, asked)
	b.bool(TagDeliveryReport, m.Has("Return-Receipt-To"))
}

// people returns the person a message is from, and the person who sent it: the first
// address of From and of Sender ([MS-OXCMAIL], section 2.2.3.1.3).
func people(m *eml.Message) (from, sender eml.Address) {
	from, sender = one(m, "From"), one(m, "Sender")
	if sender == (eml.Address{}) {
		sender = from
	}
	return from, sender
}

func one(m *eml.Message, header string) eml.Address {
	if all := m.Addresses(header); len(all) > 0 {
		return all[0]
	}
	return eml.Address{}
}

// person sets the four properties of an address. As on real servers, the address replaces
// a missing name.
func person(b builder, a eml.Address, name, kind, address, smtp ews.ExtendedField) {
	if a == (eml.Address{}) {
		return
	}
	n := a.Name
	if n == "" {
		n = a.Email
	}
	b.text(name, n)
	b.some(kind, addressType(a))
	b.some(address, a.Email)
	b.some(smtp, a.Email)
}

// addressType returns the type of an address, or "" if it has none.
func addressType(a eml.Address) string {
	if a.Email == "" {
		return ""
	}
	return "SMTP"
}

func names(all []eml.Address) string {
	list := make([]string, len(all))
	for i, a := range all {
		list[i] = a.Name
		if a.Name == "" {
			list[i] = a.Email
		}
	}
	return strings.Join(list, "; ")
}

// topic returns the subject without reply prefixes.
func topic(subject string) string {
	for {
		mark, rest, ok := strings.Cut(subject, ":")
		if !ok || len(mark) == 0 || len(mark) > 3 || strings.ContainsAny(mark, " \t") {
			return subject
		}
		subject = strings.TrimSpace(rest)
	}
}

func importance(m *eml.Message) int64 {
	switch strings.ToLower(m.Header("Importance")) {
	case "high":
		return 2
	case "low":
		return 0
	case "normal":
		return 1
	}
	switch p := m.Header("X-Priority"); {
	case strings.HasPrefix(p, "1"), strings.HasPrefix(p, "2"):
		return 2
	case strings.HasPrefix(p, "4"), strings.HasPrefix(p, "5"):
		return 0
	}
	return 1
}

func sensitivity(m *eml.Message) int64 {
	switch strings.ToLower(m.Header("Sensitivity")) {
	case "personal":
		return 1
	case "private":
		return 2
	case "company-confidential":
		return 3
	}
	return 0
}

func attachments(m *eml.Message) []ews.Attachment {
	var all []ews.Attachment
	for _, a := range m.Attachments() {
		all = append(all, ews.Attachment{
			Name: a.Name, ContentType: a.ContentType, ContentID: a.ContentID,
			Size: a.Size, IsInline: a.Inline, IsItem: a.Item,
		})
	}
	return all
}

func hasVisible(all []ews.Attachment) bool {
	for _, a := range all {
		if !a.IsInline {
			return true
		}
	}
	return false
}
