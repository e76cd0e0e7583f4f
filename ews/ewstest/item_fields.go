package ewstest

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// itemWriter writes the properties of one item.
type itemWriter struct {
	*encoder
	it    *mailstore.Item
	shape *itemShape
	root  *mailstore.Item // in the folder: the item itself, or the one that it is attached to
	path  []int           // of the attachment; nil if the item is not attached
	mime  []byte          // of the attachment
}

// id returns the id of the item, or of the attachment if it is attached.
func (w *itemWriter) id() string {
	if w.path != nil {
		return mailstore.AttachmentID(w.root.ID(), w.path...)
	}
	return w.it.ID().String()
}

// asMIME returns the item as MIME: regenerated, or as it was attached.
func (w *itemWriter) asMIME() [][]byte {
	if w.path != nil {
		return [][]byte{w.mime}
	}
	return w.it.MIME()
}

// itemWriters write the properties that ewstest supports, by URI.
var itemWriters = map[string]func(*itemWriter){
	"item:MimeContent": func(w *itemWriter) {
		w.content("t:MimeContent", w.asMIME(), "CharacterSet", "UTF-8")
	},
	"item:ItemId":                 (*itemWriter).itemID,
	"item:ParentFolderId":         func(w *itemWriter) { w.folderID("t:ParentFolderId", w.root.Folder) },
	"item:ItemClass":              func(w *itemWriter) { w.text("t:ItemClass", mailstore.TagClass) },
	"item:Subject":                func(w *itemWriter) { w.text("t:Subject", mailstore.TagSubject) },
	"item:Sensitivity":            func(w *itemWriter) { w.Leaf("t:Sensitivity", w.it.Sensitivity()) },
	"item:Body":                   func(w *itemWriter) { w.form("t:Body", w.shape.body) },
	"item:Attachments":            (*itemWriter).attachments,
	"item:DateTimeReceived":       func(w *itemWriter) { w.time("t:DateTimeReceived", mailstore.TagDeliveryTime) },
	"item:Size":                   func(w *itemWriter) { w.Int("t:Size", w.it.Size()) },
	"item:Categories":             (*itemWriter).categories,
	"item:Importance":             func(w *itemWriter) { w.Leaf("t:Importance", w.it.Importance()) },
	"item:InReplyTo":              func(w *itemWriter) { w.text("t:InReplyTo", mailstore.TagInReplyTo) },
	"item:IsSubmitted":            func(w *itemWriter) { w.flag("t:IsSubmitted", mailstore.FlagSubmitted) },
	"item:IsDraft":                func(w *itemWriter) { w.flag("t:IsDraft", mailstore.FlagUnsent) },
	"item:IsFromMe":               func(w *itemWriter) { w.Bool("t:IsFromMe", fromMe(w.it, w.root.Folder.Mailbox)) },
	"item:IsResend":               func(w *itemWriter) { w.Bool("t:IsResend", false) },
	"item:IsUnmodified":           func(w *itemWriter) { w.Bool("t:IsUnmodified", w.it.Unmodified()) },
	"item:InternetMessageHeaders": (*itemWriter).headers,
	"item:DateTimeSent":           func(w *itemWriter) { w.time("t:DateTimeSent", mailstore.TagSubmitTime) },
	"item:DateTimeCreated":        func(w *itemWriter) { w.time("t:DateTimeCreated", mailstore.TagCreated) },
	"item:ResponseObjects":        (*itemWriter).responseObjects,
	"item:DisplayCc":              func(w *itemWriter) { w.text("t:DisplayCc", mailstore.TagDisplayCc) },
	"item:DisplayTo":              func(w *itemWriter) { w.text("t:DisplayTo", mailstore.TagDisplayTo) },
	"item:HasAttachments": func(w *itemWriter) {
		w.Bool("t:HasAttachments", w.it.Properties().Bool(mailstore.TagHasAttachments))
	},
	"item:ReminderIsSet": func(w *itemWriter) {
		w.Bool("t:ReminderIsSet", w.it.Properties().Bool(mailstore.PropReminderSet))
	},
	"item:ReminderDueBy":              func(w *itemWriter) { w.time("t:ReminderDueBy", mailstore.PropReminderTime) },
	"item:ReminderNextTime":           (*itemWriter).nextReminder,
	"item:ReminderMinutesBeforeStart": (*itemWriter).reminderDelta,
	"item:DisplayBcc":                 func(w *itemWriter) { w.text("t:DisplayBcc", mailstore.TagDisplayBcc) },
	"item:LastModifiedName":           func(w *itemWriter) { w.Leaf("t:LastModifiedName", w.server.editor(w.root)) },
	"item:WebClientReadFormQueryString": func(w *itemWriter) {
		w.Leaf("t:WebClientReadFormQueryString", "?ae=Item&a=Open&t="+url.QueryEscape(w.it.Class())+"&id="+url.QueryEscape(w.id()))
	},
	"item:WebClientEditFormQueryString": func(w *itemWriter) {
		if w.it.Draft() {
			w.Leaf("t:WebClientEditFormQueryString", "?ae=Item&a=Edit&t="+url.QueryEscape(w.it.Class())+"&id="+url.QueryEscape(w.id()))
		}
	},
	"item:Culture": func(w *itemWriter) { w.Leaf("t:Culture", w.it.Culture()) },
	"item:MimeContentUTF8": func(w *itemWriter) {
		w.content("t:MimeContentUTF8", w.asMIME(), "CharacterSet", "UTF-8")
	},
	"item:UniqueBody":       (*itemWriter).uniqueBody,
	"item:NormalizedBody":   func(w *itemWriter) { w.form("t:NormalizedBody", w.shape.normal) },
	"item:TextBody":         func(w *itemWriter) { w.form("t:TextBody", bodyShape{kind: "Text"}) },
	"item:Preview":          func(w *itemWriter) { w.Leaf("t:Preview", cutText(strings.Join(strings.Fields(bodyText(w.it)), " "))) },
	"item:BlockStatus":      func(w *itemWriter) { w.Bool("t:BlockStatus", w.blocked()) },
	"item:HasBlockedImages": func(w *itemWriter) { w.Bool("t:HasBlockedImages", w.blocked()) },
	"item:IconIndex":        func(w *itemWriter) { w.Leaf("t:IconIndex", "Default") },
	"item:RetentionDate":    func(w *itemWriter) { w.time("t:RetentionDate", mailstore.TagRetentionDate) },
	"item:StoreEntryId": func(w *itemWriter) {
		w.Leaf("t:StoreEntryId", base64.StdEncoding.EncodeToString(w.root.ID().Bytes()))
	},
	"item:EffectiveRights":  func(w *itemWriter) { w.rights(w.root.Folder, w.made(w.root)) },
	"item:LastModifiedTime": func(w *itemWriter) { w.time("t:LastModifiedTime", mailstore.TagModified) },
	"item:IsAssociated":     func(w *itemWriter) { w.Bool("t:IsAssociated", w.it.Associated) },
	"item:ConversationId":   (*itemWriter).conversation,
	"item:Flag":             (*itemWriter).followUp,
	"item:InstanceKey": func(w *itemWriter) {
		key := binary.BigEndian.AppendUint64(nil, w.root.ID().Number)
		w.Leaf("t:InstanceKey", base64.StdEncoding.EncodeToString(key))
	},
	"message:Sender": func(w *itemWriter) {
		w.single("t:Sender", mailstore.TagSenderName, mailstore.TagSenderAddress)
	},
	"message:ToRecipients":  func(w *itemWriter) { w.recipients("t:ToRecipients", "To") },
	"message:CcRecipients":  func(w *itemWriter) { w.recipients("t:CcRecipients", "Cc") },
	"message:BccRecipients": func(w *itemWriter) { w.recipients("t:BccRecipients", "Bcc") },
	"message:IsReadReceiptRequested": func(w *itemWriter) {
		w.Bool("t:IsReadReceiptRequested", w.it.Properties().Bool(mailstore.TagReadReceipt))
	},
	"message:IsDeliveryReceiptRequested": func(w *itemWriter) {
		w.Bool("t:IsDeliveryReceiptRequested", w.it.Properties().Bool(mailstore.TagDeliveryReport))
	},
	"message:ConversationTopic": func(w *itemWriter) { w.text("t:ConversationTopic", mailstore.TagTopic) },
	"message:From": func(w *itemWriter) {
		w.single("t:From", mailstore.TagFromName, mailstore.TagFromAddress)
	},
	"message:InternetMessageId": func(w *itemWriter) { w.text("t:InternetMessageId", mailstore.TagMessageID) },
	"message:IsRead":            func(w *itemWriter) { w.flag("t:IsRead", mailstore.FlagRead) },
	"message:References":        func(w *itemWriter) { w.text("t:References", mailstore.TagReferences) },
	"message:ConversationIndex": func(w *itemWriter) {
		p, _ := w.it.Property(mailstore.TagConversationIndex)
		w.Leaf("t:ConversationIndex", p.Value)
	},
	"message:IsResponseRequested": func(w *itemWriter) {
		w.Bool("t:IsResponseRequested", w.it.Properties().Bool(mailstore.TagReplyRequested))
	},
	emailAddresses:                 (*itemWriter).writeEmails,
	"contacts:DisplayName":         func(w *itemWriter) { w.text("t:DisplayName", mailstore.TagDisplayName) },
	"calendar:Start":               func(w *itemWriter) { w.time("t:Start", mailstore.PropStart) },
	"calendar:End":                 func(w *itemWriter) { w.time("t:End", mailstore.PropEnd) },
	"postitem:PostedTime":          func(w *itemWriter) { w.time("t:PostedTime", mailstore.TagDeliveryTime) },
	"message:ReceivedBy":           func(w *itemWriter) { w.receiver("t:ReceivedBy") },
	"message:ReceivedRepresenting": func(w *itemWriter) { w.receiver("t:ReceivedRepresenting") },
	"message:ReplyTo":              func(w *itemWriter) { w.recipients("t:ReplyTo", "Reply-To") },
}

// text writes a text property if it exists.
func (w *itemWriter) text(name string, f ews.ExtendedField) {
	p, ok := w.it.Properties()[f]
	if !ok {
		return
	}
	v := p.Value
	if w.shape.find {
		v = cutText(v)
	}
	w.Leaf(name, v)
}

// itemID writes the id of the item. For an attached item it is written only if asked for:
// it is the id of the attachment, with the change key of the item in the folder.
func (w *itemWriter) itemID() {
	if w.path != nil && !slices.Contains(w.shape.asked, "item:ItemId") {
		return
	}
	w.Open("t:ItemId")
	w.Attr("Id", w.id())
	w.Attr("ChangeKey", w.root.ChangeKey())
	w.Close()
}

func (w *itemWriter) time(name string, f ews.ExtendedField) {
	if p, ok := w.it.Property(f); ok {
		w.Leaf(name, w.when(p.Value))
	}
}

// maxReminder is the maximum number of minutes in advance that EWS allows for a reminder.
const maxReminder = 2629800

// reminderDelta writes how long before the due time a reminder comes, if EWS can express
// it.
func (w *itemWriter) reminderDelta() {
	if p, ok := w.it.Property(mailstore.PropReminderDelta); ok {
		if n := w.it.Properties().Int(mailstore.PropReminderDelta); n >= 0 && n <= maxReminder {
			w.Leaf("t:ReminderMinutesBeforeStart", p.Value)
		}
	}
}

// nextReminder writes when to remind next: the time that a client has set, otherwise the
// time derived from the due time of the active reminder.
func (w *itemWriter) nextReminder() {
	p := w.it.Properties()
	if at := p.Time(mailstore.PropReminderSignal); !at.IsZero() {
		w.Leaf("t:ReminderNextTime", w.formatted(at))
		return
	}
	due := p.Time(mailstore.PropReminderTime)
	if !p.Bool(mailstore.PropReminderSet) || due.IsZero() {
		return
	}
	// In seconds, because a 32-bit number holds more minutes than a Duration does.
	if next := time.Unix(due.Unix()-60*p.Int(mailstore.PropReminderDelta), 0).UTC(); mailstore.Keepable(next) {
		w.Leaf("t:ReminderNextTime", w.formatted(next))
	}
}

func (w *itemWriter) flag(name string, bit int64) {
	w.Bool(name, w.it.Properties().Int(mailstore.TagFlags)&bit != 0)
}

// receiver writes the owner of the mailbox, to whom a message was delivered.
func (w *itemWriter) receiver(name string) {
	if !w.it.Delivered || w.path != nil {
		return
	}
	box := w.it.Folder.Mailbox
	w.Open(name)
	a := eml.Address{Name: box.DisplayName, Email: box.Address}
	if w.shape.find {
		a.Email = ""
	}
	w.mailbox(a)
	w.Close()
}

func (w *itemWriter) categories() {
	p, ok := w.it.Properties()[mailstore.PropKeywords]
	if !ok || len(p.Values) == 0 {
		return
	}
	w.Open("t:Categories")
	for _, v := range p.Values {
		w.Leaf("t:String", v)
	}
	w.Close()
}

// maxHeaders limits the header fields shown.
const maxHeaders = 1000

func (w *itemWriter) headers() {
	fields := w.it.Headers()
	if wanted := w.shape.headers; wanted != nil {
		fields = slices.DeleteFunc(fields, func(f eml.Field) bool { return !wanted[strings.ToLower(f.Name)] })
	}
	if len(fields) == 0 {
		return
	}
	w.Open("t:InternetMessageHeaders")
	for _, f := range fields[:min(len(fields), maxHeaders)] {
		w.Open("t:InternetMessageHeader")
		w.Attr("HeaderName", f.Name)
		w.Text(f.Value)
		w.Close()
	}
	w.Close()
}

// responseObjects lists the possible responses to the item; withdrawing a receipt is
// possible only while one is pending.
func (w *itemWriter) responseObjects() {
	names := []string{"t:ForwardItem"}
	if messageKinds[w.it.Kind()] {
		names = []string{"t:ReplyToItem", "t:ReplyAllToItem", "t:ForwardItem"}
	}
	w.Open("t:ResponseObjects")
	for _, name := range names {
		w.Leaf(name, "")
	}
	if w.it.Pending() {
		w.Leaf("t:SuppressReadReceipt", "")
	}
	w.Close()
}

func (w *itemWriter) conversation() {
	w.conversationID(w.root.Folder.Mailbox, conversationOf(w.it))
}

func (w *itemWriter) followUp() {
	f := w.it.Flag()
	w.Open("t:Flag")
	w.Leaf("t:FlagStatus", f.Status)
	if !f.Start.IsZero() && !f.Due.IsZero() {
		w.Leaf("t:StartDate", w.when(ews.FormatTime(f.Start)))
	}
	if !f.Due.IsZero() {
		w.Leaf("t:DueDate", w.when(ews.FormatTime(f.Due)))
	}
	if !f.Complete.IsZero() {
		w.Leaf("t:CompleteDate", w.when(ews.FormatTime(f.Complete)))
	}
	w.Close()
}

func (w *itemWriter) single(name string, who, address ews.ExtendedField) {
	p := w.it.Properties()
	if p.Text(who) == "" && p.Text(address) == "" {
		return
	}
	w.Open(name)
	a := eml.Address{Name: p.Text(who), Email: p.Text(address)}
	if w.shape.find {
		// FindItem returns no addresses.
		a = eml.Address{Name: cutText(a.Name)}
	}
	w.mailbox(a)
	w.Close()
}

func (w *itemWriter) recipients(name, header string) {
	w.addresses(name, w.it.Content().Addresses(header))
}

func (e *encoder) addresses(name string, all []eml.Address) {
	if len(all) == 0 {
		return
	}
	e.Open(name)
	for _, a := range all {
		e.mailbox(a)
	}
	e.Close()
}
