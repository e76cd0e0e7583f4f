package ewstest

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// URIs of the e-mail addresses of contacts: for all of them, and for one with its key as
// the index.
const (
	emailAddresses = "contacts:EmailAddresses"
	emailAddress   = "contacts:EmailAddress"
)

// contactTexts are the elements of contacts that hold a single text ([MS-OXOCNTC]).
var contactTexts = map[string]ews.ExtendedField{
	"FileAs":           contactName(0x8005),
	"GivenName":        contactText(0x3A06),
	"Initials":         contactText(0x3A0A),
	"MiddleName":       contactText(0x3A44),
	"Nickname":         contactText(0x3A4F),
	"CompanyName":      contactText(0x3A16),
	"AssistantName":    contactText(0x3A30),
	"BusinessHomePage": contactText(0x3A51),
	"Department":       contactText(0x3A18),
	"Generation":       contactText(0x3A05),
	"JobTitle":         contactText(0x3A17),
	"Manager":          contactText(0x3A4E),
	"OfficeLocation":   contactText(0x3A19),
	"Profession":       contactText(0x3A46),
	"SpouseName":       contactText(0x3A48),
	"Surname":          contactText(0x3A11),
}

func contactText(tag uint16) ews.ExtendedField {
	return mailstore.Key(ews.ExtendedField{Tag: tag, Type: ews.TypeString})
}

func contactName(id uint32) ews.ExtendedField {
	return mailstore.Key(ews.ExtendedField{Set: ews.SetAddress, ID: id, Type: ews.TypeString})
}

func init() {
	for name, f := range contactTexts {
		itemQuery.fields["contacts:"+name] = itemProperty(f)
	}
	for place := range emailPlaces {
		itemQuery.fields[emailAddress+" "+emailKey(place)] = itemProperty(emailFields(place)[emailItself])
	}
}

// A contact has three e-mail addresses, each with these properties.
const (
	emailPlaces  = 3
	emailName    = 0
	emailRouting = 1
	emailItself  = 2
)

// emailFields returns the properties of an e-mail address: its name, routing type, the
// address itself, and its original name.
func emailFields(place int) []ews.ExtendedField {
	first := 0x8080 + 0x10*uint32(place)
	return []ews.ExtendedField{contactName(first), contactName(first + 2), contactName(first + 3), contactName(first + 4)}
}

func emailKey(place int) string { return "EmailAddress" + strconv.Itoa(place+1) }

// emailPlace returns the place of a key, or the place of the first one if there is no
// such key.
func emailPlace(key string) int {
	for place := range emailPlaces {
		if emailKey(place) == key {
			return place
		}
	}
	return 0
}

// emails sets the addresses of EmailAddresses.
func (u *update) emails(v *ewsschema.Node) {
	for _, entry := range v.All("Entry") {
		address := strings.TrimSpace(entry.Text)
		fields := emailFields(emailPlace(entry.Get("Key")))
		if address == "" {
			u.remove = append(u.remove, fields...)
			continue
		}
		routing, name := entry.Get("RoutingType"), entry.Get("Name")
		if routing == "" {
			routing = "SMTP"
		}
		if name == "" {
			name = address
		}
		for i, value := range []string{name, routing, address, name} {
			u.set = append(u.set, ews.ExtendedProperty{Field: fields[i], Value: value})
		}
	}
}

// removeEmails removes all addresses.
func (u *update) removeEmails() {
	for place := range emailPlaces {
		u.remove = append(u.remove, emailFields(place)...)
	}
}

// assignEmail sets the address with a key.
func (u *update) assignEmail(key string, v *ewsschema.Node, appended bool) *refusal {
	switch entries := v.All("Entry"); {
	case v.Local != "EmailAddresses", len(entries) == 1 && entries[0].Get("Key") != key:
		return refuse("ErrorUpdatePropertyMismatch")
	case len(entries) != 1:
		return refuse("ErrorIncorrectUpdatePropertyCount")
	}
	return u.assignField(emailAddresses, v, appended)
}

// askEmail adds the address with a key to a shape.
func (s *itemShape) askEmail(key string) {
	i := itemIndex[emailAddresses][0]
	s.indexed = append(s.indexed, emailAddresses)
	if s.fields[i] && s.emails == nil {
		return // all of them
	}
	if s.emails == nil {
		s.emails = make(map[string]bool)
	}
	s.fields[i] = true
	s.emails[key] = true
}

// emailsOf returns the addresses of a contact by place, with an empty one for each that
// it lacks.
func emailsOf(it *mailstore.Item) (all [emailPlaces]entry, routing [emailPlaces]string) {
	for place := range emailPlaces {
		fields := emailFields(place)
		text := func(what int) string { return it.Properties().Text(fields[what]) }
		all[place] = entry{text(emailName), text(emailItself), "Contact"}
		routing[place] = text(emailRouting)
	}
	return all, routing
}

// writeEmails writes the addresses of a contact.
func (w *itemWriter) writeEmails() {
	all, routing := emailsOf(w.it)
	wanted := func(place int) bool {
		return all[place].address != "" && (w.shape.emails == nil || w.shape.emails[emailKey(place)])
	}
	if !wanted(0) && !wanted(1) && !wanted(2) {
		return
	}
	w.Open("t:EmailAddresses")
	for place, a := range all {
		if !wanted(place) {
			continue
		}
		w.Open("t:Entry")
		w.Attr("Key", emailKey(place))
		if w.shape.schema >= ewsschema.Exchange2010SP2 && a.name != "" {
			w.Attr("Name", a.name)
			w.Attr("RoutingType", routing[place])
		}
		w.Text(a.address)
		w.Close()
	}
	w.Close()
}
