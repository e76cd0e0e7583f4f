package understood

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// header is the header of a report or of a reported message.
type header struct {
	*eml.Message
	fields []eml.Field
}

func newHeader(raw []byte) header {
	// A body is not read: the header ends before it.
	m := eml.Parse(append([]byte(nil), raw...))
	return header{m, m.Fields()}
}

// raw returns the fields with a name, unfolded and not decoded, in their order.
func (h header) raw(name string) (all []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return all
}

func (h header) first(name string) string {
	if all := h.raw(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// text returns a field, decoded, on one line.
func (h header) text(name string) string {
	if h.Message == nil {
		return ""
	}
	return clean(h.Header(name))
}

// received returns the time that the last server to receive a message gave it.
func (h header) received() time.Time {
	field := h.first("Received")
	if i := strings.LastIndexByte(field, ';'); i >= 0 {
		return dated(field[i+1:])
	}
	return time.Time{}
}

// dated reads the time of a header field.
func dated(field string) time.Time {
	t, err := mail.ParseDate(strings.TrimSpace(field))
	if err != nil || t.Year() < 1980 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

// people returns the addresses of fields.
func (p *parser) people(h header, names ...string) (all []Address) {
	if h.Message == nil {
		return nil
	}
	for _, name := range names {
		for _, a := range h.Addresses(name) {
			if len(all) == maxPeople {
				p.incomplete("a message has more than %d recipients", maxPeople)
				return all
			}
			if one := (Address{p.keep(clean(a.Name), maxField), p.keep(clean(a.Email), maxField)}); one != (Address{}) {
				all = append(all, one)
			}
		}
	}
	return all
}

// describe fills in a message from its header.
func (p *parser) describe(m *Message, h header) {
	ids := h.raw("Message-ID")
	switch {
	case len(ids) == 0:
	case len(ids[0]) > maxField:
		p.incomplete("a Message-ID longer than %d bytes was left out", maxField)
	default:
		m.MessageID = p.keep(idOf(ids[0]), maxField)
	}
	if slices.ContainsFunc(ids, func(id string) bool { return idOf(id) != idOf(ids[0]) }) {
		// It is not known which one the server kept, and the sender may have chosen that of
		// somebody else's message.
		p.incomplete("an attached message has several Message-IDs; the first one is told")
		m.Confidence = Low
	}
	m.NetworkMessageID = p.keep(clean(h.first("X-MS-Exchange-Organization-Network-Message-Id")), maxField)
	m.From = p.people(h, "From", "Sender")
	if len(m.From) > 1 && m.From[0] == m.From[len(m.From)-1] {
		m.From = m.From[:1]
	}
	m.To = p.people(h, "To", "Cc", "Bcc", "Delivered-To", "X-Original-To", "Envelope-To")
	m.Subject = p.keep(h.text("Subject"), maxField)
	m.Sent, m.Received = dated(h.first("Date")), h.received()
	m.Authentication = p.authentication(h)
}

// idOf returns the Message-ID of a field as written, without comments around it (RFC 5322,
// section 3.6.4). A field that is not just an id is returned whole; an empty one, or one
// with only brackets, as "".
func idOf(field string) string {
	field = clean(field)
	if ids := angled.FindAllString(field, 2); len(ids) == 1 {
		before, after, _ := strings.Cut(field, ids[0])
		if strings.TrimSpace(withoutComments(before)+withoutComments(after)) == "" {
			return ids[0]
		}
	}
	if plain := strings.TrimSpace(withoutComments(field)); plain != "" && angled.FindString(plain) == plain {
		return plain // a comment may contain an id as well
	}
	if strings.Trim(field, "<> ") == "" {
		return ""
	}
	return field
}
