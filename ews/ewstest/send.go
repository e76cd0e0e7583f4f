package ewstest

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// recipientFields are the header fields with the recipients of a message.
var recipientFields = []string{"To", "Cc", "Bcc"}

// addressed reports whether a message has recipients.
func addressed(m *eml.Message) bool {
	for _, h := range recipientFields {
		if len(m.Addresses(h)) > 0 {
			return true
		}
	}
	return false
}

// maySend refuses to send a message of a mailbox if nobody would get it, or if the caller
// may not send as its author.
func (c *call) maySend(m *eml.Message, box *mailstore.Mailbox) *refusal {
	switch {
	case !c.who.opens(box):
		return refuse("ErrorSendAsDenied")
	case !addressed(m):
		return refuse("ErrorInvalidRecipients")
	}
	_, refused := c.author(m, box)
	return refused
}

// mayUpdateAndSend refuses to send an item after an update if the item is not a draft or
// must not be sent.
func (c *call) mayUpdateAndSend(it *mailstore.Item, u *update) *refusal {
	if !it.Draft() {
		return refuseText("ErrorInvalidOperation", "ewstest sends drafts only.")
	}
	return c.maySend(eml.Parse(it.Content().Edit(u.edit)), it.Folder.Mailbox)
}

// store creates an item in a folder, or sends it. It returns nil if it was sent.
func (c *call) store(f *mailstore.Folder, item *mailstore.New, sending bool) (*mailstore.Item, *refusal) {
	if f.Mailbox.Full(int64(len(item.MIME))) {
		return nil, refuse("ErrorQuotaExceeded")
	}
	if sending {
		if refused := c.maySend(eml.Parse(item.MIME), f.Mailbox); refused != nil {
			return nil, refused
		}
	}
	c.acted = true
	it := f.Create(*item)
	c.forget(it)
	it.Creator = c.who.account
	if !sending {
		return it, nil
	}
	c.send(it)
	if c.op.Get("MessageDisposition") == "SendOnly" {
		it.Delete()
	}
	return nil, nil
}

// copies returns the folder for the copy of a sent item.
func (c *call) copies(saved *mailstore.Folder, it *mailstore.Item) *mailstore.Folder {
	if saved != nil {
		return saved
	}
	return it.Folder.Mailbox.Named(ews.FolderSentItems)
}

// author is the person a message is from, and the person who sends it on their behalf.
type author struct{ from, sender eml.Address }

// author returns the author of a message that the caller sends: the address in From, or
// the owner of the mailbox that the message is in.
func (c *call) author(m *eml.Message, box *mailstore.Mailbox) (author, *refusal) {
	from := eml.Address{Name: box.DisplayName, Email: box.Address}
	if all := m.Addresses("From"); len(all) > 0 && all[0].Email != "" {
		from = all[0]
	}
	if from.Name == "" {
		if e, _ := c.lookUp(from.Email); e.name != from.Email {
			from.Name = e.name
		}
	}
	self := c.who.box
	if self != nil && self.Has(from.Email) {
		return author{from, from}, nil
	}
	as := strings.ToLower(from.Email)
	if other := c.org.ByAddress(as); other != nil {
		as = strings.ToLower(other.Address)
	}
	has := func(rights map[string]map[string]bool) bool {
		r := rights[c.who.account]
		return r[everybody] || r[as]
	}
	switch {
	case has(c.directory.sendAs):
		return author{from, from}, nil
	case has(c.directory.onBehalf) && self != nil:
		return author{from, eml.Address{Name: self.DisplayName, Email: self.Address}}, nil
	}
	return author{}, refuse("ErrorSendAsDenied")
}

// send submits an item that may be sent, marks it as sent, and records it for all of its
// recipients.
func (c *call) send(it *mailstore.Item) {
	by, _ := c.author(it.Content(), it.Folder.Mailbox)
	it.Rewrite(eml.Parse(bytes.Join(it.Outgoing(), nil)).Edit(eml.Edit{Fields: c.stamps(it, by)}))
	it.Submit()
	it.Sent()
	content := it.Content()
	var to []eml.Address
	for _, h := range recipientFields {
		to = append(to, content.Addresses(h)...)
	}
	for _, a := range to {
		c.notified(mailstore.Notice{Kind: "Sent", From: by.from.Email, To: a.Email, Subject: it.Properties().Text(mailstore.TagSubject), Item: it})
	}
	hidden := []eml.Field{{Name: "Bcc"}}
	l := letter{class: it.Class(), properties: travelling(it), attached: it.AttachedItems(), back: by.sender, to: to, reports: content.Has("Return-Receipt-To")}
	if l.reports && !content.Has("Disposition-Notification-To") {
		// For a mailbox, the field would also ask for a read receipt.
		hidden = append(hidden, eml.Field{Name: "Return-Receipt-To"})
		l.properties = append(l.properties, ews.ExtendedProperty{Field: mailstore.TagDeliveryReport, Value: "true"})
	}
	l.raw = content.Edit(eml.Edit{Fields: hidden})
	c.transport(l)
}

// travelling returns the properties that accompany a message's MIME within an
// organisation: those that clients have defined, and what the message asks for.
func travelling(it *mailstore.Item) []ews.ExtendedProperty {
	var all []ews.ExtendedProperty
	p := it.Properties()
	for _, key := range p.Keys() {
		if key == mailstore.TagReplyRequested || mailstore.Custom(key) && key.Set != ews.SetInternetHeaders {
			all = append(all, p[key])
		}
	}
	return all
}

// stamps returns the header fields that a message gets when it is sent.
func (c *call) stamps(it *mailstore.Item, by author) []eml.Field {
	content, p := it.Content(), it.Properties()
	fields := []eml.Field{
		{Name: "Date", Value: c.opts.Now().UTC().Format(time.RFC1123Z)},
		{Name: "From", Value: eml.FormatAddresses([]eml.Address{by.from})},
	}
	sender := eml.Field{Name: "Sender"} // removed if the author sends it
	if by.sender != by.from {
		sender.Value = eml.FormatAddresses([]eml.Address{by.sender})
	}
	fields = append(fields, sender)
	if !content.Has("Message-ID") {
		fields = append(fields, eml.Field{Name: "Message-ID", Value: c.newMessageID()})
	}
	back := eml.FormatAddresses([]eml.Address{{Email: by.sender.Email}})
	for _, asked := range []struct {
		tag   ews.ExtendedField
		field string
	}{{mailstore.TagReadReceipt, "Disposition-Notification-To"}, {mailstore.TagDeliveryReport, "Return-Receipt-To"}} {
		if p.Bool(asked.tag) && !content.Has(asked.field) {
			fields = append(fields, eml.Field{Name: asked.field, Value: back})
		}
	}
	for _, text := range []struct {
		tag   ews.ExtendedField
		field string
	}{{mailstore.TagInReplyTo, "In-Reply-To"}, {mailstore.TagReferences, "References"}} {
		if v := p.Text(text.tag); v != "" && !content.Has(text.field) {
			fields = append(fields, eml.Field{Name: text.field, Value: v})
		}
	}
	if v := it.Importance(); v != "Normal" {
		fields = append(fields, eml.Field{Name: "Importance", Value: strings.ToLower(v)})
	}
	if v := it.Sensitivity(); v != "Normal" {
		fields = append(fields, eml.Field{Name: "Sensitivity", Value: sensitivities[v]})
	}
	return fields
}

// sensitivities are the values of the header field, by the name in EWS.
var sensitivities = map[string]string{"Personal": "Personal", "Private": "Private", "Confidential": "Company-Confidential"}

// newMessageID returns a Message-ID of this server.
func (s *Server) newMessageID() string {
	return "<" + hex.EncodeToString(s.org.Random(16)) + "@" + s.opts.Domain + ">"
}

// emptyItems writes the answer to sending: no item.
func (e *encoder) emptyItems() {
	e.Open("m:Items")
	e.Close()
}
