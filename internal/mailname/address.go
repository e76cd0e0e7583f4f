package mailname

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// maxAddress is the maximum length of an address, in bytes (RFC 5321, section 4.5.3.1.3,
// less the angle brackets).
const maxAddress = 254

// CheckAddress reports what is wrong with the SMTP address of a mailbox.
func CheckAddress(address string) error {
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case address == "":
		return errors.New("is empty; use the primary SMTP address of the mailbox")
	case len(address) > maxAddress:
		return fmt.Errorf("is longer than the %d bytes that an address may have; use the primary SMTP address of the mailbox", maxAddress)
	case !ok || local == "" || domain == "" || strings.ContainsAny(address, " \t<>,;:\"") || strings.Contains(domain, "@"):
		return fmt.Errorf("%q is not an SMTP address; use the form name@example.com", address)
	}
	return CheckText(address)
}

// IsDomain reports whether s looks like a DNS name of at least two labels, and
// not like an IP address.
func IsDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 {
		return false
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return false
	}
	return !slices.ContainsFunc(labels, func(l string) bool {
		return l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
	})
}

// CheckSetting is like [CheckAddress], but stricter, for addresses in a
// configuration: control characters and empty labels of the domain are refused.
func CheckSetting(address string) error {
	if err := CheckAddress(address); err != nil {
		return err
	}
	_, domain, _ := strings.Cut(address, "@")
	switch {
	case strings.ContainsFunc(address, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return errors.New("contains a control character; use the form name@example.com")
	case slices.Contains(strings.Split(domain, "."), ""):
		return errors.New("has too many dots in its domain; use the form name@example.com")
	}
	return nil
}

// CheckDomain reports what is wrong with a domain in a configuration.
func CheckDomain(domain string) error {
	if !IsDomain(domain) {
		return errors.New("is not a domain; use one such as example.com, without @ or wildcard, and with non-ASCII letters in xn-- form")
	}
	return nil
}

// CheckParty reports what is wrong with an address as it appears in a message. Besides
// the addresses of mailboxes, it allows a local part in quotation marks and an IP address
// in brackets (RFC 5321, sections 4.1.2 and 4.1.3), but no quotation mark or backslash
// within the quotes.
func CheckParty(address string) error {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return CheckAddress(address)
	}
	plain, local, domain := address, address[:at], address[at+1:]
	if inner, ok := quoted(local); ok && inner != "" && !strings.ContainsAny(inner, `"\`) {
		plain = "x@" + domain
	}
	if inner, ok := strings.CutPrefix(domain, "["); ok && isLiteral(inner) {
		plain = plain[:len(plain)-len(domain)] + "x"
	}
	if CheckAddress(plain) != nil || len(address) > maxAddress {
		return CheckAddress(address) // its error names the address as given
	}
	return CheckText(address)
}

// Bare returns an address without the quotation marks of its local part, which some
// systems omit.
func Bare(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	if inner, ok := quoted(address[:at]); ok {
		return inner + address[at:]
	}
	return address
}

func quoted(local string) (inner string, ok bool) {
	if len(local) < 2 || local[0] != '"' || local[len(local)-1] != '"' {
		return "", false
	}
	return local[1 : len(local)-1], true
}

// isLiteral reports whether a text is an IP address used as a domain, without the opening
// bracket.
func isLiteral(text string) bool {
	text, closed := strings.CutSuffix(text, "]")
	const tag = "IPv6:"
	if len(text) > len(tag) && strings.EqualFold(text[:len(tag)], tag) {
		text = text[len(tag):]
	}
	ip, err := netip.ParseAddr(text)
	return closed && err == nil && ip.Zone() == ""
}
