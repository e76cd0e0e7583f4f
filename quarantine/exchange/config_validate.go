package exchange

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Bounds of stallTimeout.
const (
	minStallTimeout = Duration(time.Second)
	maxStallTimeout = Duration(time.Hour)
)

// Validate reports everything that is wrong with the configuration: a joined
// error with one [*quarantine.InvalidError] for each problem, which gives the
// JSON name of the field and what to do. It reads no file and contacts no
// server.
func (c *Config) Validate() error {
	v := &configCheck{name: c.Name}
	v.text("name", c.Name, 255)
	if c.Name != strings.TrimSpace(c.Name) {
		v.problem("name", "begins or ends with white space; remove it")
	}
	v.api(c)
	if c.API != APIGraph {
		v.ewsURL(c)
		v.autodiscover(c)
	}
	v.quarantine(c)
	v.reports(c)
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
		v.problem("undoHeader.name", "is the name of quarantineHeader, which is removed when a message is restored; choose another, such as X-Released")
	}
	v.searchLimits(c)
	v.proxy(c.ProxyURL)
	v.file("rootCAFile", c.RootCAFile)
	v.tls(c)
	v.journal(c)
	v.stamps(c)
	v.stall(c.StallTimeout)
	v.throttling(c.Throttling)
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

// text checks a text that people read; it may be empty.
func (v *configCheck) text(field, s string, limit int) {
	switch {
	case !oneLine(s):
		v.problem(field, "contains a control character or bytes that are not UTF-8; use one line of plain text")
	case utf8.RuneCountInString(s) > limit:
		v.problem(field, "is too long; use at most "+strconv.Itoa(limit)+" characters")
	}
}

// claims checks domains and mailboxes.
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

// reports checks the mailbox for reports, which may be missing.
func (v *configCheck) reports(c *Config) {
	switch {
	case c.ReportMailbox == "":
	case strings.EqualFold(c.ReportMailbox, c.QuarantineMailbox):
		v.problem("reportMailbox", "is the quarantine mailbox, in which no user has rights; give reports a mailbox of their own")
	default:
		v.address("reportMailbox", c.ReportMailbox)
	}
}

// address checks the address of a mailbox.
func (v *configCheck) address(field, address string) {
	if err := mailname.CheckSetting(address); err != nil {
		v.problem(field, err.Error())
	}
}

// once refuses duplicates in a list.
func (v *configCheck) once(field string, list []string) {
	for i, s := range list {
		first := slices.IndexFunc(list, func(other string) bool { return strings.EqualFold(s, other) })
		if first < i {
			v.problem(field+"["+strconv.Itoa(i)+"]", "repeats "+field+"["+strconv.Itoa(first)+"]; remove one")
		}
	}
}

func (v *configCheck) access(c *Config) {
	switch {
	case c.Access != "" && c.Access != FullAccess && c.Access != Impersonation:
		v.problem("access", `must be "fullAccess" or "impersonation"`+nearest.DidYouMean(string(c.Access), []string{string(FullAccess), string(Impersonation)}))
	case c.Access == FullAccess && c.Authentication.Type == AuthenticationAzureAD:
		v.problem("access", `cannot be "fullAccess" with authentication.type "azureAD": an application has no mailbox of its own; set it to "impersonation" or omit it`)
	}
}

// searchLimits checks the bounds of searches by criteria.
func (v *configCheck) searchLimits(c *Config) {
	if !c.CriteriaSearch && !c.SearchLimits.IsZero() {
		v.problem("searchLimits", `is set, but searches by criteria are not allowed; set "messageIdSearch": true, or remove searchLimits`)
	}
	for _, p := range quarantine.Problems(c.SearchLimits.Validate()) {
		v.problem("searchLimits."+p.Field, p.Problem)
	}
	l := c.SearchLimits
	if l.Total > 0 && l.PerMailbox > l.Total {
		v.problem("searchLimits.perMailbox", "is greater than searchLimits.total, so it has no effect; lower it, or raise the total")
	}
	for i, address := range l.Protected {
		if mailname.CheckAddress(address) == nil { // else already reported above
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
		v.problem("quarantineFolder", "contains a slash or backslash; use the name of one folder, not a path")
	case name != strings.TrimSpace(name):
		v.problem("quarantineFolder", "begins or ends with a space, which Exchange trims; remove it")
	case strings.EqualFold(name, "Surplus"):
		v.problem("quarantineFolder", "is the folder for surplus copies; choose another name")
	}
}

func (v *configCheck) header(field string, h quarantine.Header, impersonation bool) {
	if h == (quarantine.Header{}) {
		return
	}
	if !impersonation {
		v.problem(field, `cannot be added with access "fullAccess", which moves messages unchanged; set access to "impersonation", or remove the header`)
	}
	bad := quarantine.Problems(h.Validate())
	for _, p := range bad {
		v.problem(field+"."+p.Field, p.Problem)
	}
	if !slices.ContainsFunc(bad, func(p *quarantine.InvalidError) bool { return p.Field == "value" }) {
		v.text(field+".value", h.Value, 255) // what XML cannot hold
	}
}

// file checks a path, but not the file; it may be empty.
func (v *configCheck) file(field, path string) {
	switch {
	case isContent(path):
		v.problem(field, contentOfFile)
	case strings.ContainsRune(path, 0):
		v.problem(field, "contains a NUL character; use the path of a file")
	case path != "" && strings.TrimSpace(path) == "":
		v.problem(field, "is blank; set it to the path of a file, or omit it")
	case strings.HasSuffix(path, "/") || strings.HasSuffix(path, `\`):
		v.problem(field, "is the path of a folder; use that of a file in it")
	}
}

// stall checks how long a response may pause.
func (v *configCheck) stall(d Duration) {
	switch {
	case d < 0:
		v.problem("stallTimeout", "is negative; leave it out for the default")
	case d > 0 && d < minStallTimeout:
		v.problem("stallTimeout", "is shorter than a second, so slow servers could not be read; use \"2m\", or leave it out")
	case d > maxStallTimeout:
		v.problem("stallTimeout", "is longer than an hour; use how long a server may send nothing, such as \"2m\"")
	}
}

// journal checks the path of the journal, which is written to.
func (v *configCheck) journal(c *Config) {
	v.file("journalFile", c.JournalFile)
	if c.JournalFile == "" {
		return
	}
	for _, other := range []struct{ field, path string }{
		{"rootCAFile", c.RootCAFile}, {"clientCertificateFile", c.ClientCertificateFile}, {"authentication.privateKeyFile", c.Authentication.PrivateKeyFile},
		{"authentication.passwordFile", c.Authentication.PasswordFile}, {"stampKeyFile", c.StampKeyFile},
	} {
		if other.path != "" && filepath.Clean(other.path) == filepath.Clean(c.JournalFile) {
			v.problem("journalFile", "is also the file of "+other.field+"; use a separate file for the journal")
		}
	}
}

// oneLine reports whether a text can be shown on one line and sent in XML.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || xmlwire.Forbidden(r) || r == '\u2028' || r == '\u2029'
	})
}
