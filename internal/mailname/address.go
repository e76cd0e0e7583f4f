package mailname

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxAddress is the length of the longest address, in bytes (RFC 5321, section
// 4.5.3.1.3, less the angle brackets).
const maxAddress = 254

// CheckAddress reports what is wrong with the SMTP address of a mailbox.
func CheckAddress(address string) error {
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case address == "":
		return errors.New("is empty; give the primary SMTP address of the mailbox")
	case len(address) > maxAddress:
		return fmt.Errorf("is longer than the %d bytes an address may have", maxAddress)
	case !ok || local == "" || domain == "" || strings.ContainsAny(address, " \t<>,;:\"") || strings.Contains(domain, "@"):
		return fmt.Errorf("%q is not an SMTP address; give it as name@example.com", address)
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

// CheckSetting is [CheckAddress] for an address in a configuration, where it is
// taken at its word: it must also be plain text, with a domain that can exist.
func CheckSetting(address string) error {
	if err := CheckAddress(address); err != nil {
		return err
	}
	_, domain, _ := strings.Cut(address, "@")
	switch {
	case strings.ContainsFunc(address, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		return errors.New("has a control character; give the address as name@example.com")
	case slices.Contains(strings.Split(domain, "."), ""):
		return errors.New("has a domain with a dot too many; give the address as name@example.com")
	}
	return nil
}

// CheckDomain reports what is wrong with a domain in a configuration.
func CheckDomain(domain string) error {
	if !IsDomain(domain) {
		return errors.New("is not a domain; give one such as example.com, without @ or wildcard, and one with other letters in its xn-- form")
	}
	return nil
}
