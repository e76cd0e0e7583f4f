package quarantine

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Validate reports everything that is wrong with the configuration: one
// [*ConfigError] for each problem, joined, each with the field in the spelling
// of JSON and what to do. It reads no file and asks no server.
func (c *Config) Validate() error {
	v := &configCheck{name: c.Name}
	v.text("name", c.Name, 255)
	v.ewsURL(c)
	v.autodiscover(c)
	if err := validAddress(c.QuarantineMailbox); err != nil {
		v.problem("quarantineMailbox", err.Error())
	}
	v.claims(c.Domains, c.Mailboxes)
	v.access(c)
	v.authentication(c)
	v.folder(c.QuarantineFolder)
	impersonation := c.WithDefaults().Access != AccessFull
	v.header("quarantineHeader", c.QuarantineHeader, impersonation)
	v.header("undoHeader", c.UndoHeader, impersonation)
	v.searchLimits(c)
	v.proxy(c.ProxyURL)
	v.file("rootCAFile", c.RootCAFile)
	v.file("journalFile", c.JournalFile)
	return errors.Join(v.errs...)
}

// configCheck collects the problems of one configuration.
type configCheck struct {
	name string
	errs []error
}

func (v *configCheck) problem(field, text string) {
	v.errs = append(v.errs, &ConfigError{Name: v.name, Field: field, Problem: text})
}

// text checks a text for people; it may be empty.
func (v *configCheck) text(field, s string, limit int) {
	switch {
	case !oneLine(s):
		v.problem(field, "holds a control character or bytes that are not UTF-8; write it in one line of plain text")
	case utf8.RuneCountInString(s) > limit:
		v.problem(field, "is too long; at most "+strconv.Itoa(limit)+" characters are allowed")
	}
}

// endpoint checks a URL that credentials go to and that is not empty. No message
// quotes it, since it may hold a password.
func (v *configCheck) endpoint(field, raw string, plain bool, example string) {
	u, err := url.Parse(raw)
	if err != nil {
		v.problem(field, "is not a URL; give one "+example)
		return
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		v.problem(field, "does not begin with https://; give one "+example)
	case u.User != nil:
		v.problem(field, "holds a user name or password; take it out and use the settings of authentication")
	case u.Hostname() == "":
		v.problem(field, "names no host; give one "+example)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.problem(field, "has something behind ? or #; take it away")
	case field == "ewsUrl" && strings.Trim(u.Path, "/") == "":
		v.problem(field, "has no path; it usually ends in /EWS/Exchange.asmx")
	case u.Scheme == "http" && !plain && !loopback(u.Hostname()):
		remedy := "; use https"
		if field == "ewsUrl" {
			remedy += ` (or, if the link is encrypted by other means, set "allowPlainHTTP": true)`
		}
		v.problem(field, "is plain HTTP to another machine, where all can read the password and the mail"+remedy)
	}
}

// claims checks which mailboxes are said to be here.
func (v *configCheck) claims(domains, mailboxes []string) {
	for i, domain := range domains {
		if !isDomain(domain) {
			v.problem("domains["+strconv.Itoa(i)+"]", "is not a domain; give one such as example.com, without @ or wildcard, one with other letters in its form with xn--")
		}
	}
	for i, address := range mailboxes {
		if err := validAddress(address); err != nil {
			v.problem("mailboxes["+strconv.Itoa(i)+"]", err.Error())
		}
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (v *configCheck) access(c *Config) {
	switch {
	case c.Access != "" && c.Access != AccessFull && c.Access != AccessImpersonation:
		v.problem("access", `must be "fullAccess" or "impersonation"`)
	case c.Access == AccessFull && c.Authentication.Type == AuthenticationAzureAD:
		v.problem("access", `cannot be "fullAccess" with authentication.type "azureAD": an application has no mailbox of its own; set "impersonation" or leave it out`)
	}
}

// searchLimits checks the bounds of searches by criteria.
func (v *configCheck) searchLimits(c *Config) {
	if !c.MessageIDSearch && !c.SearchLimits.isZero() {
		v.problem("searchLimits", `is set, but no search by criteria is allowed; set "messageIdSearch": true, or take it away`)
	}
	for field, problem := range c.SearchLimits.problems() {
		v.problem("searchLimits."+field, problem)
	}
}

// folder checks the name of the quarantine folder, which may be empty.
func (v *configCheck) folder(name string) {
	v.text("quarantineFolder", name, 255)
	switch {
	case strings.ContainsAny(name, `/\`):
		v.problem("quarantineFolder", "holds a slash or backslash; give the name of one folder, not a path")
	case name != strings.TrimSpace(name):
		v.problem("quarantineFolder", "begins or ends with a space, which Exchange cuts off; take it away")
	}
}

// reservedHeaders are the names that mail itself uses: to add one would change
// what the message says or how it is read. Those that begin with Content- and
// Resent- are, too.
var reservedHeaders = []string{
	"authentication-results", "bcc", "cc", "comments", "date", "delivered-to", "dkim-signature", "from", "in-reply-to",
	"keywords", "message-id", "mime-version", "received", "received-spf", "references", "reply-to", "return-path",
	"sender", "subject", "to",
}

func (v *configCheck) header(field string, h Header, impersonation bool) {
	if h == (Header{}) {
		return
	}
	if !impersonation {
		v.problem(field, `cannot be added with access "fullAccess", which moves the message as it is; set access to "impersonation", or take it out`)
	}
	lower := strings.ToLower(h.Name)
	switch {
	case h.Name == "":
		v.problem(field+".name", "is empty; give the name of a header, such as X-Quarantined")
	case len(h.Name) > 126:
		v.problem(field+".name", "is too long; at most 126 characters are allowed")
	case strings.ContainsFunc(h.Name, func(r rune) bool { return r <= ' ' || r >= 0x7F || r == ':' }):
		v.problem(field+".name", "holds a space, a colon or another character that RFC 5322 does not allow in a field name; use letters, digits and hyphens, such as X-Quarantined")
	case slices.Contains(reservedHeaders, lower), strings.HasPrefix(lower, "content-"), strings.HasPrefix(lower, "resent-"):
		v.problem(field+".name", "is a header that mail itself uses; choose another, such as X-Quarantined")
	}
	switch {
	case h.Value == "":
		v.problem(field+".value", "is empty; give the text of the header")
	case strings.TrimSpace(h.Value) != h.Value:
		v.problem(field+".value", "begins or ends with white space, which does not survive in mail; take it away")
	default:
		v.text(field+".value", h.Value, 255)
	}
}

// proxy checks the URL of the proxy, also where it is bypassed. No message
// quotes it.
func (v *configCheck) proxy(p ProxyURL) {
	if p.IsZero() {
		return
	}
	u, err := url.Parse(p.Reveal())
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		v.problem("proxyUrl", "is not the URL of a proxy; give one such as http://proxy.example.com:3128")
	}
}

// file checks a path without looking at the file; it may be empty.
func (v *configCheck) file(field, path string) {
	if strings.ContainsRune(path, 0) {
		v.problem(field, "holds a NUL character; give the path of a file")
	}
}

// oneLine reports whether a text can be shown in one line and sent in XML.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || xmlwire.Forbidden(r) || r == '\u2028' || r == '\u2029'
	})
}
