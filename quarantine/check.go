package quarantine

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
)

// CheckName is what one check of the self-test is about.
type CheckName string

// The checks, in the order in which they depend on one another.
const (
	CheckAutodiscover      CheckName = "autodiscover"      // the address of EWS is found, if ewsUrl is empty
	CheckDNS               CheckName = "dns"               // the server's name, or the proxy's, has an address
	CheckTCP               CheckName = "tcp"               // a connection can be made
	CheckTLS               CheckName = "tls"               // the server's certificate is trusted, and for how long
	CheckClock             CheckName = "clock"             // this machine's clock against the server's
	CheckCertificate       CheckName = "certificate"       // the certificate that the application signs in with
	CheckEndpoint          CheckName = "endpoint"          // EWS answers at ewsUrl
	CheckAuthentication    CheckName = "authentication"    // the account can sign in
	CheckEWSAllowed        CheckName = "ewsAllowed"        // EWS is not blocked for tenant, account, application or program
	CheckVersion           CheckName = "version"           // the server is Exchange 2010 or later
	CheckFullAccess        CheckName = "fullAccess"        // the account has FullAccess to a mailbox
	CheckImpersonation     CheckName = "impersonation"     // the account may act as the owner of a mailbox
	CheckQuarantineMailbox CheckName = "quarantineMailbox" // the quarantine mailbox exists and opens
	CheckQuarantineFolder  CheckName = "quarantineFolder"  // the folder is there, or can be created
	CheckQuarantineWrite   CheckName = "quarantineWrite"   // an item can be written, read back and removed there
	CheckDirectory         CheckName = "directory"         // the account has a mailbox, so that groups can be expanded
	CheckExportUpload      CheckName = "exportUpload"      // items can be carried by ExportItems and UploadItems
	CheckMove              CheckName = "move"              // items can be moved from one mailbox into another
	CheckMailbox           CheckName = "mailbox"           // a probe mailbox exists
	CheckRecoverableItems  CheckName = "recoverableItems"  // of a probe mailbox can be opened
	CheckArchive           CheckName = "archive"           // of a probe mailbox can be opened
	CheckThrottling        CheckName = "throttling"        // what the server showed of it meanwhile
)

// CheckStatus is how a check ended.
type CheckStatus string

// Statuses.
const (
	CheckOK CheckStatus = "ok"
	// CheckWarning: it works, but less well than it could, or not for long.
	CheckWarning CheckStatus = "warning"
	// CheckFailed: something that the configuration wants does not work.
	CheckFailed CheckStatus = "failed"
	// CheckSkipped: it was not looked at, because the configuration does not
	// want it or because another check failed. Seen says which.
	CheckSkipped CheckStatus = "skipped"
)

// CheckResult is what one check found.
type CheckResult struct {
	Name    CheckName   `json:"check"`
	Mailbox string      `json:"mailbox,omitempty"` // that was looked at
	Status  CheckStatus `json:"status"`
	// Seen is what was seen. It may quote what the server said: escape it
	// before showing it, as [CheckReport.WriteTable] does.
	Seen string `json:"seen"`
	// Remedy says what to do; empty if there is nothing to be done.
	Remedy string `json:"remedy,omitempty"`
	// Commands are the lines of PowerShell that do it, with the names of the
	// configuration in them. None is run by the self-test.
	Commands []string `json:"commands,omitempty"`
}

// CheckReport is the result of [Check].
type CheckReport struct {
	// Server is [Config].Name, URL the address of EWS: that of the
	// configuration, or what was found in its place.
	Server   string        `json:"server,omitempty"`
	URL      string        `json:"ewsUrl"`
	Access   Access        `json:"access"`
	Started  time.Time     `json:"started"`
	Finished time.Time     `json:"finished"`
	Checks   []CheckResult `json:"checks"`
}

// Status returns the worst status of the checks; those skipped do not count.
func (r *CheckReport) Status() CheckStatus {
	worst := CheckOK
	for _, c := range r.Checks {
		if c.Status == CheckFailed || c.Status == CheckWarning && worst == CheckOK {
			worst = c.Status
		}
	}
	return worst
}

// With returns the results that have a status.
func (r *CheckReport) With(status CheckStatus) []CheckResult {
	var found []CheckResult
	for _, c := range r.Checks {
		if c.Status == status {
			found = append(found, c)
		}
	}
	return found
}

// CheckOptions are what [Check] can be told beyond the configuration. The zero
// value, and nil, stand for the defaults.
type CheckOptions struct {
	// Mailboxes are primary SMTP addresses of users' mailboxes to try the rights
	// on. They are only read. Default: none, so that the rights on users'
	// mailboxes are not checked.
	Mailboxes []string

	// Group is a distribution list that is expanded to see whether that works.
	// Default: a name is looked up instead.
	Group string

	// Transport, Limiter, UserAgent and Logger are as in [Options]. With a
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
// fails. With [FullAccess] the item is moved into Deleted Items of the service
// account's own mailbox on the way, because that is the only way to see whether
// the server moves items between mailboxes. The quarantine folder is not
// created. Users' mailboxes are only read. The password is not tried again where
// it was refused.
//
// The error says that the configuration cannot be used, as that of
// [Config.Validate] does, or that ctx has ended; then there is a report of what
// was seen until then.
func Check(ctx context.Context, cfg *Config, opts *CheckOptions) (*CheckReport, error) {
	if cfg == nil {
		return nil, Invalid("configuration", "", "is nil; load one, for example with LoadConfig")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var o CheckOptions
	if opts != nil {
		o = *opts
	}
	var errs []error
	for _, m := range o.Mailboxes {
		if err := mailname.CheckAddress(m); err != nil {
			errs = append(errs, Invalid("options", "Mailboxes", err.Error()))
		}
	}
	if o.Group != "" {
		if err := mailname.CheckAddress(o.Group); err != nil {
			errs = append(errs, Invalid("options", "Group", err.Error()))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	k := newChecker(cfg, o)
	k.run(ctx)
	return k.finish(ctx), context.Cause(ctx)
}
