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

// Name is what one check of the self-test is about.
type Name string

// The checks, in the order in which they depend on one another.
const (
	CheckAutodiscover      Name = "autodiscover"      // the address of EWS is found, if ewsUrl is empty
	CheckDNS               Name = "dns"               // the server's name, or the proxy's, has an address
	CheckTCP               Name = "tcp"               // a connection can be made
	CheckTLS               Name = "tls"               // the server's certificate is trusted, and for how long
	CheckClock             Name = "clock"             // this machine's clock against the server's
	CheckCertificate       Name = "certificate"       // the certificate that the application signs in with
	CheckEndpoint          Name = "endpoint"          // EWS answers at ewsUrl
	CheckAuthentication    Name = "authentication"    // the account can sign in
	CheckEWSAllowed        Name = "ewsAllowed"        // EWS is not blocked for tenant, account, application or program
	CheckVersion           Name = "version"           // the server is Exchange 2010 or later
	CheckFullAccess        Name = "fullAccess"        // the account has FullAccess to a mailbox
	CheckImpersonation     Name = "impersonation"     // the account may act as the owner of a mailbox
	CheckQuarantineMailbox Name = "quarantineMailbox" // the quarantine mailbox exists and opens
	CheckQuarantineFolder  Name = "quarantineFolder"  // the folder is there, or can be created
	CheckQuarantineWrite   Name = "quarantineWrite"   // an item can be written, read back and removed there
	CheckDirectory         Name = "directory"         // the account has a mailbox, so that groups can be expanded
	CheckExportUpload      Name = "exportUpload"      // items can be carried by ExportItems and UploadItems
	CheckMove              Name = "move"              // items can be moved from one mailbox into another
	CheckMailbox           Name = "mailbox"           // a probe mailbox exists
	CheckRecoverableItems  Name = "recoverableItems"  // of a probe mailbox can be opened
	CheckArchive           Name = "archive"           // of a probe mailbox can be opened
	CheckThrottling        Name = "throttling"        // what the server showed of it meanwhile
)

// Status is how a check ended.
type Status string

// Statuses.
const (
	OK Status = "ok"
	// Warning: it works, but less well than it could, or not for long.
	Warning Status = "warning"
	// Failed: something that the configuration wants does not work.
	Failed Status = "failed"
	// Skipped: it was not looked at, because the configuration does not
	// want it or because another check failed. Seen says which.
	Skipped Status = "skipped"
)

// Result is what one check found.
type Result struct {
	Name    Name   `json:"check"`
	Mailbox string `json:"mailbox,omitempty"` // that was looked at
	Status  Status `json:"status"`
	// Seen is what was seen. It may quote what the server said: escape it
	// before showing it, as [Report.WriteTable] does.
	Seen string `json:"seen"`
	// Remedy says what to do; empty if there is nothing to be done.
	Remedy string `json:"remedy,omitempty"`
	// Commands are the lines of PowerShell that do it, with the names of the
	// configuration in them. None is run by the self-test.
	Commands []string `json:"commands,omitempty"`
}

// Report is the result of [Check].
type Report struct {
	// Server is [exchange.Config].Name, URL the address of EWS: that of the
	// configuration, or what was found in its place.
	Server   string          `json:"server,omitempty"`
	URL      string          `json:"ewsUrl"`
	Access   exchange.Access `json:"access"`
	Started  time.Time       `json:"started"`
	Finished time.Time       `json:"finished"`
	Checks   []Result        `json:"checks"`
}

// Status returns the worst status of the checks; those skipped do not count.
func (r *Report) Status() Status {
	worst := OK
	for _, c := range r.Checks {
		if c.Status == Failed || c.Status == Warning && worst == OK {
			worst = c.Status
		}
	}
	return worst
}

// With returns the results that have a status.
func (r *Report) With(status Status) []Result {
	var found []Result
	for _, c := range r.Checks {
		if c.Status == status {
			found = append(found, c)
		}
	}
	return found
}

// Options are what [Check] can be told beyond the configuration. The zero
// value, and nil, stand for the defaults.
type Options struct {
	// Mailboxes are primary SMTP addresses of users' mailboxes to try the rights
	// on. They are only read. Default: none, so that the rights on users'
	// mailboxes are not checked.
	Mailboxes []string

	// Group is a distribution list that is expanded to see whether that works.
	// Default: a name is looked up instead.
	Group string

	// Transport, Limiter, UserAgent and Logger are as in [exchange.Options]. With a
	// Transport, DNS, TCP and TLS are not checked.
	Transport http.RoundTripper
	Limiter   ews.Limiter
	UserAgent string
	Logger    *slog.Logger

	// Resolver looks names up. Default: the one of this machine.
	Resolver *net.Resolver

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Check is the self-test: it tries everything that the configuration needs, and
// says of each thing what it saw and what to do. It makes nothing of the
// configuration durable: no journal is opened.
//
// It changes nothing on the server, except that it writes one test item into
// the quarantine folder, if there is one, and removes it again, whatever else
// fails. With [ewsmail.FullAccess] the item is moved into Deleted Items of the service
// account's own mailbox on the way, because that is the only way to see whether
// the server moves items between mailboxes. The quarantine folder is not
// created. Users' mailboxes are only read. The password is not tried again where
// it was refused.
//
// The error says that the configuration cannot be used, as that of
// [exchange.Config.Validate] does, or that ctx has ended; then there is a report of what
// was seen until then.
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
