package powershell

import "strings"

// ImpersonationAssignment is the name of the role assignment that
// [Impersonation] creates.
const ImpersonationAssignment = "Quarantine ApplicationImpersonation"

// FullAccess returns the command that gives an account FullAccess to a mailbox.
// Without -AutoMapping $false, Outlook would open the mailbox for anyone who
// signs in with the account.
// See https://learn.microsoft.com/en-us/powershell/module/exchange/add-mailboxpermission.
func FullAccess(mailbox, account string) string {
	return "Add-MailboxPermission -Identity " + Quote(mailbox) + " -User " + Quote(account) + " -AccessRights FullAccess -InheritanceType All -AutoMapping $false"
}

// Impersonation returns the command that lets an account act as the owner of
// every mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-configure-impersonation.
func Impersonation(account string) string {
	return "New-ManagementRoleAssignment -Name " + Quote(ImpersonationAssignment) + " -Role ApplicationImpersonation -User " + Quote(account)
}

// NewMailbox returns the command that creates a shared mailbox, whose account
// cannot sign in.
// See https://learn.microsoft.com/en-us/powershell/module/exchange/new-mailbox.
func NewMailbox(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return "New-Mailbox -Shared -Name " + Quote(local) + " -PrimarySmtpAddress " + Quote(address)
}

// AllowEWS returns the commands that add an application, given as a PowerShell
// expression, to the list of applications that may use EWS in Exchange Online. Setting
// the list replaces it, and without -RetrieveEwsOperationAccessPolicy the current list
// reads as empty. EwsEnabled with an empty list blocks everyone. See
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-control-access-to-ews-in-exchange.
func AllowEWS(application string) []string {
	return []string{
		"$list = (Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy).EwsAllowedAppIDs",
		`$ids = @($list | ForEach-Object { "$_" -split ',' } | ForEach-Object { $_.Trim() } | Where-Object { $_ })`,
		"if ($ids -notcontains " + application + ") { Set-OrganizationConfig -EwsAllowedAppIDs (($ids + " + application + ") -join ',') }",
		"Set-OrganizationConfig -EwsEnabled $true",
		"Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs",
	}
}

// AccountName returns the name of an account without its domain.
func AccountName(username string) string {
	if _, user, ok := strings.Cut(username, `\`); ok {
		return user
	}
	user, _, _ := strings.Cut(username, "@")
	return user
}
