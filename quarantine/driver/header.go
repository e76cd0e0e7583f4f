package driver

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Header is an internet header to add to a message. The zero value is none.
type Header struct {
	// Name is a field name as in RFC 5322, such as X-Quarantined, of at most 126
	// characters. It must not be a header that mail itself uses.
	Name string `json:"name"`
	// Value is one line of at most 255 characters.
	Value string `json:"value"`
}

// reservedHeaders are headers that mail itself uses: adding one would change
// what the message says or how it is read. The same applies to names that begin
// with a reservedPrefix.
var (
	reservedHeaders = []string{
		"authentication-results", "bcc", "cc", "comments", "date", "delivered-to", "dkim-signature", "from", "in-reply-to",
		"keywords", "message-id", "mime-version", "received", "received-spf", "references", "reply-to", "return-path",
		"sender", "subject", "to",
	}
	reservedPrefixes = []string{"content-", "resent-", "x-ms-exchange-"}
)

// Validate returns an [InvalidError], with the field "name" or "value", for
// each of these that cannot be used. The zero value is valid.
func (h Header) Validate() error {
	if h == (Header{}) {
		return nil
	}
	return errors.Join(h.checkName(), h.checkValue())
}

func (h Header) checkName() error {
	bad := func(problem string) error { return Invalid("header", "name", problem) }
	lower := strings.ToLower(h.Name)
	switch {
	case h.Name == "":
		return bad("is empty; set it to the name of a header, such as X-Quarantined")
	case len(h.Name) > 126:
		return bad("is too long; use at most 126 characters")
	case strings.ContainsFunc(h.Name, func(r rune) bool { return r <= ' ' || r >= 0x7F || r == ':' }):
		return bad("contains a space, a colon or another character that RFC 5322 does not allow in a field name; use letters, digits and hyphens, as in X-Quarantined")
	case slices.Contains(reservedHeaders, lower), slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(lower, p) }):
		return bad("is a header that mail itself or Exchange uses; choose another name, such as X-Quarantined")
	}
	return nil
}

func (h Header) checkValue() error {
	bad := func(problem string) error { return Invalid("header", "value", problem) }
	switch {
	case h.Value == "":
		return bad("is empty; set it to the text of the header")
	case strings.TrimSpace(h.Value) != h.Value:
		return bad("begins or ends with white space, which mail does not preserve; remove it")
	case !utf8.ValidString(h.Value), strings.ContainsFunc(h.Value, unicode.IsControl):
		return bad("contains a control character or bytes that are not UTF-8; use one line of plain text")
	case utf8.RuneCountInString(h.Value) > 255:
		return bad("is too long; use at most 255 characters")
	}
	return nil
}
