package ews

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// decodeMailbox reads the current element as a Mailbox.
func decodeMailbox(d *xmlwire.Decoder, m *Mailbox) {
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "Name":
			m.Name = d.Text()
		case "EmailAddress":
			m.EmailAddress = d.Text()
		case "RoutingType":
			m.RoutingType = d.TextInterned()
		case "MailboxType":
			m.MailboxType = d.TextInterned()
		case "ItemId":
			m.ItemID = decodeItemID(d)
		}
	}
}

// decodeRecipient reads an element that holds one Mailbox.
func decodeRecipient(d *xmlwire.Decoder, m *Mailbox) {
	depth := d.Depth()
	for d.NextChild(depth) {
		if d.Local() == "Mailbox" {
			decodeMailbox(d, m)
		}
	}
}

// decodeRecipients reads an element that holds any number of Mailboxes.
func decodeRecipients(d *xmlwire.Decoder) []Mailbox {
	var list []Mailbox
	depth := d.Depth()
	for d.NextChild(depth) {
		if d.Local() == "Mailbox" {
			list = append(list, Mailbox{})
			decodeMailbox(d, &list[len(list)-1])
		}
	}
	return list
}

// encodeMailbox writes a mailbox by its address, or by its id if it is a
// private list.
func encodeMailbox(e *xmlwire.Encoder, name string, m Mailbox) {
	e.Open(name)
	if m.EmailAddress != "" {
		e.Leaf("t:EmailAddress", m.EmailAddress)
	}
	if m.EmailAddress != "" && m.RoutingType != "" {
		e.Leaf("t:RoutingType", m.RoutingType)
	}
	if !m.ItemID.IsZero() {
		m.ItemID.encode(e, "t:ItemId")
	}
	e.Close()
}
