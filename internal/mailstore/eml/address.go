package eml

import (
	"net/mail"
	"strings"

	gomail "github.com/emersion/go-message/mail"
)

// Address is a mailbox of a header field.
type Address struct{ Name, Email string }

// Addresses returns the mailboxes of a header field, such as To. Malformed fields
// are parsed as far as possible.
func (m *Message) Addresses(name string) []Address {
	value, ok := get(m.root.fields, name)
	if !ok || strings.TrimSpace(value) == "" {
		return nil
	}
	var h gomail.Header
	h.Set("To", value)
	if list, err := h.AddressList("To"); err == nil {
		all := make([]Address, len(list))
		for i, a := range list {
			all[i] = Address{Name: strings.ToValidUTF8(a.Name, "\uFFFD"), Email: strings.ToValidUTF8(a.Address, "\uFFFD")}
		}
		return all
	}
	var all []Address
	for piece := range splitAddresses(value) {
		if a := looseAddress(piece); a != (Address{}) {
			all = append(all, a)
		}
	}
	return all
}

// splitAddresses splits a list at commas and semicolons outside quotes.
func splitAddresses(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		quoted, begin := false, 0
		for i := range len(s) {
			switch c := s[i]; {
			case c == '"':
				quoted = !quoted
			case !quoted && (c == ',' || c == ';'):
				if !yield(s[begin:i]) {
					return
				}
				begin = i + 1
			}
		}
		yield(s[begin:])
	}
}

func looseAddress(s string) Address {
	s = strings.TrimSpace(s)
	if a, err := mail.ParseAddress(s); err == nil {
		return Address{Name: a.Name, Email: a.Address}
	}
	name, rest, angled := strings.Cut(s, "<")
	if !angled {
		if strings.Contains(s, "@") {
			return Address{Email: s}
		}
		return Address{Name: decode(strings.Trim(s, `"`))}
	}
	email, _, _ := strings.Cut(rest, ">")
	return Address{Name: decode(strings.Trim(strings.TrimSpace(name), `"`)), Email: strings.TrimSpace(email)}
}

// FormatAddresses returns the value of a header field with addresses. It is in ASCII
// unless an address itself is not.
func FormatAddresses(all []Address) string {
	list := make([]string, len(all))
	for i, a := range all {
		list[i] = (&mail.Address{Name: a.Name, Address: a.Email}).String()
	}
	return strings.Join(list, ", ")
}
