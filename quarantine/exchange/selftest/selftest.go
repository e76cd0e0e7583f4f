package selftest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Name is the name of a check.
type Name string

// The checks, each of which may depend on those before it.
const (
	CheckAutodiscover      Name = "autodiscover"      // the address of EWS can be found, if ewsUrl is empty
	CheckDNS               Name = "dns"               // the host name of the server or the proxy resolves
	CheckTCP               Name = "tcp"               // a connection can be made
	CheckTLS               Name = "tls"               // the server's certificate is trusted and does not expire soon
	CheckClock             Name = "clock"             // this machine's clock agrees with the server's
	CheckCertificate       Name = "certificate"       // the application's certificate can be read and is valid
	CheckStampKeys         Name = "stampKeys"         // the keys that seal stamps can be read and are long enough
	CheckEndpoint          Name = "endpoint"          // EWS answers at ewsUrl
	CheckAuthentication    Name = "authentication"    // the account can sign in
	CheckEWSAllowed        Name = "ewsAllowed"        // EWS is not blocked for the organisation, account, application or program
	CheckVersion           Name = "version"           // the server is Exchange 2010 SP1 or later
	CheckFullAccess        Name = "fullAccess"        // the account has FullAccess to the mailbox
	CheckImpersonation     Name = "impersonation"     // the account may impersonate the owner of the mailbox
	CheckQuarantineMailbox Name = "quarantineMailbox" // the quarantine mailbox exists and can be opened
	CheckQuarantineFolder  Name = "quarantineFolder"  // the quarantine folder exists or can be created
	CheckQuarantineWrite   Name = "quarantineWrite"   // an item can be written, read back and removed
	CheckNamedProperties   Name = "namedProperties"   // the named properties of a stamp are kept
	CheckChangeKeys        Name = "changeKeys"        // UpdateItem refuses a change key that is out of date
	CheckDirectory         Name = "directory"         // names can be resolved and groups expanded
	CheckExportUpload      Name = "exportUpload"      // ExportItems and UploadItems work
	CheckMove              Name = "move"              // items can be moved between mailboxes
	CheckMailbox           Name = "mailbox"           // a user's mailbox exists
	CheckRecoverableItems  Name = "recoverableItems"  // Recoverable Items of a user's mailbox can be opened
	CheckArchive           Name = "archive"           // the archive of a user's mailbox can be opened
	CheckThrottling        Name = "throttling"        // the server did not ask to slow down
)

// Checks of a configuration whose api is Graph, in addition to those above that apply to
// it.
const (
	CheckPermissions  Name = "permissions"  // the application has the permissions of Graph that it needs
	CheckMailAccess   Name = "mailAccess"   // the application may read and change mail of the mailbox
	CheckImportHost   Name = "importHost"   // the server that takes imports can be reached
	CheckExportImport Name = "exportImport" // items of the mailbox can be exported, and imported into it
)

// Status is the result of a check.
type Status string

// Statuses.
const (
	OK Status = "ok"
	// Warning means that it works, but not as well as it could, or not for much longer.
	Warning Status = "warning"
	// Failed means that something the configuration needs does not work.
	Failed Status = "failed"
	// Skipped means that it was not checked. Seen tells why: the configuration does not
	// need it, another check failed, or it cannot be checked.
	Skipped Status = "skipped"
)

// Result is the result of one check.
type Result struct {
	Name    Name   `json:"check"`
	Mailbox string `json:"mailbox,omitempty"` // that was checked
	Status  Status `json:"status"`
	// Seen is what the check saw. It may quote the server: escape it before
	// showing it, as [Report.WriteTable] does.
	Seen string `json:"seen"`
	// Remedy is what to do; empty if there is nothing to do.
	Remedy string `json:"remedy,omitempty"`
	// Commands are PowerShell lines that help to do it, with the names of the
	// configuration filled in. The self-test runs none of them.
	Commands []string `json:"commands,omitempty"`
}

// Report is the result of [Check].
type Report struct {
	// Server is [exchange.Config].Name. URL is the address of EWS, from the
	// configuration or as Autodiscover found it; empty for a configuration whose api is
	// Graph. GraphURL is the address of Graph, empty for all others.
	Server   string          `json:"server,omitempty"`
	URL      string          `json:"ewsUrl"`
	GraphURL string          `json:"graphUrl,omitempty"`
	Access   exchange.Access `json:"access"`
	Started  time.Time       `json:"started"`
	Finished time.Time       `json:"finished"`
	Checks   []Result        `json:"checks"`
}

// Status returns the worst status of the checks, not counting skipped ones.
func (r *Report) Status() Status {
	worst := OK
	for _, c := range r.Checks {
		if c.Status == Failed || c.Status == Warning && worst == OK {
			worst = c.Status
		}
	}
	return worst
}

// With returns the results with a status.
func (r *Report) With(status Status) []Result {
	var found []Result
	for _, c := range r.Checks {
		if c.Status == status {
			found = append(found, c)
		}
	}
	return found
}

// Options are the options of [Check] beyond the configuration. nil or the zero
// value means the defaults.
type Options struct {
	// Mailboxes are primary SMTP addresses of users' mailboxes to check the rights on, in
	// addition to the mailbox for reports, if the configuration has one. They are only
	// read. Default: none; the rights on users' mailboxes are not checked.
	Mailboxes []string

	// Group is a distribution list to expand as a test. Default: a name is
	// resolved instead.
	Group string

	// Transport, SignIn, WrapTransport, Limiter, UserAgent and Logger are as in
	// [exchange.Options]. With a Transport, DNS, TCP and TLS are not checked.
	Transport     http.RoundTripper
	SignIn        func(endpoint string, base http.RoundTripper) (http.RoundTripper, error)
	WrapTransport func(http.RoundTripper) http.RoundTripper
	Limiter       ews.Limiter
	UserAgent     string
	Logger        *slog.Logger

	// Resolver looks up names. Default: [net.DefaultResolver].
	Resolver *net.Resolver

	// Now returns the current time. Default: [time.Now].
	Now func() time.Time
}

// Check runs the self-test: it tests everything that the configuration needs,
// and reports for each check what it saw and what to do. It reads stampKeyFile, but
// does not open the journal.
//
// It changes nothing on the server, with one exception: it writes a test item into the
// quarantine folder, if that exists, and removes it again, whatever else fails. With
// FullAccess it first moves the item into Deleted Items of the service account's own
// mailbox, which is the only way to see whether the server moves items between mailboxes.
// With a second test item it checks that named properties are kept, and tries change keys
// that are out of date. The quarantine folder is not created. Users' mailboxes are only
// read. A refused password is not tried again.
//
// Over Graph there is one test item, which is exported, imported alongside the original,
// and removed with its copy. Whether the application may change mail, export and import is
// tested in each mailbox with an id that none of its messages has. The permissions are read
// from the token, which is not kept; a SignIn or Transport may hide it.
//
// Check returns an error if the configuration or the options are invalid, like that of
// [exchange.Config.Validate], or if ctx has ended; in the latter case the report contains
// what was seen until then.
func Check(ctx context.Context, cfg *exchange.Config, opts *Options) (*Report, error) {
	if cfg == nil {
		return nil, driver.Invalid("configuration", "", "is nil; load one, for example with LoadConfig")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	var errs []error
	if external := cfg.Authentication.Type == exchange.AuthenticationExternal; external != (o.SignIn != nil) {
		errs = append(errs, driver.Invalid("options", "SignIn", `must be set if authentication.type is "external", and only then: it signs in instead of the configuration`))
	}
	for _, m := range o.Mailboxes {
		if err := mailname.CheckAddress(m); err != nil {
			errs = append(errs, driver.Invalid("options", "Mailboxes", err.Error()))
		}
	}
	if o.Group != "" {
		if err := mailname.CheckAddress(o.Group); err != nil {
			errs = append(errs, driver.Invalid("options", "Group", err.Error()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	k := newChecker(cfg, o)
	k.run(ctx)
	return k.finish(ctx), context.Cause(ctx)
}
