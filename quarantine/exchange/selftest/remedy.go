package selftest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/internal/tlsadvice"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// remedy is what to do, with PowerShell lines that help.
type remedy struct {
	text     string
	commands []string
}

// online reports whether the configuration is for Exchange Online, judging by how
// it signs in.
func (k *checker) online() bool {
	return k.cfg.Authentication.Type == exchange.AuthenticationAzureAD || k.overGraph()
}

// foundURL describes where the address of EWS comes from, if not from the configuration.
func (k *checker) foundURL() string {
	if !k.discovered {
		return ""
	}
	return " (found by Autodiscover; to override it, set ewsUrl)"
}

func (k *checker) nameRemedy(host string) remedy {
	setting := "the host in " + k.setting()
	if k.cfg.UseProxy {
		setting += ", and proxyUrl"
	}
	return remedy{
		"check " + setting + k.foundURL() + " for typing errors, and check that this machine's DNS server knows the name",
		[]string{"Resolve-DnsName " + powershell.Quote(host)},
	}
}

func (k *checker) portRemedy(u *url.URL) remedy {
	if k.cfg.UseProxy {
		return remedy{text: "check proxyUrl (" + k.proxyName() + "), and that the proxy lets this machine connect to " + u.Host + "; to use no proxy, set \"useProxy\": false"}
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return remedy{
		"check host and port in " + k.setting() + k.foundURL() + ", and that no firewall blocks the connection; if this machine needs a proxy, set useProxy and proxyUrl",
		[]string{"Test-NetConnection -ComputerName " + powershell.Quote(u.Hostname()) + " -Port " + port},
	}
}

// proxyName names the proxy, without its password.
func (k *checker) proxyName() string {
	if k.cfg.ProxyURL.IsZero() {
		return "not set, so taken from the environment"
	}
	return k.cfg.ProxyURL.String()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (k *checker) tlsRemedy(err error, u *url.URL) remedy {
	if advice := tlsadvice.Remedy(err); advice != "" {
		return remedy{text: advice}
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return remedy{text: "in " + k.setting() + k.foundURL() + " use a host name that the certificate contains, or install a certificate for " + u.Hostname() + " on the server"}
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return remedy{
			"renew the certificate of the server; if its dates are valid, check this machine's clock",
			[]string{"Get-ExchangeCertificate | Sort-Object NotAfter | Format-List Subject,Services,NotAfter,Thumbprint"},
		}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return remedy{text: "set rootCAFile (now " + orNone(k.cfg.RootCAFile) + ") to a PEM file with the certificate of the authority that issued it; if a proxy inspects TLS, with that of the proxy's authority"}
	}
	return remedy{text: "make the server offer TLS 1.2 or later and a certificate that this machine trusts; rootCAFile adds trusted authorities"}
}

func (k *checker) urlRemedy() remedy {
	if k.overGraph() {
		return remedy{text: "leave graphUrl out, for https://graph.microsoft.com; and check that no proxy or firewall answers in place of Graph"}
	}
	if k.online() {
		return remedy{text: "set ewsUrl to https://outlook.office365.com/EWS/Exchange.asmx, or the URL of your cloud"}
	}
	return remedy{
		"check ewsUrl" + k.foundURL() + ": it must be the URL of /EWS/Exchange.asmx on a running server; the command shows the servers' addresses",
		[]string{"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl"},
	}
}

func (k *checker) signInRemedy() remedy {
	a := k.cfg.Authentication
	offered := k.offered()
	switch {
	case k.overGraph() && a.Type == exchange.AuthenticationAzureAD:
		return remedy{
			"check applicationId, tenantId and authenticationEndpoint; that this machine can reach authenticationEndpoint; and that this certificate is registered with the application",
			[]string{"Get-MgApplication -Filter " + powershell.Filter("appId", "eq", a.ApplicationID) + " | Select-Object -ExpandProperty KeyCredentials"},
		}
	case k.overGraph():
		return remedy{text: "the program signs in itself (SignIn of its options): it must send a token of an application, for the resource https://graph.microsoft.com, that has not expired"}
	}
	switch a.Type {
	case exchange.AuthenticationAzureAD:
		return remedy{
			"check applicationId, tenantId and authenticationEndpoint; that this machine can reach authenticationEndpoint; that this certificate is registered with the application; and that the application has full_access_as_app with admin consent (or a role of RBAC for Applications)" + offered,
			[]string{"Get-MgApplication -Filter " + powershell.Filter("appId", "eq", a.ApplicationID) + " | Select-Object -ExpandProperty KeyCredentials"},
		}
	case exchange.AuthenticationExternal:
		return remedy{
			"the program signs in itself (SignIn of its options): check its ticket or token, and that the account is neither locked nor expired" + offered,
			[]string{"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,*Authentication*,ExtendedProtection*"},
		}
	case exchange.AuthenticationNTLM:
		offered += "; if a proxy terminates TLS in front of the server, set disableChannelBinding, and turn off Extended Protection on the server"
	}
	return remedy{
		"check username and password, and that the account is neither locked nor expired. The password was tried only once, to avoid locking the account; do not repeat the self-test in quick succession" + offered,
		[]string{
			"Get-ADUser -Identity " + powershell.Quote(powershell.AccountName(a.Username)) + " -Properties LockedOut,PasswordExpired,Enabled | Format-List Name,Enabled,LockedOut,PasswordExpired",
			"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,*Authentication*,ExtendedProtection*",
		},
	}
}

// offered lists the authentication schemes that the server offers, if the
// configured one is not among them.
func (k *checker) offered() string {
	var names []string
	for _, o := range k.offers {
		name, _, _ := strings.Cut(o, " ")
		if slices.Contains(schemesOf[k.cfg.Authentication.Type], strings.ToLower(name)) {
			return ""
		}
		switch strings.ToLower(name) {
		case "basic", "bearer", "digest", "kerberos", "negotiate", "ntlm":
		default: // it may be anything
			name = "another one"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	if k.cfg.Authentication.Type == exchange.AuthenticationExternal {
		return "; the server offers " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("; the server offers %s, but authentication.type is %s", strings.Join(names, ", "), k.cfg.Authentication.Type)
}

// schemesOf are the HTTP authentication schemes of each authentication type.
var schemesOf = map[exchange.AuthenticationType][]string{
	exchange.AuthenticationNTLM: {"ntlm", "negotiate"}, exchange.AuthenticationBasic: {"basic"}, exchange.AuthenticationAzureAD: {"bearer"},
}

func (k *checker) certificateRemedy() remedy {
	return remedy{text: "check privateKeyFile (" + k.cfg.Authentication.PrivateKeyFile + ") and privateKeyPassword; or make a new certificate (ewsq cert), register it with application " + k.cfg.Authentication.ApplicationID +
		" in addition to the old one, and update both settings"}
}

func (k *checker) allowRemedy() remedy {
	if k.online() {
		return remedy{
			"ask an Exchange Online administrator to allow the application; the commands replace the whole list, but keep the existing entries. It can take a day to take effect. Exchange Online ends EWS on " + msclouds.EWSEnd,
			powershell.AllowEWS(powershell.Quote(k.cfg.Authentication.ApplicationID)),
		}
	}
	name := powershell.Quote(k.accountName())
	return remedy{
		"EWS is turned off for the account, the organisation or this program; find out which, and turn it on",
		[]string{
			"Get-CASMailbox -Identity " + name + " | Format-List Ews*",
			"Get-OrganizationConfig | Format-List Ews*",
			"Set-CASMailbox -Identity " + name + " -EwsEnabled $true",
		},
	}
}

func (k *checker) addressRemedy(address string) remedy {
	return remedy{
		"use the primary address of a mailbox in this organisation",
		[]string{"Get-Mailbox -Identity " + powershell.Quote(address) + " | Format-List DisplayName,PrimarySmtpAddress,EmailAddresses,RecipientTypeDetails"},
	}
}

func (k *checker) quarantineRemedy() remedy {
	address := k.cfg.QuarantineMailbox
	return remedy{
		"set quarantineMailbox to the primary address of a mailbox, or create the mailbox (ewsq setup prints all steps)",
		[]string{
			"Get-Mailbox -Identity " + powershell.Quote(address) + " | Format-List PrimarySmtpAddress,RecipientTypeDetails",
			powershell.NewMailbox(address),
		},
	}
}

// failedRemedy returns what to do about a mailbox that cannot be opened. It names a cause
// only if the server did.
func (k *checker) failedRemedy(address string, code ews.ResponseCode) remedy {
	state := []string{
		"Get-MoveRequest -Identity " + powershell.Quote(address) + " -ErrorAction SilentlyContinue",
		"Get-Mailbox -Identity " + powershell.Quote(address) + " | Get-MailboxStatistics | Format-List DisplayName,Database,IsQuarantined",
	}
	switch code {
	case "ErrorMailboxMoveInProgress":
		return remedy{"the mailbox is being moved: try again when that has ended, perhaps on another server", state[:1]}
	case "ErrorMailboxStoreUnavailable", "ErrorMailboxFailover", "ErrorConnectionFailed":
		return remedy{"the database of the mailbox is not available: check whether it is mounted, and try again", state[1:]}
	}
	return remedy{text: "it is not known why: this is what the server answered. Try again; if it stays, search its event log for the request id"}
}

// unknownRemedy returns what to do about an answer of Graph that does not give its cause.
func unknownRemedy() remedy {
	return remedy{text: "it is not known why: this is what Graph answered. Try again; if it stays, give its request id to Microsoft's support"}
}

// movedRemedy returns what to do about a mailbox that is now somewhere else.
func (k *checker) movedRemedy(address string) remedy {
	return remedy{
		"no right is missing: find out where the mailbox is now, often in Exchange Online, and add the configuration of that place",
		[]string{"Get-Recipient -Identity " + powershell.Quote(address) + " | Format-List PrimarySmtpAddress,RecipientTypeDetails,Database,ExternalEmailAddress"},
	}
}

// accessRemedy returns how to give the account access to a mailbox.
func (k *checker) accessRemedy(address string) remedy {
	a := k.cfg.Authentication
	switch {
	case k.cfg.Access == exchange.FullAccess:
		return remedy{
			"give the account FullAccess to the mailbox; Exchange caches rights, so it can take up to two hours to take effect",
			[]string{powershell.FullAccess(address, a.Username)},
		}
	case k.online():
		return remedy{
			"give the application access to the mailbox: full_access_as_app with admin consent, or a role of RBAC for Applications whose scope includes it",
			[]string{"Test-ServicePrincipalAuthorization -Identity " + powershell.Quote(a.ApplicationID) + " -Resource " + powershell.Quote(address)},
		}
	}
	return remedy{
		"give the account the ApplicationImpersonation role, or widen its scope to include the mailbox",
		[]string{
			"Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | Format-List Name,EffectiveUserName,CustomRecipientWriteScope",
			powershell.Impersonation(a.Username),
		},
	}
}

func (k *checker) folderRemedy() remedy {
	return remedy{
		fmt.Sprintf("give the account the right to create folders in the quarantine mailbox, or create the top-level folder %q yourself", k.cfg.QuarantineFolder),
		k.accessRemedy(k.cfg.QuarantineMailbox).commands,
	}
}

func (k *checker) writeRemedy(err error) remedy {
	address := k.cfg.QuarantineMailbox
	if errors.Is(err, ews.ErrQuota) {
		return remedy{
			"the quarantine mailbox is full: delete messages from it, or raise its quota",
			[]string{
				"Get-Mailbox -Identity " + powershell.Quote(address) + " | Get-MailboxStatistics | Format-List TotalItemSize,TotalDeletedItemSize,StorageLimitStatus",
				"Set-Mailbox -Identity " + powershell.Quote(address) + " -UseDatabaseQuotaDefaults $false -IssueWarningQuota 45GB -ProhibitSendQuota 48GB -ProhibitSendReceiveQuota 50GB",
			},
		}
	}
	return remedy{"give the account the right to create items in the quarantine folder", k.accessRemedy(address).commands}
}

func (k *checker) serviceMailboxRemedy() remedy {
	return remedy{
		"give the account a mailbox; without one it can move messages, but not expand groups",
		[]string{"Enable-Mailbox -Identity " + powershell.Quote(k.accountName())},
	}
}

func (k *checker) groupRemedy() remedy {
	return remedy{
		"check the address of the group; groups that are hidden from address lists cannot be expanded",
		[]string{"Get-DistributionGroup -Identity " + powershell.Quote(k.opts.Group) + " | Format-List PrimarySmtpAddress,HiddenFromAddressListsEnabled"},
	}
}

func (k *checker) exportRemedy() remedy {
	return remedy{text: "Exchange 2010 SP1 and later have ExportItems and UploadItems; check whether the server's web.config, or a proxy in front of it, blocks them"}
}

func (k *checker) moveRemedy() remedy {
	if k.result(CheckExportUpload, "").Status != OK {
		return k.exportRemedy()
	}
	return remedy{text: "you need not do anything; moving preserves more and is faster, but needs mailboxes on servers of the same version and site"}
}

func (k *checker) recoverableRemedy(address string) remedy {
	r := k.accessRemedy(address)
	return remedy{"check the right to the mailbox and that the server is Exchange 2010 SP1 or later, which Recoverable Items need; or turn off scanRecoverableItems and set leaveRecoverable", r.commands}
}

func servicePackRemedy() remedy {
	return remedy{text: "install Service Pack 3 on the Exchange 2010 servers"}
}

func (k *checker) archiveRemedy(address string) remedy {
	return remedy{
		"check whether the server can reach the archive (that of an on-premises mailbox may be in Exchange Online); or turn off scanOnlineArchive",
		[]string{"Get-Mailbox -Identity " + powershell.Quote(address) + " | Format-List Archive*"},
	}
}

func (k *checker) throttlingRemedy() remedy {
	if k.online() {
		return remedy{text: "run fewer workers, and no other programs of the same application at the same time; the limits of Exchange Online cannot be changed"}
	}
	return remedy{
		"run the self-test again when the server is less busy; give the account a separate throttling policy (see ewsq setup)",
		[]string{"Get-ThrottlingPolicyAssociation -Identity " + powershell.Quote(k.accountName()) + " | Format-List Name,ThrottlingPolicyId"},
	}
}
