package ewstest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// itemWriter writes the properties of one item.
type itemWriter struct {
	*encoder
	it    *mailstore.Item
	shape *itemShape
}

// itemFields are the properties in schema order. The one without a writer marks
// the place of the extended properties.
var itemFields = []itemField{
	{uri: "item:MimeContent", heavy: true, write: func(w *itemWriter) {
		w.content("t:MimeContent", w.it.MIME(), "CharacterSet", "UTF-8")
	}},
	{uri: "item:ItemId", base: inDefault, write: func(w *itemWriter) { w.itemID("t:ItemId", w.it) }},
	{uri: "item:ParentFolderId", base: inAll, write: func(w *itemWriter) { w.folderID("t:ParentFolderId", w.it.Folder) }},
	{uri: "item:ItemClass", base: inAll, write: func(w *itemWriter) { w.text("t:ItemClass", mailstore.TagClass) }},
	{uri: "item:Subject", base: inDefault, write: func(w *itemWriter) { w.text("t:Subject", mailstore.TagSubject) }},
	{uri: "item:Sensitivity", base: inDefault, write: func(w *itemWriter) { w.Leaf("t:Sensitivity", w.it.Sensitivity()) }},
	{uri: "item:Body", base: inDefault, heavy: true, write: (*itemWriter).body},
	{uri: "item:Attachments", base: inDefault, heavy: true, write: (*itemWriter).attachments},
	{uri: "item:DateTimeReceived", base: inAll, write: func(w *itemWriter) { w.time("t:DateTimeReceived", mailstore.TagDeliveryTime) }},
	{uri: "item:Size", base: inDefault, write: func(w *itemWriter) { w.Int("t:Size", w.it.Size()) }},
	{uri: "item:Categories", base: inAll, write: (*itemWriter).categories},
	{uri: "item:Importance", base: inAll, write: func(w *itemWriter) { w.Leaf("t:Importance", w.it.Importance()) }},
	{uri: "item:InReplyTo", base: inAll, write: func(w *itemWriter) { w.text("t:InReplyTo", mailstore.TagInReplyTo) }},
	{uri: "item:IsSubmitted", base: inAll, write: func(w *itemWriter) { w.flag("t:IsSubmitted", mailstore.FlagSubmitted) }},
	{uri: "item:IsDraft", base: inAll, write: func(w *itemWriter) { w.flag("t:IsDraft", mailstore.FlagUnsent) }},
	{uri: "item:IsFromMe", base: inAll, write: func(w *itemWriter) { w.Bool("t:IsFromMe", false) }},
	{uri: "item:IsResend", base: inAll, write: func(w *itemWriter) { w.Bool("t:IsResend", false) }},
	{uri: "item:IsUnmodified", base: inAll, write: func(w *itemWriter) { w.flag("t:IsUnmodified", mailstore.FlagUnmodified) }},
	{uri: "item:InternetMessageHeaders", base: inAll, heavy: true, write: (*itemWriter).headers},
	{uri: "item:DateTimeSent", base: inDefault, write: func(w *itemWriter) { w.time("t:DateTimeSent", mailstore.TagSubmitTime) }},
	{uri: "item:DateTimeCreated", base: inDefault, write: func(w *itemWriter) { w.time("t:DateTimeCreated", mailstore.TagCreated) }},
	{uri: "item:ResponseObjects", base: inDefault, heavy: true, write: (*itemWriter).responseObjects},
	{uri: "item:DisplayCc", base: inAll, write: func(w *itemWriter) { w.text("t:DisplayCc", mailstore.TagDisplayCc) }},
	{uri: "item:DisplayTo", base: inAll, write: func(w *itemWriter) { w.text("t:DisplayTo", mailstore.TagDisplayTo) }},
	{uri: "item:HasAttachments", base: inDefault, write: func(w *itemWriter) {
		w.Bool("t:HasAttachments", w.it.Properties().Bool(mailstore.TagHasAttachments))
	}},
	{uri: "ExtendedProperty"},
	{uri: "item:EffectiveRights", base: inAll, write: func(w *itemWriter) { w.rights() }},
	{uri: "item:LastModifiedTime", since: ewsschema.Exchange2007SP1, base: inAll, write: func(w *itemWriter) { w.time("t:LastModifiedTime", mailstore.TagModified) }},
	{uri: "item:IsAssociated", since: ewsschema.Exchange2010, base: inAll, write: func(w *itemWriter) { w.Bool("t:IsAssociated", w.it.Associated) }},
	{uri: "item:ConversationId", since: ewsschema.Exchange2010, base: inAll, write: (*itemWriter).conversation},
	{uri: "item:Flag", since: ewsschema.Exchange2013, base: inAll, write: (*itemWriter).followUp},
	{uri: "item:InstanceKey", since: ewsschema.Exchange2013, base: inAll, write: func(w *itemWriter) {
		key := binary.BigEndian.AppendUint64(nil, w.it.ID().Number)
		w.Leaf("t:InstanceKey", base64.StdEncoding.EncodeToString(key))
	}},
	{uri: "message:Sender", message: true, base: inAll, write: func(w *itemWriter) {
		w.single("t:Sender", mailstore.TagSenderName, mailstore.TagSenderAddress)
	}},
	{uri: "message:ToRecipients", message: true, base: inDefault, heavy: true, write: func(w *itemWriter) { w.recipients("t:ToRecipients", "To") }},
	{uri: "message:CcRecipients", message: true, base: inDefault, heavy: true, write: func(w *itemWriter) { w.recipients("t:CcRecipients", "Cc") }},
	{uri: "message:BccRecipients", message: true, base: inDefault, heavy: true, write: func(w *itemWriter) { w.recipients("t:BccRecipients", "Bcc") }},
	{uri: "message:IsReadReceiptRequested", message: true, base: inAll, write: func(w *itemWriter) {
		w.Bool("t:IsReadReceiptRequested", w.it.Properties().Bool(mailstore.TagReadReceipt))
	}},
	{uri: "message:IsDeliveryReceiptRequested", message: true, base: inAll, write: func(w *itemWriter) {
		w.Bool("t:IsDeliveryReceiptRequested", w.it.Properties().Bool(mailstore.TagDeliveryReport))
	}},
	{uri: "message:ConversationTopic", message: true, base: inAll, write: func(w *itemWriter) { w.text("t:ConversationTopic", mailstore.TagTopic) }},
	{uri: "message:From", message: true, base: inDefault, write: func(w *itemWriter) {
		w.single("t:From", mailstore.TagFromName, mailstore.TagFromAddress)
	}},
	{uri: "message:InternetMessageId", message: true, base: inAll, write: func(w *itemWriter) { w.text("t:InternetMessageId", mailstore.TagMessageID) }},
	{uri: "message:IsRead", message: true, base: inDefault, write: func(w *itemWriter) { w.flag("t:IsRead", mailstore.FlagRead) }},
	{uri: "message:References", message: true, base: inAll, write: func(w *itemWriter) { w.text("t:References", mailstore.TagReferences) }},
	{uri: "message:ReplyTo", message: true, base: inAll, heavy: true, write: func(w *itemWriter) { w.recipients("t:ReplyTo", "Reply-To") }},
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

func (w *itemWriter) time(name string, f ews.ExtendedField) {
	if p, ok := w.it.Properties()[f]; ok {
		w.Leaf(name, p.Value)
	}
}

func (w *itemWriter) flag(name string, bit int64) {
	w.Bool(name, w.it.Properties().Int(mailstore.TagFlags)&bit != 0)
}

func (w *itemWriter) body() {
	text, html := w.it.Content().Body()
	kind := "Text"
	if html && w.shape.html {
		kind = "HTML"
	}
	w.Open("t:Body")
	w.Attr("BodyType", kind)
	w.Text(text)
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

// responseObjects lists the possible responses to the item: withdrawing a
// receipt only while one is pending.
func (w *itemWriter) responseObjects() {
	if !messageKinds[w.it.Kind()] {
		return
	}
	w.Open("t:ResponseObjects")
	for _, name := range []string{"t:ReplyToItem", "t:ReplyAllToItem", "t:ForwardItem"} {
		w.Leaf(name, "")
	}
	if w.it.Pending() {
		w.Leaf("t:SuppressReadReceipt", "")
	}
	w.Close()
}

func (w *itemWriter) conversation() {
	sum := sha256.Sum256([]byte(strings.ToLower(w.it.Properties().Text(mailstore.TagTopic))))
	w.Open("t:ConversationId")
	w.Attr("Id", base64.StdEncoding.EncodeToString(sum[:]))
	w.Close()
}

func (w *itemWriter) followUp() {
	f := w.it.Flag()
	w.Open("t:Flag")
	w.Leaf("t:FlagStatus", f.Status)
	if !f.Start.IsZero() && !f.Due.IsZero() {
		w.Leaf("t:StartDate", ews.FormatTime(f.Start))
	}
	if !f.Due.IsZero() {
		w.Leaf("t:DueDate", ews.FormatTime(f.Due))
	}
	if !f.Complete.IsZero() {
		w.Leaf("t:CompleteDate", ews.FormatTime(f.Complete))
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
	all := w.it.Content().Addresses(header)
	if len(all) == 0 {
		return
	}
	w.Open(name)
	for _, a := range all {
		w.mailbox(a)
	}
	w.Close()
}

func (w *itemWriter) mailbox(a eml.Address) {
	w.Open("t:Mailbox")
	name := a.Name
	if name == "" {
		name = a.Email
	}
	w.Leaf("t:Name", name)
	if a.Email != "" {
		w.Leaf("t:EmailAddress", a.Email)
		w.Leaf("t:RoutingType", "SMTP")
		w.Leaf("t:MailboxType", "OneOff")
	}
	w.Close()
}

// rights writes EffectiveRights: whoever may open a mailbox has all rights in it.
func (e *encoder) rights() {
	e.Open("t:EffectiveRights")
	for _, name := range []string{"t:CreateAssociated", "t:CreateContents", "t:CreateHierarchy", "t:Delete", "t:Modify", "t:Read"} {
		e.Bool(name, true)
	}
	e.Close()
}
