package ewstest

import (
	"bytes"
	"encoding/hex"
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

// mayUpdateAndSend refuses to send an item after an update if nobody would get it,
// or if it has been sent.
func (c *call) mayUpdateAndSend(it *mailstore.Item, u *update) *refusal {
	switch {
	case !it.Draft():
		return refuseText("ErrorInvalidOperation", "ewstest sends drafts only.")
	case !addressed(eml.Parse(it.Content().Edit(u.edit))):
		return refuse("ErrorInvalidRecipients")
	}
	return nil
}

// copies returns the folder for the copy of a sent item.
func (c *call) copies(saved *mailstore.Folder, it *mailstore.Item) *mailstore.Folder {
	if saved != nil {
		return saved
	}
	return it.Folder.Mailbox.Named(ews.FolderSentItems)
}

// send delivers a draft to the mailboxes of its recipients, records it for all of
// them, and marks it as sent.
func (s *Server) send(it *mailstore.Item) {
	from := it.Folder.Mailbox
	content := it.Content()
	add := eml.Edit{Fields: []eml.Field{{Name: "Date", Value: s.opts.Now().UTC().Format(time.RFC1123Z)}}}
	if !content.Has("From") {
		add.Fields = append(add.Fields, eml.Field{Name: "From", Value: eml.FormatAddresses([]eml.Address{{Name: from.DisplayName, Email: from.Address}})})
	}
	if !content.Has("Message-ID") {
		add.Fields = append(add.Fields, eml.Field{Name: "Message-ID", Value: "<" + hex.EncodeToString(s.org.Random(16)) + "@" + s.opts.Domain + ">"})
	}
	back := eml.FormatAddresses([]eml.Address{{Email: from.Address}})
	for _, asked := range []struct {
		tag   ews.ExtendedField
		field string
	}{{mailstore.TagReadReceipt, "Disposition-Notification-To"}, {mailstore.TagDeliveryReport, "Return-Receipt-To"}} {
		if it.Properties().Bool(asked.tag) && !content.Has(asked.field) {
			add.Fields = append(add.Fields, eml.Field{Name: asked.field, Value: back})
		}
	}
	it.Rewrite(eml.Parse(bytes.Join(it.Outgoing(), nil)).Edit(add))
	it.Sent()
	outgoing := it.Content().Edit(eml.Edit{Fields: []eml.Field{{Name: "Bcc"}}})
	delivered := make(map[*mailstore.Mailbox]bool)
	for _, h := range recipientFields {
		for _, a := range it.Content().Addresses(h) {
			s.notified(mailstore.Notice{Kind: "Sent", From: from.Address, To: a.Email, Subject: it.Properties().Text(mailstore.TagSubject), Item: it})
			box := s.org.ByAddress(a.Email)
			if box != nil && !box.Gone && !delivered[box] {
				delivered[box] = true
				box.Named(ews.FolderInbox).Create(mailstore.New{MIME: outgoing, Delivered: true, Attached: it.AttachedItems()})
			}
		}
	}
}

// emptyItems writes the answer to sending: no item.
func (e *encoder) emptyItems() {
	e.Open("m:Items")
	e.Close()
}
