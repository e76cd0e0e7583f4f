package exchange

import (
	"context"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Config is how to reach one Exchange organisation or Microsoft 365 tenant and
// where its quarantine is. As JSON it is an object with the names in the tags;
// [LoadConfig] reads one, [LoadConfigs] one or an array of them.
//
// Fields that are left out stand for the defaults. [Config.Validate] checks the
// whole; [Open] calls it. Passwords are not shown when a Config is printed,
// logged or marshalled.
type Config struct {
	// Enabled can be set to false to leave the configuration out for a while
	// without deleting it. Default: true.
	Enabled *bool `json:"enabled,omitempty"`

	// Name names the organisation for people, in receipts and messages.
	Name string `json:"name,omitempty"`

	// EWSURL is the EWS endpoint, such as
	// https://mail.example.com/EWS/Exchange.asmx. Default: with Azure AD that of
	// Exchange Online in the cloud of AuthenticationEndpoint; otherwise it is
	// found by Autodiscover from the address of the quarantine mailbox, at the
	// first call, and must be HTTPS. See AutodiscoverHosts.
	EWSURL string `json:"ewsUrl,omitempty"`

	// AutodiscoverHosts are hosts, each with all below it, that the password may
	// go to, and that EWS may be on, where Autodiscover finds it. The hosts of
	// the registered domain of QuarantineMailbox need not be listed: with
	// quarantine@corp.example.com, example.com and all below it. Only without
	// EWSURL. Default: none.
	AutodiscoverHosts []string `json:"autodiscoverHosts,omitempty"`

	// AllowPlainHTTP accepts an EWSURL without TLS on another machine. Whoever
	// listens on the network between then learns the password and reads every
	// message, and can change both. It is meant for a link that is encrypted by
	// other means. Default: false; this machine's own addresses are always
	// accepted.
	AllowPlainHTTP bool `json:"allowPlainHTTP,omitempty"`

	// QuarantineMailbox is the primary SMTP address of the mailbox that takes
	// the messages up. No user should have rights on it. Required.
	QuarantineMailbox string `json:"quarantineMailbox,omitempty"`

	// Domains are the domains of the mailboxes that are here, such as
	// example.com, which does not stand for sub.example.com. A [quarantine.Router] needs
	// them, or Mailboxes, to choose between several configurations; where both
	// are empty it asks here about every mailbox that no other configuration
	// claims, or that is not where it was claimed. Default: none.
	Domains []string `json:"domains,omitempty"`

	// Mailboxes are primary SMTP addresses of mailboxes that are here, whatever
	// configuration claims their domain. Default: none.
	Mailboxes []string `json:"mailboxes,omitempty"`

	// Access says how the account reaches the mailboxes of others. Default:
	// FullAccess; with Azure AD it is always Impersonation.
	Access Access `json:"access,omitempty"`

	// Authentication is how the account signs in. Required.
	Authentication Authentication `json:"authentication,omitzero"`

	// QuarantineFolder is the name of a folder below the top of the quarantine
	// mailbox, which is created if it is missing: one name, not a path, of at
	// most 255 characters. Default: DefaultQuarantineFolder.
	QuarantineFolder string `json:"quarantineFolder,omitempty"`

	// FolderPerMailbox keeps the messages of each mailbox in a folder of its
	// own below the quarantine folder, named by its address.
	FolderPerMailbox bool `json:"folderPerMailbox,omitempty"`

	// QuarantineHeader is added to a message that is taken into quarantine, and
	// UndoHeader to one that is restored, so that other programs recognise it.
	// Only with Impersonation: FullAccess moves the message as it is. Default:
	// none.
	QuarantineHeader quarantine.Header `json:"quarantineHeader,omitzero"`
	UndoHeader       quarantine.Header `json:"undoHeader,omitzero"`

	// CriteriaSearch allows targets that describe messages by sender,
	// recipient, subject, time, attachment or URL, for alerts without a usable
	// Message-ID: see [quarantine.Criteria]. Default: false; such targets are refused.
	CriteriaSearch bool `json:"messageIdSearch,omitempty"`

	// SearchLimits bound what such targets may find. Only with CriteriaSearch.
	SearchLimits quarantine.Limits `json:"searchLimits,omitzero"`

	// ScanRecoverableItems looks into Recoverable Items, too: what users have
	// deleted and can recover.
	ScanRecoverableItems bool `json:"scanRecoverableItems,omitempty"`

	// SweepRecoverableItems removes for good what moving a message away leaves
	// in Recoverable Items, from where its user could recover it. What retention
	// or a hold keeps stays out of the user's reach in any case.
	SweepRecoverableItems bool `json:"sweepRecoverableItems,omitempty"`

	// ScanOnlineArchive looks into the archive of each mailbox that has one,
	// too.
	ScanOnlineArchive bool `json:"scanOnlineArchive,omitempty"`

	// UseProxy sends everything through the proxy of ProxyURL, or without one
	// through the proxy that the environment names (HTTPS_PROXY, NO_PROXY).
	// Default: straight to the server, whatever ProxyURL and environment say.
	UseProxy bool `json:"useProxy,omitempty"`

	// ProxyURL is a proxy, such as http://proxy.example.com:3128; the schemes
	// are http, https, socks5 and socks5h.
	ProxyURL ProxyURL `json:"proxyUrl,omitzero"`

	// RootCAFile is a PEM file of certificates that are trusted besides those
	// of the system.
	RootCAFile string `json:"rootCAFile,omitempty"`

	// JournalFile is the file of the embedded journal, which is created if it
	// is missing. Default: no journal.
	JournalFile string `json:"journalFile,omitempty"`
}

// DefaultQuarantineFolder is the name of the quarantine folder if the
// configuration gives none.
const DefaultQuarantineFolder = "Quarantine"

// Access is how the account reaches the mailboxes of others.
type Access string

// Kinds of access.
const (
	// FullAccess: the account has the FullAccess permission on each
	// mailbox, the quarantine mailbox included.
	FullAccess Access = "fullAccess"
	// Impersonation: the account has the ApplicationImpersonation role
	// and works as the owner of each mailbox.
	Impersonation Access = "impersonation"
)

// Authentication is how the account signs in.
type Authentication struct {
	// Type is the way to sign in: with NTLM or Basic by user name and password,
	// with Azure AD as an application with a certificate. Required.
	Type AuthenticationType `json:"type,omitempty"`

	// Username is the account for NTLM and Basic: DOMAIN\user or a user
	// principal name (user@example.com).
	Username string `json:"username,omitempty"`

	// Password is the account's. Instead of standing in a file it can come from
	// the environment (EWSQ_PASSWORD, see [Config.SecretsFromEnv]), or in Go from
	// PasswordFunc.
	Password Secret `json:"password,omitzero"`

	// ApplicationID is the application (client) id of the registration in Azure
	// AD, a GUID; TenantID the tenant's id or one of its domains, such as
	// customer.onmicrosoft.com.
	ApplicationID string `json:"applicationId,omitempty"`
	TenantID      string `json:"tenantId,omitempty"`

	// AuthenticationEndpoint is the address of Azure AD. Default: that of the
	// cloud whose EWS host EWSURL has, else DefaultAuthenticationEndpoint.
	AuthenticationEndpoint string `json:"authenticationEndpoint,omitempty"`

	// PrivateKeyFile is a PFX file with the certificate and private key that
	// are registered for the application, PrivateKeyPassword its password,
	// empty if it has none; it can come from the environment (EWSQ_PFX_PASSWORD).
	PrivateKeyFile     string `json:"privateKeyFile,omitempty"`
	PrivateKeyPassword Secret `json:"privateKeyPassword,omitzero"`

	// DisableChannelBinding leaves out what binds an NTLM sign-in to the TLS
	// connection (Extended Protection). A proxy that ends TLS on the way makes
	// the binding wrong, and a wrong one is refused even where none would pass.
	DisableChannelBinding bool `json:"disableChannelBinding,omitempty"`

	// PasswordFunc fetches Password whenever it is needed, for example from a
	// vault; Password must then be empty. It may be called concurrently.
	PasswordFunc func(context.Context) (string, error) `json:"-"`
}

// DefaultAuthenticationEndpoint is the address of Azure AD in the worldwide
// cloud.
const DefaultAuthenticationEndpoint = "https://login.windows.net"

// AuthenticationType is a way to sign in.
type AuthenticationType string

// Ways to sign in.
const (
	AuthenticationNTLM    AuthenticationType = "ntlm"
	AuthenticationBasic   AuthenticationType = "basic"
	AuthenticationAzureAD AuthenticationType = "azureAD" // application with a certificate
)

// IsEnabled reports whether the configuration is to be used.
func (c *Config) IsEnabled() bool { return c.Enabled == nil || *c.Enabled }

// WithDefaults returns a copy in which what was left out is filled in.
func (c *Config) WithDefaults() Config {
	d := *c
	d.Domains, d.Mailboxes = slices.Clone(c.Domains), slices.Clone(c.Mailboxes)
	d.AutodiscoverHosts = slices.Clone(c.AutodiscoverHosts)
	d.SearchLimits.Protected = slices.Clone(c.SearchLimits.Protected)
	d.Enabled = new(c.IsEnabled())
	if d.Access == "" {
		d.Access = FullAccess
		if d.Authentication.Type == AuthenticationAzureAD {
			d.Access = Impersonation
		}
	}
	if d.EWSURL == "" && d.Authentication.Type == AuthenticationAzureAD {
		if clouds := cloudsOfAuthority(d.Authentication.AuthenticationEndpoint); len(clouds) == 1 {
			d.EWSURL = clouds[0].EWSURL()
		}
	}
	if d.QuarantineFolder == "" {
		d.QuarantineFolder = DefaultQuarantineFolder
	}
	return d
}
