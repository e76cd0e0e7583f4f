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

// address finds the URL of EWS, and looks how one signs in there.
func (s *builder) address() {
	text := []string{"`ewsUrl` is the ExternalUrl or InternalUrl of the EWS virtual directory, whichever this machine reaches. The self-test uses " + code(s.cfg.EWSURL) + "."}
	commands := []string{"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl"}
	if s.unlocated {
		text, commands = s.autodiscover(commands)
	}
	switch s.cfg.Authentication.Type {
	case exchange.AuthenticationBasic:
		text = append(text, "`authentication.type` is `basic`, which the virtual directory has to offer, and only over TLS.")
		commands = append(commands, "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,BasicAuthentication",
			"Get-WebServicesVirtualDirectory -ADPropertiesOnly | Set-WebServicesVirtualDirectory -BasicAuthentication $true")
	case exchange.AuthenticationNTLM:
		text = append(text, "`authentication.type` is `ntlm`, which the virtual directory has to offer as Windows authentication; it does by default. Where Extended Protection is required, no proxy may end TLS in front of the server.")
		commands = append(commands, "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,WindowsAuthentication,ExtendedProtection*")
	}
	s.add("Find the address of EWS", text, ShellExchange, commands...)
}

// autodiscover says how the URL is found that the configuration leaves out.
func (s *builder) autodiscover(commands []string) ([]string, []string) {
	_, domain, _ := strings.Cut(s.cfg.QuarantineMailbox, "@")
	host := "autodiscover." + domain
	return []string{
		"`ewsUrl` is not set, so that Autodiscover finds it from " + code(s.cfg.QuarantineMailbox) + " at the first call: at " + code(domain) + " and " + code(host) + ", where " + code("http://"+host) + " redirects to, and where the SRV record " + code("_autodiscover._tcp."+domain) + " does. One of them has to lead to the Exchange servers from this machine, with a certificate that is trusted for that name. Setting `ewsUrl` spares it.",
		"What it gives is the ExternalUrl of the EWS virtual directory, or else its InternalUrl. The password goes only to hosts of the same registered domain; others of yours have to be listed in `autodiscoverHosts`.",
	}, append(commands, "Resolve-DnsName "+powershell.Quote(host), "Resolve-DnsName "+powershell.Quote("_autodiscover._tcp."+domain)+" -Type SRV")
}

// quarantineMailbox creates the mailbox that takes the messages.
func (s *builder) quarantineMailbox(shell Shell, onPremises bool) {
	address := s.cfg.QuarantineMailbox
	id := powershell.Quote(address)
	create := powershell.NewMailbox(address)
	text := []string{
		"A shared mailbox whose account nobody signs in with, and that no user has rights on: what lies in it is dangerous. It is hidden from address lists, takes no mail from outside, and processes no meeting requests, or a malicious invitation in quarantine would be put into its calendar and answered. No retention policy may touch what lies there.",
		"Use a mailbox of its own for it, not that of the service account or of an administrator. Give its database room: it holds what was taken from all users, until that is released or deleted.",
	}
	commands := []string{create}
	if onPremises {
		commands[0] += " -UserPrincipalName " + id
	} else {
		text = append(text, "Beyond 50 GB, and for an archive or a hold, a shared mailbox needs a licence.")
	}
	commands = append(commands,
		"Set-Mailbox -Identity "+id+" -HiddenFromAddressListsEnabled $true -RequireSenderAuthenticationEnabled $true -RetentionPolicy $null",
		"Set-CalendarProcessing -Identity "+id+" -AutomateProcessing None",
		"Set-CASMailbox -Identity "+id+" -ActiveSyncEnabled $false -PopEnabled $false -ImapEnabled $false",
		"Get-MailboxPermission -Identity "+id+" | Where-Object { -not $_.IsInherited } | Format-List User,AccessRights",
	)
	s.add("Create the quarantine mailbox", text, shell, commands...)
}

// serviceAccount creates the account that signs in.
func (s *builder) serviceAccount() {
	username := s.cfg.Authentication.Username
	name := powershell.AccountName(username)
	principal := username
	if strings.Contains(username, `\`) {
		_, domain, _ := strings.Cut(s.cfg.QuarantineMailbox, "@")
		principal = name + "@" + domain
	}
	s.add("Create the service account", []string{
		"It gets a mailbox, because without one Exchange expands no distribution lists for it. It needs no other right in Active Directory, and should be a member of no group of administrators. The password is asked for, and goes into `authentication.password` or into the environment variable " + code(exchange.EnvPassword) + ".",
	}, ShellExchange,
		"New-Mailbox -Name "+powershell.Quote(name)+" -SamAccountName "+powershell.Quote(name)+" -UserPrincipalName "+powershell.Quote(principal)+" -Password (Read-Host 'Password' -AsSecureString)",
		"Set-Mailbox -Identity "+powershell.Quote(username)+" -HiddenFromAddressListsEnabled $true",
		"Set-CASMailbox -Identity "+powershell.Quote(username)+" -EwsEnabled $true -OWAEnabled $false -ActiveSyncEnabled $false -PopEnabled $false -ImapEnabled $false",
	)
}

// impersonation gives the account the role.
func (s *builder) impersonation() {
	user := s.cfg.Authentication.Username
	s.add("Let the account impersonate", []string{
		"With the role ApplicationImpersonation the account works as the owner of each mailbox, the quarantine mailbox included. It holds for mailboxes that are created later, too. Keep the password accordingly: the account can read and change all mail.",
	}, ShellExchange, powershell.Impersonation(user), "Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | Format-List Name,EffectiveUserName,CustomRecipientWriteScope")
	s.add("Narrow it down, if not all mailboxes are meant", []string{
		"Instead of the assignment above, one with a scope: here the members of a group, which has to have the quarantine mailbox as a member. Put the distinguished name of the group in the place of the example.",
	}, ShellExchange,
		"Remove-ManagementRoleAssignment -Identity "+powershell.Quote(powershell.ImpersonationAssignment),
		"New-ManagementScope -Name 'Quarantine mailboxes' -RecipientRestrictionFilter "+powershell.Filter("MemberOfGroup", "-eq", "CN=Quarantined,OU=Groups,DC=example,DC=com"),
		powershell.Impersonation(user)+" -CustomRecipientWriteScope 'Quarantine mailboxes'",
	)
}

// grantAll gives the account FullAccess to every mailbox that it has none to.
// It begins in a variable, so that a pipeline does not run into the limit of
// two at once.
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

// fullAccess gives the account the right on the mailboxes there are.
func (s *builder) fullAccess() {
	s.add("Give the account FullAccess to all mailboxes", []string{
		"The quarantine mailbox is among them. Exchange keeps rights in a cache: it can take up to two hours until they have effect. " +
			"The account can then read and change all mail; keep its password accordingly.",
		"Without `-AutoMapping $false` Outlook would open all mailboxes for whoever signs in with the account.",
	}, ShellExchange, append(s.grantAll(),
		"Get-MailboxPermission -Identity "+powershell.Quote(s.cfg.QuarantineMailbox)+" -User "+powershell.Quote(s.cfg.Authentication.Username)+" | Format-List Identity,User,AccessRights,Deny")...)
}

// Names on the Exchange server of what gives the right on new mailboxes.
const (
	setupScript = `C:\Scripts\Grant-QuarantineAccess.ps1`
	setupTask   = "Quarantine access"
	setupRunner = `EXAMPLE\svc-exchange-tasks`
)

// newMailboxes runs the same on a schedule, since the right has to be given on
// each mailbox.
// See https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/schtasks-create.
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
	s.add("Give it the same on new mailboxes, by a scheduled task", []string{
		"FullAccess is a right on a mailbox, so one that is created tomorrow does not have it. This script, run every hour on an Exchange server, gives it. It runs under an account of its own (" + code(setupRunner) + " stands for it), which needs the right to log on as a batch job; who can change the script, or the account, can read all mail.",
	}, ShellExchange, commands...)
}
