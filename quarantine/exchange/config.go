package exchange

import (
	"context"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Config describes how to reach one Exchange organisation or Microsoft 365
// tenant, and where its quarantine is. In JSON it is an object with the names
// in the tags; [LoadConfig] reads one, [LoadConfigs] one or an array of them.
//
// Omitted fields have their defaults. File names are relative to the working directory.
// [Config.Validate] checks all settings; [Open] calls it. Passwords are not shown when a
// Config is printed, logged or marshalled.
type Config struct {
	// Enabled can be set to false to disable the configuration without deleting
	// it. Default: true.
	Enabled *bool `json:"enabled,omitempty"`

	// Name is the name of the organisation in receipts and messages.
	Name string `json:"name,omitempty"`

	// API is the protocol used to reach mailboxes: EWS, or Microsoft Graph for Exchange
	// Online, which stops answering EWS in 2027. Graph requires Azure AD or an external
	// sign-in. Messages quarantined over one can be restored over the other. Graph cannot
	// search archives and, in the sovereign clouds, cannot carry messages to another
	// mailbox: see QuarantineInPlace. Default: APIEWS.
	API API `json:"api,omitempty"`

	// GraphURL is the address of Graph without a path, for tests that put something in its
	// place, or for a sovereign cloud. Only with APIGraph. Default: the address for the
	// cloud of AuthenticationEndpoint, such as https://graph.microsoft.com.
	GraphURL string `json:"graphUrl,omitempty"`

	// EWSURL is the EWS endpoint, such as https://mail.example.com/EWS/Exchange.asmx.
	// Default: with Azure AD, the endpoint of Exchange Online in the cloud of
	// AuthenticationEndpoint; otherwise Autodiscover finds it on the first call, from the
	// address of the quarantine mailbox, and it must be HTTPS. See AutodiscoverHosts.
	EWSURL string `json:"ewsUrl,omitempty"`

	// AutodiscoverHosts are additional hosts that Autodiscover may send the
	// password to and accept as the host of EWS. Each includes its subdomains.
	// Hosts in the registered domain of QuarantineMailbox need not be listed: for
	// quarantine@corp.example.com, example.com and its subdomains. Only without
	// EWSURL. Default: none.
	AutodiscoverHosts []string `json:"autodiscoverHosts,omitempty"`

	// AllowPlainHTTP accepts an EWSURL without TLS on another machine. Anyone on
	// the network in between can then learn the password and read and change
	// every message. It is meant for links that are encrypted by other means.
	// Not with APIGraph. Default: false; loopback addresses are always accepted.
	AllowPlainHTTP bool `json:"allowPlainHTTP,omitempty"`

	// QuarantineMailbox is the primary SMTP address of the mailbox that receives
	// quarantined messages. No user should have rights on it. Required, except with
	// QuarantineInPlace.
	QuarantineMailbox string `json:"quarantineMailbox,omitempty"`

	// QuarantineInPlace keeps each message in a hidden folder of the mailbox that it came
	// from, instead of in a quarantine mailbox; QuarantineMailbox is then left out. It does
	// not stop a user who goes looking: any program that lists hidden folders shows the
	// folder, and lets the mailbox's owner take the message out. Only with APIGraph; in the
	// sovereign clouds, it is the only way to use Graph. Default: false.
	QuarantineInPlace bool `json:"quarantineInPlace,omitempty"`

	// ReportMailbox is the primary SMTP address of the mailbox to which users report mail,
	// for programs that read it with package reported, as ewsq reports does. The account
	// needs the same rights on it as on users' mailboxes, which the self-test checks; to
	// answer reports, it also needs the right to send as the mailbox. Default: none.
	ReportMailbox string `json:"reportMailbox,omitempty"`

	// Domains are the domains of the mailboxes on this server, such as example.com, which
	// does not include sub.example.com. A [quarantine.Router] needs them, or Mailboxes, to
	// choose between several configurations; if both are empty, it asks this server about
	// every mailbox that no other configuration claims, or that was not found where it was
	// claimed. Default: none.
	Domains []string `json:"domains,omitempty"`

	// Mailboxes are primary SMTP addresses of mailboxes on this server, whichever
	// configuration claims their domain. Default: none.
	Mailboxes []string `json:"mailboxes,omitempty"`

	// Access is how the account reaches other mailboxes. Default: FullAccess;
	// with Azure AD it is always Impersonation.
	Access Access `json:"access,omitempty"`

	// Authentication is how the account signs in. Required.
	Authentication Authentication `json:"authentication,omitzero"`

	// QuarantineFolder is the name of a top-level folder of the quarantine
	// mailbox, which is created if it is missing: one name, not a path, of at
	// most 255 characters. Default: DefaultQuarantineFolder.
	QuarantineFolder string `json:"quarantineFolder,omitempty"`

	// FolderPerMailbox keeps the messages of each mailbox in a separate folder
	// below the quarantine folder, named after the mailbox's address.
	FolderPerMailbox bool `json:"folderPerMailbox,omitempty"`

	// QuarantineHeader is added to messages that are quarantined, and UndoHeader
	// to messages that are restored, for other programs to recognise. Only with
	// Impersonation: FullAccess moves messages unchanged. Default: none.
	QuarantineHeader quarantine.Header `json:"quarantineHeader,omitzero"`
	UndoHeader       quarantine.Header `json:"undoHeader,omitzero"`

	// CriteriaSearch allows targets that describe messages by sender,
	// recipient, subject, time, attachment or URL, for alerts without a usable
	// Message-ID: see [quarantine.Criteria]. Default: false; such targets are
	// refused.
	CriteriaSearch bool `json:"messageIdSearch,omitempty"`

	// SearchLimits bound what such targets may match. Only with CriteriaSearch.
	SearchLimits quarantine.Limits `json:"searchLimits,omitzero"`

	// ScanRecoverableItems also searches Recoverable Items: what users have deleted and can
	// recover. With APIGraph, messages found there may have to stay.
	ScanRecoverableItems bool `json:"scanRecoverableItems,omitempty"`

	// LeaveRecoverable keeps what moving a message leaves in Recoverable Items, so its user
	// can recover the message. Default: false; it is removed once the copy has been read
	// back. What retention or a hold keeps is out of the user's reach in any case. It has
	// no effect with APIGraph, which leaves nothing there.
	LeaveRecoverable bool `json:"leaveRecoverable,omitempty"`

	// SweepRecoverableItems no longer has any effect: what a move leaves behind is removed
	// unless LeaveRecoverable is set. It is accepted because configurations for earlier
	// versions have it, but not together with LeaveRecoverable.
	SweepRecoverableItems bool `json:"sweepRecoverableItems,omitempty"`

	// ScanOnlineArchive also searches the archive of each mailbox that has one. The archive
	// of the quarantine mailbox is always searched for quarantined messages. Not with
	// APIGraph.
	ScanOnlineArchive bool `json:"scanOnlineArchive,omitempty"`

	// RecreateMessages makes messages anew in the other mailbox, from their properties,
	// where Graph refuses to export and import them, as it does without the permission
	// MailboxItem.ImportExport.All. Such a copy, and anything restored from it, lacks the
	// headers that the message was received with, and more: package graphmail lists what is
	// lost. Messages that would lose more than that, such as signed ones, stay where they
	// are. Only with APIGraph. Default: false; messages that cannot be exported stay where
	// they are.
	RecreateMessages bool `json:"recreateMessages,omitempty"`

	// UseProxy sends everything through the proxy in ProxyURL or, if that is
	// empty, in the environment (HTTPS_PROXY, NO_PROXY). Default: no proxy,
	// whatever ProxyURL and the environment say.
	UseProxy bool `json:"useProxy,omitempty"`

	// ProxyURL is the URL of a proxy, such as http://proxy.example.com:3128. Its
	// scheme is http, https, socks5 or socks5h.
	ProxyURL ProxyURL `json:"proxyUrl,omitzero"`

	// RootCAFile is a PEM file of certificates to trust in addition to those of
	// the system.
	RootCAFile string `json:"rootCAFile,omitempty"`

	// ClientCertificateFile is a file with the certificate to show to servers and proxies
	// that ask for one in the TLS handshake: unencrypted PEM with the certificate, its
	// chain and its key, or PFX, with ClientCertificatePassword. It is read when the
	// configuration is opened, and again for a new connection if it has changed. The
	// password can come from the environment (EWSQ_CLIENT_CERTIFICATE_PASSWORD). Default:
	// none.
	ClientCertificateFile     string `json:"clientCertificateFile,omitempty"`
	ClientCertificatePassword Secret `json:"clientCertificatePassword,omitzero"`

	// TLSRenegotiation lets the server repeat the TLS handshake within a connection, as IIS
	// does when it asks for a client certificate for some paths only. TLS 1.3 and HTTP/2
	// are then not used. Default: false; such connections fail.
	TLSRenegotiation bool `json:"tlsRenegotiation,omitempty"`

	// JournalFile is the file of the embedded journal; it is created if missing. Default:
	// no journal.
	JournalFile string `json:"journalFile,omitempty"`

	// SearchLag is how long a search of the server can miss what was just written, for
	// example while its index catches up. Before a message counts as gone, it is looked for
	// again after that time. At most an hour. Default: 60s.
	SearchLag Duration `json:"searchLag,omitempty"`

	// WriteDoubt is how long a request whose response was lost can still take effect. Until
	// then no second copy is made, and the outcome is undecided if no copy is seen. All
	// processes that work on the same mailboxes need the same value. No message may take
	// longer than this to send. From five seconds, which is for tests, to a day, and no
	// shorter than SearchLag. Default: 15m.
	WriteDoubt Duration `json:"writeDoubt,omitempty"`

	// MarkWait is how long to wait between marking a message and taking it, so that two
	// processes that work on the same message at the same time make one copy. It is for
	// servers that ignore change keys in UpdateItem, which the self-test warns about. Such
	// a server must carry out a request within half of this time. All processes that work
	// on the same mailboxes need the same value, at most a fifth of WriteDoubt. Each
	// message takes that much longer. Default: no wait.
	MarkWait Duration `json:"markWait,omitempty"`

	// StallTimeout is how long a call may stall before it is given up: the server sends
	// nothing in the middle of a response or accepts nothing of a request, or a proxy does
	// not answer CONNECT. It does not limit how long a response takes to begin or to end.
	// From one second, which is for tests, to an hour. Default: 2m.
	StallTimeout Duration `json:"stallTimeout,omitempty"`

	// Throttling is the throttling policy of the account or, with Impersonation, of the
	// quarantine mailbox, if it is not the default one. Calls then wait before the server
	// would delay or refuse them. It is also applied to Limiter of [Options], if that is
	// set. Default: what the server's version allows by default.
	Throttling Throttling `json:"throttling,omitzero"`

	// OneByOne sends separate requests for each message, as if no other were being worked
	// on. Otherwise, messages of one mailbox that are worked on at the same time share
	// requests, which takes only a fraction as many; a message on its own shares none: see
	// package gather. Default: false.
	OneByOne bool `json:"oneByOne,omitempty"`

	// StampKey is the secret that seals the stamps of messages on their way, so that a
	// stamp forged by the sender of a message is recognised: one line of at least 16
	// characters, preferably 32 random bytes in base64. Programs that watch a mailbox for
	// reports seal their notes with it: see Keys of package reported. All processes that
	// work on the same mailboxes need the same key. It can also come from the environment
	// (EWSQ_STAMP_KEY, see [Config.SecretsFromEnv]), or in Go from StampKeys or
	// StampKeysFunc of [Options]. Default: stamps have no seal.
	StampKey Secret `json:"stampKey,omitzero"`

	// StampKeyFile is a file with one such key per line, instead of StampKey: the first
	// seals, and all are accepted. To replace a key, add the new one as the last line
	// everywhere, then make it the first, and remove the old one when nothing sealed with
	// it is still on its way: after twice WriteDoubt, and once the reports that were
	// waiting by then are done. Only the service should be able to read the file. It is
	// read when the configuration is opened.
	StampKeyFile string `json:"stampKeyFile,omitempty"`
}

// DefaultQuarantineFolder is the name of the quarantine folder if
// [Config].QuarantineFolder is empty.
const DefaultQuarantineFolder = "Quarantine"

// Access is how the account reaches other mailboxes.
type Access string

// Kinds of access.
const (
	// FullAccess means that the account has the FullAccess permission on each
	// mailbox, including the quarantine mailbox.
	FullAccess Access = "fullAccess"
	// Impersonation means that the account has the ApplicationImpersonation
	// role and acts as the owner of each mailbox.
	Impersonation Access = "impersonation"
)

// Authentication is how the account signs in.
type Authentication struct {
	// Type is the way to sign in: NTLM or Basic with user name and password, Azure AD
	// as an application with a certificate, or external, if the program that reads the
	// configuration signs in itself: see SignIn of [Options]. Required.
	Type AuthenticationType `json:"type,omitempty"`

	// Username is the account for NTLM and Basic: DOMAIN\user or a user principal name
	// (user@example.com). With external it is optional and can be any name: it is the name
	// that a limiter charges.
	Username string `json:"username,omitempty"`

	// Password is the password of the account. It can also come from the
	// environment (EWSQ_PASSWORD, see [Config.SecretsFromEnv]), from PasswordFile
	// or, in Go, from PasswordFunc.
	Password Secret `json:"password,omitzero"`

	// PasswordFile is a file with the password as its only line, in UTF-8, instead of
	// Password. It is read for each sign-in, so the password can be changed while the
	// program runs: when the password of the account changes, replace the file (write a new
	// one and rename it). A password other than the one refused is tried once, and the old
	// one is used as long as it works. Only the service should be able to read the file.
	PasswordFile string `json:"passwordFile,omitempty"`

	// ApplicationID is the application (client) id of the registration in Azure
	// AD, a GUID. TenantID is the tenant's id or one of its domains, such as
	// customer.onmicrosoft.com.
	ApplicationID string `json:"applicationId,omitempty"`
	TenantID      string `json:"tenantId,omitempty"`

	// AuthenticationEndpoint is the address of Azure AD. Default: the address for the cloud
	// that EWSURL belongs to, or else DefaultAuthenticationEndpoint.
	AuthenticationEndpoint string `json:"authenticationEndpoint,omitempty"`

	// PrivateKeyFile is a PFX file with the private key and certificate that are registered
	// for the application. PrivateKeyPassword is its password, empty if it has none; it can
	// come from the environment (EWSQ_PFX_PASSWORD). The file is read again for each token,
	// about once an hour, and after a refusal, so the certificate can be replaced while the
	// program runs; its password must stay the same.
	PrivateKeyFile     string `json:"privateKeyFile,omitempty"`
	PrivateKeyPassword Secret `json:"privateKeyPassword,omitzero"`

	// DisableChannelBinding omits the token that binds an NTLM sign-in to the TLS
	// connection (Extended Protection). A proxy that terminates TLS invalidates
	// the token, and servers refuse an invalid one even if they do not require it.
	DisableChannelBinding bool `json:"disableChannelBinding,omitempty"`

	// PasswordFunc fetches the password whenever it is needed, for example from a vault:
	// for each request with Basic, for each connection with NTLM, and after a refusal;
	// Password and PasswordFile must then be empty. It may be called concurrently, and
	// should return quickly.
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
	// AuthenticationExternal leaves signing in to SignIn of [Options].
	AuthenticationExternal AuthenticationType = "external"
)

// IsEnabled reports whether the configuration is to be used.
func (c *Config) IsEnabled() bool { return c.Enabled == nil || *c.Enabled }

// WithDefaults returns a copy with defaults filled in for omitted settings.
func (c *Config) WithDefaults() Config {
	d := *c
	d.Domains, d.Mailboxes = slices.Clone(c.Domains), slices.Clone(c.Mailboxes)
	d.AutodiscoverHosts = slices.Clone(c.AutodiscoverHosts)
	d.SearchLimits.Protected = slices.Clone(c.SearchLimits.Protected)
	d.Enabled = new(c.IsEnabled())
	if d.API == "" {
		d.API = APIEWS
	}
	if d.API == APIGraph && d.GraphURL == "" {
		d.GraphURL = c.defaultGraphURL()
	}
	if d.Access == "" {
		d.Access = FullAccess
		if d.Authentication.Type == AuthenticationAzureAD || d.API == APIGraph {
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
