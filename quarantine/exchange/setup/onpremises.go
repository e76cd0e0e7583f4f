package setup

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// onPremises adds the steps for an Exchange Server.
func (s *builder) onPremises() {
	s.address()
	s.quarantineMailbox(ShellExchange, true)
	s.serviceAccount()
	if s.cfg.Access == exchange.Impersonation {
		s.impersonation()
	} else {
		s.fullAccess()
		s.newMailboxes()
	}
	s.throttling()
}

// address finds the URL of EWS and the authentication methods that it offers.
func (s *builder) address() {
	text := []string{"`ewsUrl` is the ExternalUrl or InternalUrl of the EWS virtual directory, whichever the machine that runs the quarantine can reach. The configuration has " + code(s.cfg.EWSURL) + "."}
	commands := []string{"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl"}
	if s.unlocated {
		text, commands = s.autodiscover(commands)
	}
	switch s.cfg.Authentication.Type {
	case exchange.AuthenticationBasic:
		text = append(text, "`authentication.type` is `basic`, which the virtual directory must offer, and only over TLS.")
		commands = append(commands, "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication",
			"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Set-WebServicesVirtualDirectory -BasicAuthentication $true")
	case exchange.AuthenticationExternal:
		text = append(text, "`authentication.type` is `external`: the program signs in itself. The virtual directory must offer the way that it uses; for Kerberos that is Windows authentication with the provider Negotiate, and a service principal name of the host.")
		commands = append(commands, "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,*Authentication*,ExtendedProtection*")
	case exchange.AuthenticationNTLM:
		text = append(text, "`authentication.type` is `ntlm`, which the virtual directory must offer as Windows authentication; by default it does. If Extended Protection is required, no proxy may terminate TLS in front of the server.")
		commands = append(commands, "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,WindowsAuthentication,ExtendedProtection*")
	}
	s.add("Find the address of EWS", text, ShellExchange, commands...)
}

// autodiscover explains how Autodiscover finds the URL if ewsUrl is empty.
func (s *builder) autodiscover(commands []string) ([]string, []string) {
	_, domain, _ := strings.Cut(s.cfg.QuarantineMailbox, "@")
	host := "autodiscover." + domain
	return []string{
		"`ewsUrl` is not set, so Autodiscover finds the URL from " + code(s.cfg.QuarantineMailbox) + " at the first call. It tries " + code(domain) + " and " + code(host) + ", then the address that " + code("http://"+host) + " redirects to, then the host in the SRV record " + code("_autodiscover._tcp."+domain) + ". From the machine that runs the quarantine, one of them must lead to the Exchange servers, with a trusted certificate for that name. If you set `ewsUrl`, none of this is needed.",
		"It returns the ExternalUrl of the EWS virtual directory, or its InternalUrl if there is no ExternalUrl. The password is only sent to hosts in the same registered domain; list other hosts of yours in `autodiscoverHosts`.",
	}, append(commands, "Resolve-DnsName "+powershell.Quote(host), "Resolve-DnsName "+powershell.Quote("_autodiscover._tcp."+domain)+" -Type SRV")
}

// quarantineMailbox creates the quarantine mailbox.
func (s *builder) quarantineMailbox(shell Shell, onPremises bool) {
	address := s.cfg.QuarantineMailbox
	id := powershell.Quote(address)
	create := powershell.NewMailbox(address)
	text := []string{
		"This is a shared mailbox that nobody signs in to and no user has rights on: its content is dangerous. It is hidden from address lists, accepts no mail from outside, and does not process meeting requests, so that a malicious invitation in quarantine is not added to its calendar and answered. Do not apply a retention policy to it.",
		"Use a separate mailbox, not that of the service account or an administrator. Make sure that its database has enough space: it keeps what was taken from all users until that is released or deleted.",
	}
	commands := []string{create}
	if onPremises {
		commands[0] += " -UserPrincipalName " + id
	} else {
		text = append(text, "A shared mailbox needs a licence if it exceeds 50 GB, or for an archive or a hold.")
	}
	commands = append(commands,
		"Set-Mailbox -Identity "+id+" -HiddenFromAddressListsEnabled $true -RequireSenderAuthenticationEnabled $true -RetentionPolicy $null",
		"Set-CalendarProcessing -Identity "+id+" -AutomateProcessing None",
		"Set-CASMailbox -Identity "+id+" -ActiveSyncEnabled $false -PopEnabled $false -ImapEnabled $false",
		"Get-MailboxPermission -Identity "+id+" | Where-Object { -not $_.IsInherited } | Format-List User,AccessRights",
	)
	s.add("Create the quarantine mailbox", text, shell, commands...)
}

// serviceAccount creates the service account.
func (s *builder) serviceAccount() {
	username := s.cfg.Authentication.Username
	name := powershell.AccountName(username)
	principal := username
	if strings.Contains(username, `\`) {
		_, domain, _ := strings.Cut(s.cfg.QuarantineMailbox, "@")
		principal = name + "@" + domain
	}
	s.add("Create the service account", []string{
		"It gets a mailbox because Exchange does not expand distribution lists for accounts without one. It needs no further rights in Active Directory, and should not be a member of any administrators' group. The command prompts for the password; put it into `authentication.password` or the environment variable " + code(exchange.EnvPassword) + ".",
	}, ShellExchange,
		"New-Mailbox -Name "+powershell.Quote(name)+" -SamAccountName "+powershell.Quote(name)+" -UserPrincipalName "+powershell.Quote(principal)+" -Password (Read-Host 'Password' -AsSecureString)",
		"Set-Mailbox -Identity "+powershell.Quote(username)+" -HiddenFromAddressListsEnabled $true",
		"Set-CASMailbox -Identity "+powershell.Quote(username)+" -EwsEnabled $true -OWAEnabled $false -ActiveSyncEnabled $false -PopEnabled $false -ImapEnabled $false",
	)
}

// impersonation gives the account the ApplicationImpersonation role.
func (s *builder) impersonation() {
	user := s.cfg.Authentication.Username
	s.add("Let the account impersonate", []string{
		"With the ApplicationImpersonation role the account acts as the owner of each mailbox, including the quarantine mailbox and those created later. Protect its password accordingly: the account can read and change all mail.",
	}, ShellExchange, powershell.Impersonation(user), "Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | Format-List Name,EffectiveUserName,CustomRecipientWriteScope")
	s.add("Restrict it, unless it needs all mailboxes", []string{
		"This replaces the assignment above with one that has a scope: here the members of a group, which must include the quarantine mailbox. Replace the example with the distinguished name of the group.",
	}, ShellExchange,
		"Remove-ManagementRoleAssignment -Identity "+powershell.Quote(powershell.ImpersonationAssignment),
		"New-ManagementScope -Name 'Quarantine mailboxes' -RecipientRestrictionFilter "+powershell.Filter("MemberOfGroup", "-eq", "CN=Quarantined,OU=Groups,DC=example,DC=com"),
		powershell.Impersonation(user)+" -CustomRecipientWriteScope 'Quarantine mailboxes'",
	)
}

// grantAll gives the account FullAccess to every mailbox where it lacks it. It
// stores the mailboxes in a variable first, since Exchange allows only two
// concurrent pipelines.
func (s *builder) grantAll() []string {
	return []string{
		"$account = " + powershell.Quote(s.cfg.Authentication.Username),
		"$kinds = 'UserMailbox','SharedMailbox','RoomMailbox','EquipmentMailbox'",
		"$mailboxes = Get-Mailbox -ResultSize Unlimited -RecipientTypeDetails $kinds",
		"foreach ($m in $mailboxes) {",
		"    $has = Get-MailboxPermission -Identity $m.DistinguishedName -User $account | Where-Object { $_.AccessRights -contains 'FullAccess' -and -not $_.Deny }",
		"    if (-not $has) { Add-MailboxPermission -Identity $m.DistinguishedName -User $account -AccessRights FullAccess -InheritanceType All -AutoMapping $false }",
		"}",
	}
}

// fullAccess gives the account the right on all existing mailboxes.
func (s *builder) fullAccess() {
	s.add("Give the account FullAccess to all mailboxes", []string{
		"This includes the quarantine mailbox. Exchange caches rights, so they can take up to two hours to take effect. " +
			"The account can then read and change all mail; protect its password accordingly.",
		"Without `-AutoMapping $false` Outlook would open all mailboxes for anyone who signs in with the account.",
	}, ShellExchange, append(s.grantAll(),
		"Get-MailboxPermission -Identity "+powershell.Quote(s.cfg.QuarantineMailbox)+" -User "+powershell.Quote(s.cfg.Authentication.Username)+" | Format-List Identity,User,AccessRights,Deny")...)
}

// Names, on the Exchange server, of what grants the right on new mailboxes.
const (
	setupScript = `C:\Scripts\Grant-QuarantineAccess.ps1`
	setupTask   = "Quarantine access"
	setupRunner = `EXAMPLE\svc-exchange-tasks`
)

// newMailboxes adds a scheduled task that does the same, since the right must be granted on
// each new mailbox. See
// https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/schtasks-create.
func (s *builder) newMailboxes() {
	script := append([]string{
		`. "$env:ExchangeInstallPath\bin\RemoteExchange.ps1"`,
		"Connect-ExchangeServer -auto",
	}, s.grantAll()...)
	commands := []string{"New-Item -ItemType Directory -Force -Path 'C:\\Scripts' | Out-Null", "$script = @("}
	for i, line := range script {
		end := ","
		if i == len(script)-1 {
			end = ""
		}
		commands = append(commands, "    "+powershell.Quote(line)+end)
	}
	commands = append(commands, ")",
		"$script | Set-Content -Encoding Unicode -Path "+powershell.Quote(setupScript),
		"New-ManagementRoleAssignment -Name 'Quarantine access for new mailboxes' -Role 'Mail Recipients' -User "+powershell.Quote(setupRunner),
		"schtasks.exe /Create /TN "+powershell.Quote(setupTask)+" /SC HOURLY /RU "+powershell.Quote(setupRunner)+" /RP * /TR "+powershell.Quote(`powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File `+setupScript),
		"schtasks.exe /Run /TN "+powershell.Quote(setupTask),
	)
	s.add("Give it FullAccess to new mailboxes with a scheduled task", []string{
		"FullAccess is granted on each mailbox, so the account has no access to mailboxes created later. This script, run every hour on an Exchange server, grants it. It runs under a separate account (replace " + code(setupRunner) + " with its name), which needs the right to log on as a batch job; anyone who can change the script or the account can read all mail.",
	}, ShellExchange, commands...)
}
