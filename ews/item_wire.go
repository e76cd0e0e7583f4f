package ews

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// itemDecoder reads items. It remembers how many extended properties the previous item
// had, because the items of a page resemble each other.
type itemDecoder struct {
	d        *xmlwire.Decoder
	extended int
}

// item reads the current element as an item. Malformed values are left out rather than
// failing the page: they come from other people's messages.
func (x *itemDecoder) item(it *Item) {
	d := x.d
	it.Kind = d.Local()
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "ItemId":
			it.ID = decodeItemID(d)
		case "ParentFolderId":
			it.ParentFolderID = decodeFolderID(d)
		case "ItemClass":
			it.Class = d.TextInterned()
		case "Subject":
			it.Subject = d.Text()
		case "Sensitivity":
			it.Sensitivity = d.TextInterned()
		case "Attachments":
			it.Attachments = decodeAttachments(d)
		case "DateTimeReceived":
			it.Received, _ = d.TryTime()
		case "Size":
			it.Size, _ = d.TryInt64()
		case "Categories":
			it.Categories = decodeStrings(d)
		case "Importance":
			it.Importance = d.TextInterned()
		case "InReplyTo":
			it.InReplyTo = d.Text()
		case "IsDraft":
			it.IsDraft, _ = d.TryBool()
		case "InternetMessageHeaders":
			it.InternetHeaders = decodeHeaders(d)
		case "DateTimeSent":
			it.Sent, _ = d.TryTime()
		case "DateTimeCreated":
			it.Created, _ = d.TryTime()
		case "HasAttachments":
			it.HasAttachments, _ = d.TryBool()
		case "ExtendedProperty":
			if it.Extended == nil && x.extended > 0 {
				it.Extended = make([]ExtendedProperty, 0, x.extended)
			}
			it.Extended = appendExtendedProperty(d, it.Extended)
		case "LastModifiedTime":
			it.LastModified, _ = d.TryTime()
		case "Flag":
			it.Flag = decodeFlag(d)
		case "Sender":
			decodeRecipient(d, &it.Sender)
		case "From":
			decodeRecipient(d, &it.From)
		case "ToRecipients":
			it.To = decodeRecipients(d)
		case "CcRecipients":
			it.Cc = decodeRecipients(d)
		case "BccRecipients":
			it.Bcc = decodeRecipients(d)
		case "IsReadReceiptRequested":
			it.ReadReceiptRequested, _ = d.TryBool()
		case "InternetMessageId":
			it.InternetMessageID = d.Text()
		case "IsRead":
			it.IsRead, _ = d.TryBool()
		}
	}
	x.extended = min(len(it.Extended), 32)
}

func decodeStrings(d *xmlwire.Decoder) []string {
	var list []string
	depth := d.Depth()
	for d.NextChild(depth) {
		list = append(list, d.TextInterned())
	}
	return list
}

func decodeFlag(d *xmlwire.Decoder) Flag {
	var f Flag
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "FlagStatus":
			f.Status = d.TextInterned()
		case "StartDate":
			f.Start, _ = d.TryTime()
		case "DueDate":
			f.Due, _ = d.TryTime()
		case "CompleteDate":
			f.Complete, _ = d.TryTime()
		}
	}
	return f
}

func decodeAttachments(d *xmlwire.Decoder) []Attachment {
	var list []Attachment
	depth := d.Depth()
	for d.NextChild(depth) {
		a := Attachment{IsItem: d.Local() == "ItemAttachment"}
		inner := d.Depth()
		for d.NextChild(inner) {
			a.decodeField(d)
		}
		list = append(list, a)
	}
	return list
}

// decodeField reads the current element as a property of an attachment, if it is one.
func (a *Attachment) decodeField(d *xmlwire.Decoder) {
	switch d.Local() {
	case "AttachmentId":
		a.ID, _ = d.Attr("Id")
	case "Name":
		a.Name = d.Text()
	case "ContentType":
		a.ContentType = d.TextInterned()
	case "ContentId":
		a.ContentID = d.Text()
	case "Size":
		a.Size, _ = d.TryInt64()
	case "IsInline":
		a.IsInline, _ = d.TryBool()
	}
}

func decodeHeaders(d *xmlwire.Decoder) []InternetHeader {
	var list []InternetHeader
	depth := d.Depth()
	for d.NextChild(depth) {
		if d.Local() == "InternetMessageHeader" {
			name := d.AttrInterned("HeaderName")
			list = append(list, InternetHeader{Name: name, Value: d.Text()})
		}
	}
	return list
}
