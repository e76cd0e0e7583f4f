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
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// remedy says what to do, and the lines of PowerShell that do it.
type remedy struct {
	text     string
	commands []string
}

// online reports whether the configuration is for Exchange Online, or signs in
// as Exchange Online wants it.
func (k *checker) online() bool { return k.cfg.Authentication.Type == exchange.AuthenticationAzureAD }

// foundURL says where the address of EWS comes from, if not from the
// configuration.
func (k *checker) foundURL() string {
	if !k.discovered {
		return ""
	}
	return " (Autodiscover gave it; what is set goes before)"
}

func (k *checker) nameRemedy(host string) remedy {
	setting := "the host in ewsUrl"
	if k.cfg.UseProxy {
		setting = "the host in ewsUrl, and proxyUrl"
	}
	return remedy{
		"check " + setting + k.foundURL() + " for a typing error, and that this machine's DNS server knows the name",
		[]string{"Resolve-DnsName " + powershell.Quote(host)},
	}
}

func (k *checker) portRemedy(u *url.URL) remedy {
	if k.cfg.UseProxy {
		return remedy{text: "check proxyUrl (" + k.proxyName() + "), and that the proxy lets this machine through to " + u.Host + "; without useProxy the proxy is not used"}
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return remedy{
		"check host and port in ewsUrl" + k.foundURL() + ", and that no firewall stands between; if the way out is by a proxy, set useProxy and proxyUrl",
		[]string{"Test-NetConnection -ComputerName " + powershell.Quote(u.Hostname()) + " -Port " + port},
	}
}

// proxyName names the proxy, without its password.
func (k *checker) proxyName() string {
	if k.cfg.ProxyURL.IsZero() {
		return "not set: the environment's"
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
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return remedy{text: "let ewsUrl" + k.foundURL() + " name the server as its certificate does, or give the server a certificate for " + u.Hostname()}
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return remedy{
			"renew the certificate of the server; if it is not expired by its own dates, check this machine's clock",
			[]string{"Get-ExchangeCertificate | Sort-Object NotAfter | Format-List Subject,Services,NotAfter,Thumbprint"},
		}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return remedy{text: "put the certificate of the authority that issued it into a PEM file and name that in rootCAFile (now " + orNone(k.cfg.RootCAFile) + "); if a proxy opens TLS on the way, that of the proxy"}
	}
	return remedy{text: "the server has to offer TLS 1.2 or newer and a certificate that is trusted here; rootCAFile adds trusted authorities"}
}

func (k *checker) urlRemedy() remedy {
	if k.online() {
		return remedy{text: "set ewsUrl to https://outlook.office365.com/EWS/Exchange.asmx, or that of your cloud"}
	}
	return remedy{
		"check ewsUrl" + k.foundURL() + ": it has to lead to /EWS/Exchange.asmx on a server that runs; the server knows its own address",
		[]string{"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl"},
	}
}

func (k *checker) signInRemedy() remedy {
	a := k.cfg.Authentication
	offered := k.offered()
	switch a.Type {
	case exchange.AuthenticationAzureAD:
		return remedy{
			"check applicationId, tenantId and authenticationEndpoint, that the latter can be reached from here, that this certificate is registered with the application, and that it has full_access_as_app with admin consent (or a role of RBAC for Applications)" + offered,
			[]string{"Get-MgApplication -Filter " + powershell.Filter("appId", "eq", a.ApplicationID) + " | Select-Object -ExpandProperty KeyCredentials"},
		}
	case exchange.AuthenticationNTLM:
		offered += "; if a proxy ends TLS in front of the server, set disableChannelBinding, and switch Extended Protection off on the server"
	}
	return remedy{
		"check username and password, and that the account is neither locked nor expired. It was tried once, so that the account is not locked; wait for the lockout to end before trying often" + offered,
		[]string{
			"Get-ADUser -Identity " + powershell.Quote(powershell.AccountName(a.Username)) + " -Properties LockedOut,PasswordExpired,Enabled | Format-List Name,Enabled,LockedOut,PasswordExpired",
			"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,*Authentication*,ExtendedProtection*",
		},
	}
}

// offered says which ways to sign in the server offers, if the one that is
// configured is not among them.
func (k *checker) offered() string {
	var names []string
	for _, o := range k.offers {
		name, _, _ := strings.Cut(o, " ")
		if slices.Contains(schemesOf[k.cfg.Authentication.Type], strings.ToLower(name)) {
			return ""
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; the server offers %s, the configuration says %s", strings.Join(names, ", "), k.cfg.Authentication.Type)
}

// schemesOf are the HTTP authentication schemes of each way to sign in.
var schemesOf = map[exchange.AuthenticationType][]string{
	exchange.AuthenticationNTLM: {"ntlm", "negotiate"}, exchange.AuthenticationBasic: {"basic"}, exchange.AuthenticationAzureAD: {"bearer"},
}

func (k *checker) certificateRemedy() remedy {
	return remedy{text: "check privateKeyFile (" + k.cfg.Authentication.PrivateKeyFile + ") and privateKeyPassword; or make a new certificate (ewsq cert), register it with application " + k.cfg.Authentication.ApplicationID +
		" beside the old one, and set both to it"}
}

func (k *checker) allowRemedy() remedy {
	if k.online() {
		return remedy{
			"let an administrator of Exchange Online allow the application; the list is replaced as a whole, so what is on it is kept. It can take a day to have effect. Exchange Online ends EWS on " + msclouds.EWSEnd,
			powershell.AllowEWS(powershell.Quote(k.cfg.Authentication.ApplicationID)),
		}
	}
	name := powershell.Quote(k.cfg.Authentication.Username)
	return remedy{
		"EWS is switched off for the account, the organisation or this program; look where, and switch it on",
		[]string{
			"Get-CASMailbox -Identity " + name + " | Format-List Ews*",
			"Get-OrganizationConfig | Format-List Ews*",
			"Set-CASMailbox -Identity " + name + " -EwsEnabled $true",
		},
	}
}

func (k *checker) addressRemedy(address string) remedy {
	return remedy{
		"give the primary address of a mailbox of this organisation",
		[]string{"Get-Mailbox -Identity " + powershell.Quote(address) + " | Format-List DisplayName,PrimarySmtpAddress,EmailAddresses,RecipientTypeDetails"},
	}
}

func (k *checker) quarantineRemedy() remedy {
	address := k.cfg.QuarantineMailbox
	return remedy{
		"set quarantineMailbox to the primary address of a mailbox, or create it (ewsq setup has all the steps)",
		[]string{
			"Get-Mailbox -Identity " + powershell.Quote(address) + " | Format-List PrimarySmtpAddress,RecipientTypeDetails",
			powershell.NewMailbox(address),
		},
	}
}

func (k *checker) unreachableRemedy(address string) remedy {
	return remedy{
		"the server cannot open it now: see whether it is being moved, or its database is not mounted",
		[]string{
			"Get-MoveRequest -Identity " + powershell.Quote(address) + " -ErrorAction SilentlyContinue",
			"Get-Mailbox -Identity " + powershell.Quote(address) + " | Get-MailboxStatistics | Format-List DisplayName,Database,IsQuarantined",
		},
	}
}

// accessRemedy gives the account the right to a mailbox.
func (k *checker) accessRemedy(address string) remedy {
	a := k.cfg.Authentication
	switch {
	case k.cfg.Access == exchange.FullAccess:
		return remedy{
			"give the account FullAccess to the mailbox; Exchange keeps rights in a cache, so it can take an hour or two",
			[]string{powershell.FullAccess(address, a.Username)},
		}
	case k.online():
		return remedy{
			"give the application the right to the mailbox: full_access_as_app with admin consent, or a scope of RBAC for Applications that it is in",
			[]string{"Test-ServicePrincipalAuthorization -Identity " + powershell.Quote(a.ApplicationID) + " -Resource " + powershell.Quote(address)},
		}
	}
	return remedy{
		"give the account the role ApplicationImpersonation, or widen its scope to the mailbox",
		[]string{
			"Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | Format-List Name,EffectiveUserName,CustomRecipientWriteScope",
			powershell.Impersonation(a.Username),
		},
	}
}

func (k *checker) folderRemedy() remedy {
	return remedy{
		fmt.Sprintf("give the account the right to create folders in the quarantine mailbox, or create the folder %q below the top of it by hand", k.cfg.QuarantineFolder),
		k.accessRemedy(k.cfg.QuarantineMailbox).commands,
	}
}

func (k *checker) writeRemedy(err error) remedy {
	address := k.cfg.QuarantineMailbox
	if errors.Is(err, ews.ErrQuota) {
		return remedy{
			"the quarantine mailbox is full: empty it, or raise its quota",
			[]string{
				"Get-Mailbox -Identity " + powershell.Quote(address) + " | Get-MailboxStatistics | Format-List TotalItemSize,TotalDeletedItemSize,StorageLimitStatus",
				"Set-Mailbox -Identity " + powershell.Quote(address) + " -UseDatabaseQuotaDefaults $false -IssueWarningQuota 45GB -ProhibitSendQuota 48GB -ProhibitSendReceiveQuota 50GB",
			},
		}
	}
	return remedy{"let the account create items in the quarantine folder", k.accessRemedy(address).commands}
}

func (k *checker) serviceMailboxRemedy() remedy {
	return remedy{
		"give the account a mailbox; without one, moving messages works, and expanding groups does not",
		[]string{"Enable-Mailbox -Identity " + powershell.Quote(k.cfg.Authentication.Username)},
	}
}

func (k *checker) groupRemedy() remedy {
	return remedy{
		"check the address of the group; one that is hidden from address lists cannot be expanded",
		[]string{"Get-DistributionGroup -Identity " + powershell.Quote(k.opts.Group) + " | Format-List PrimarySmtpAddress,HiddenFromAddressListsEnabled"},
	}
}

func (k *checker) exportRemedy() remedy {
	return remedy{text: "Exchange 2010 SP1 and later have ExportItems and UploadItems; see whether a proxy in front of the server, or its web.config, refuses them"}
}

func (k *checker) moveRemedy() remedy {
	return remedy{text: "nothing has to be done; moving keeps more and is faster, and works where the mailboxes are on servers of the same version and site"}
}

func (k *checker) recoverableRemedy(address string) remedy {
	r := k.accessRemedy(address)
	return remedy{"opening Recoverable Items needs the same right as the mailbox, and Exchange 2010 SP1; or switch scanRecoverableItems and sweepRecoverableItems off", r.commands}
}

func (k *checker) archiveRemedy(address string) remedy {
	return remedy{
		"see whether the archive is reachable from the server that answers (that of a mailbox on premises may be in Exchange Online); or switch scanOnlineArchive off",
		[]string{"Get-Mailbox -Identity " + powershell.Quote(address) + " | Format-List Archive*"},
	}
}

func (k *checker) throttlingRemedy() remedy {
	if k.online() {
		return remedy{text: "the limits of Exchange Online cannot be changed; run fewer workers, and not beside other programs of the same application"}
	}
	return remedy{
		"run the self-test again when less is going on; give the account a throttling policy of its own (ewsq setup)",
		[]string{"Get-ThrottlingPolicyAssociation -Identity " + powershell.Quote(k.cfg.Authentication.Username) + " | Format-List Name,ThrottlingPolicyId"},
	}
}
