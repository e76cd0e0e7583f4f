package exchange

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Validate reports everything that is wrong with the configuration: one
// [*quarantine.InvalidError] for each problem, joined, each with the field in the spelling
// of JSON and what to do. It reads no file and asks no server.
func (c *Config) Validate() error {
	v := &configCheck{name: c.Name}
	v.text("name", c.Name, 255)
	if c.Name != strings.TrimSpace(c.Name) {
		v.problem("name", "begins or ends with white space; take it away")
	}
	v.ewsURL(c)
	v.autodiscover(c)
	v.address("quarantineMailbox", c.QuarantineMailbox)
	v.claims(c.Domains, c.Mailboxes)
	v.once("domains", c.Domains)
	v.once("mailboxes", c.Mailboxes)
	v.once("autodiscoverHosts", c.AutodiscoverHosts)
	v.access(c)
	v.authentication(c)
	v.folder(c.QuarantineFolder)
	impersonation := c.WithDefaults().Access != FullAccess
	v.header("quarantineHeader", c.QuarantineHeader, impersonation)
	v.header("undoHeader", c.UndoHeader, impersonation)
	if c.UndoHeader.Name != "" && strings.EqualFold(c.UndoHeader.Name, c.QuarantineHeader.Name) {
		v.problem("undoHeader.name", "is that of quarantineHeader, which is taken off when a message is restored; choose another, such as X-Released")
	}
	v.searchLimits(c)
	v.proxy(c.ProxyURL)
	v.file("rootCAFile", c.RootCAFile)
	v.journal(c)
	return errors.Join(v.errs...)
}

// configCheck collects the problems of one configuration.
type configCheck struct {
	name string
	errs []error
}

func (v *configCheck) problem(field, text string) {
	v.errs = append(v.errs, &quarantine.InvalidError{What: configNamed(v.name), Field: field, Problem: text})
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

// claims checks which mailboxes are said to be here.
func (v *configCheck) claims(domains, mailboxes []string) {
	for i, domain := range domains {
		if err := mailname.CheckDomain(domain); err != nil {
			v.problem("domains["+strconv.Itoa(i)+"]", err.Error())
		}
	}
	for i, address := range mailboxes {
		v.address("mailboxes["+strconv.Itoa(i)+"]", address)
	}
}

// address checks the address of a mailbox.
func (v *configCheck) address(field, address string) {
	if err := mailname.CheckSetting(address); err != nil {
		v.problem(field, err.Error())
	}
}

// once refuses what stands in a list twice.
func (v *configCheck) once(field string, list []string) {
	for i, s := range list {
		first := slices.IndexFunc(list, func(other string) bool { return strings.EqualFold(s, other) })
		if first < i {
			v.problem(field+"["+strconv.Itoa(i)+"]", "is "+field+"["+strconv.Itoa(first)+"] again; take one away")
		}
	}
}

func (v *configCheck) access(c *Config) {
	switch {
	case c.Access != "" && c.Access != FullAccess && c.Access != Impersonation:
		v.problem("access", `must be "fullAccess" or "impersonation"`)
	case c.Access == FullAccess && c.Authentication.Type == AuthenticationAzureAD:
		v.problem("access", `cannot be "fullAccess" with authentication.type "azureAD": an application has no mailbox of its own; set "impersonation" or leave it out`)
	}
}

// searchLimits checks the bounds of searches by criteria.
func (v *configCheck) searchLimits(c *Config) {
	if !c.CriteriaSearch && !c.SearchLimits.IsZero() {
		v.problem("searchLimits", `is set, but no search by criteria is allowed; set "messageIdSearch": true, or take it away`)
	}
	for _, p := range quarantine.Problems(c.SearchLimits.Validate()) {
		v.problem("searchLimits."+p.Field, p.Problem)
	}
	l := c.SearchLimits
	if l.Total > 0 && l.PerMailbox > l.Total {
		v.problem("searchLimits.perMailbox", "is more than searchLimits.total, so that it bounds nothing; lower it, or raise the total")
	}
	for i, address := range l.Protected {
		if mailname.CheckAddress(address) == nil { // else it is among the problems
			v.address("searchLimits.protected["+strconv.Itoa(i)+"]", address)
		}
	}
	v.once("searchLimits.protected", l.Protected)
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
// what the message says or how it is read. Those that begin with Content-,
// Resent- and X-MS-Exchange- are, too.
var reservedHeaders = []string{
	"authentication-results", "bcc", "cc", "comments", "date", "delivered-to", "dkim-signature", "from", "in-reply-to",
	"keywords", "message-id", "mime-version", "received", "received-spf", "references", "reply-to", "return-path",
	"sender", "subject", "to",
}

func (v *configCheck) header(field string, h quarantine.Header, impersonation bool) {
	if h == (quarantine.Header{}) {
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
	case slices.Contains(reservedHeaders, lower), slices.ContainsFunc([]string{"content-", "resent-", "x-ms-exchange-"}, func(p string) bool { return strings.HasPrefix(lower, p) }):
		v.problem(field+".name", "is a header that mail itself or Exchange uses; choose another, such as X-Quarantined")
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

// file checks a path without looking at the file; it may be empty.
func (v *configCheck) file(field, path string) {
	switch {
	case strings.ContainsRune(path, 0):
		v.problem(field, "holds a NUL character; give the path of a file")
	case path != "" && strings.TrimSpace(path) == "":
		v.problem(field, "is blank; give the path of a file, or leave it out")
	case strings.HasSuffix(path, "/") || strings.HasSuffix(path, `\`):
		v.problem(field, "is the path of a folder; give that of a file in it")
	}
}

// journal checks the path of the journal, which is written to.
func (v *configCheck) journal(c *Config) {
	v.file("journalFile", c.JournalFile)
	if c.JournalFile == "" {
		return
	}
	for _, other := range []struct{ field, path string }{
		{"rootCAFile", c.RootCAFile}, {"authentication.privateKeyFile", c.Authentication.PrivateKeyFile},
	} {
		if other.path != "" && filepath.Clean(other.path) == filepath.Clean(c.JournalFile) {
			v.problem("journalFile", "is the file of "+other.field+"; give the journal a file of its own")
		}
	}
}

// oneLine reports whether a text can be shown in one line and sent in XML.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || xmlwire.Forbidden(r) || r == '\u2028' || r == '\u2029'
	})
}
