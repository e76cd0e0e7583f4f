package ewstest

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// update collects the changes to one item, or the content of a new one.
type update struct {
	server  *Server
	version Version
	item    *mailstore.Item // an empty one if it is new
	set     []ews.ExtendedProperty
	remove  []ews.ExtendedField
	edit    eml.Edit // of the message
	edited  bool
	mime    []byte            // replaces the message of a draft
	files   []*mailstore.Item // the items among the attachments of the edit; nil for a file
}

// apply makes the changes.
func (u *update) apply(suppress bool) {
	if u.mime != nil {
		u.item.Reform(u.mime)
	}
	if u.edited {
		u.item.Rewrite(u.item.Content().Edit(u.edit))
	}
	if u.sets(mailstore.PropReminderTime, mailstore.PropReminderDelta) && !u.sets(mailstore.PropReminderSignal) {
		u.remove = append(u.remove, mailstore.PropReminderSignal) // it belonged to the old time
	}
	u.item.Update(u.set, u.remove, suppress)
}

// sets reports whether the update has a value for one of the properties.
func (u *update) sets(fields ...ews.ExtendedField) bool {
	return slices.ContainsFunc(u.set, func(p ews.ExtendedProperty) bool { return slices.Contains(fields, keyOf(p.Field)) })
}

// nameOf returns the name of the element at a URI.
func nameOf(uri string) string {
	_, name, _ := strings.Cut(uri, ":")
	return name
}

// texts and truths are the elements that correspond to one property each.
var (
	textFields = map[string]ews.ExtendedField{
		"Subject": mailstore.TagSubject, "ItemClass": mailstore.TagClass,
		"InReplyTo": mailstore.TagInReplyTo, "References": mailstore.TagReferences,
		"ReminderDueBy": mailstore.PropReminderTime, "ReminderMinutesBeforeStart": mailstore.PropReminderDelta,
		"ReminderNextTime": mailstore.PropReminderSignal, "RetentionDate": mailstore.TagRetentionDate,
		"DisplayName": mailstore.TagDisplayName, "Start": mailstore.PropStart, "End": mailstore.PropEnd,
	}
	truthFields = map[string][]ews.ExtendedField{
		"IsReadReceiptRequested":     {mailstore.TagReadReceipt, mailstore.TagNonReceipt},
		"IsDeliveryReceiptRequested": {mailstore.TagDeliveryReport},
		"IsResponseRequested":        {mailstore.TagReplyRequested},
		"ReminderIsSet":              {mailstore.PropReminderSet},
	}
	// addressFields are the header fields of elements with addresses.
	addressFields = map[string]string{
		"From": "From", "Sender": "Sender", "ToRecipients": "To", "CcRecipients": "Cc", "BccRecipients": "Bcc", "ReplyTo": "Reply-To",
	}
)

// put sets the value of an element, or adds to it.
func (u *update) put(v *ewsschema.Node, appended bool) *refusal {
	f, ok := textFields[v.Local]
	if !ok {
		f, ok = contactTexts[v.Local]
	}
	if ok {
		value, refused := canonical(f.Type, v.Text)
		u.set = append(u.set, ews.ExtendedProperty{Field: f, Value: value})
		return refused
	}
	if fields, ok := truthFields[v.Local]; ok {
		for _, f := range fields {
			p, refused := canonical(ews.TypeBoolean, v.Text)
			if refused != nil {
				return refused
			}
			u.set = append(u.set, ews.ExtendedProperty{Field: f, Value: p})
		}
		return nil
	}
	if header, ok := addressFields[v.Local]; ok {
		return u.people(header, v, appended)
	}
	return u.special(v, appended)
}

// special sets the elements that need special treatment.
func (u *update) special(v *ewsschema.Node, appended bool) *refusal {
	var p ews.ExtendedProperty
	ok := true
	switch v.Local {
	case "Sensitivity":
		p, ok = mailstore.Sensitivity(v.Text)
	case "Importance":
		p, ok = mailstore.Importance(v.Text)
	case "IsRead":
		p = mailstore.ReadState(u.item, v.Text == "true" || v.Text == "1")
	case "Categories":
		p = mailstore.Categories(stringsOf(v))
	case "Flag":
		set, remove, refused := followUp(v)
		u.set, u.remove = append(u.set, set...), append(u.remove, remove...)
		return refused
	case "Body":
		u.edited = true
		body := &eml.Body{HTML: v.Get("BodyType") == "HTML", Text: v.Text}
		if appended {
			old, html := u.item.Content().Body()
			if html != body.HTML {
				return refuseText("ErrorInvalidPropertyAppend", "The body has another format.")
			}
			body.Text = eml.Append(old, html, body.Text)
		}
		u.edit.Body = body
		return nil
	case "Attachments":
		return u.attach(v)
	case "EmailAddresses":
		u.emails(v)
		return nil
	case "MimeContent":
		return u.replace(v)
	case "Culture":
		if p, ok = mailstore.Culture(v.Text); !ok {
			return refuse("ErrorUnsupportedCulture")
		}
	}
	if !ok {
		return refuse("ErrorInvalidValueForProperty")
	}
	u.set = append(u.set, p)
	return nil
}

// people sets the addresses of a header field.
func (u *update) people(header string, v *ewsschema.Node, appended bool) *refusal {
	var all []eml.Address
	if appended {
		all = u.item.Content().Addresses(header)
	}
	for _, m := range v.All("Mailbox") {
		a := eml.Address{Name: m.Value("Name"), Email: strings.TrimSpace(m.Value("EmailAddress"))}
		switch kind := m.Value("RoutingType"); {
		case m.Child("ItemId").Exists():
			return lacks.refusal(u.version, "ItemId of a Mailbox", true)
		case kind != "" && !strings.EqualFold(kind, "SMTP"):
			return lacks.refusal(u.version, "RoutingType "+kind, true)
		}
		if a.Email == "" {
			return refuseText("ErrorMissingInformationEmailAddress", "ewstest knows mailboxes by their address only.")
		}
		all = append(all, u.server.named(a))
	}
	u.field(header, eml.FormatAddresses(all))
	return nil
}

func (u *update) field(name, value string) {
	u.edited = true
	u.edit.Fields = append(u.edit.Fields, eml.Field{Name: name, Value: value})
}

// erase removes the value of an element.
func (u *update) erase(name string) {
	switch {
	case textFields[name] != ews.ExtendedField{}:
		u.remove = append(u.remove, textFields[name])
	case contactTexts[name] != ews.ExtendedField{}:
		u.remove = append(u.remove, contactTexts[name])
	case name == "EmailAddresses":
		u.removeEmails()
	case truthFields[name] != nil:
		u.remove = append(u.remove, truthFields[name]...)
	case addressFields[name] != "":
		u.field(addressFields[name], "")
	case name == "Culture":
		u.remove = append(u.remove, mailstore.TagLocale)
	case name == "Categories":
		u.remove = append(u.remove, mailstore.PropKeywords)
	case name == "Flag":
		_, remove := mailstore.FlagProperties(ews.Flag{Status: "NotFlagged"})
		u.remove = append(u.remove, remove...)
	case name == "Body":
		u.edited, u.edit.Body = true, &eml.Body{}
	}
}

func stringsOf(n *ewsschema.Node) []string {
	var all []string
	for _, s := range n.All("String") {
		all = append(all, s.Text)
	}
	return all
}

// followUp returns the MAPI properties to set and remove for a Flag.
func followUp(n *ewsschema.Node) (set []ews.ExtendedProperty, remove []ews.ExtendedField, refused *refusal) {
	f := ews.Flag{Status: n.Value("FlagStatus")}
	f.Start, _ = mailstore.ParseTime(n.Value("StartDate"))
	f.Due, _ = mailstore.ParseTime(n.Value("DueDate"))
	f.Complete, _ = mailstore.ParseTime(n.Value("CompleteDate"))
	switch {
	case f.Status == "Flagged" && f.Start.IsZero() != f.Due.IsZero(),
		f.Status != "Flagged" && (!f.Start.IsZero() || !f.Due.IsZero()),
		f.Status != "Complete" && !f.Complete.IsZero():
		return nil, nil, refuseText("ErrorInvalidArgument", "A flag has start and due date together, and only if flagged; a completion date only if complete.")
	}
	set, remove = mailstore.FlagProperties(f)
	return set, remove, nil
}
