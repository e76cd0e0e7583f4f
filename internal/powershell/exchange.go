package powershell

import "strings"

// ImpersonationAssignment names the role assignment that setup makes.
const ImpersonationAssignment = "Quarantine ApplicationImpersonation"

// FullAccess gives an account FullAccess to a mailbox. Without AutoMapping:$false
// Outlook would open the mailbox for whoever signs in with the account.
// See https://learn.microsoft.com/en-us/powershell/module/exchange/add-mailboxpermission.
func FullAccess(mailbox, account string) string {
	return "Add-MailboxPermission -Identity " + Quote(mailbox) + " -User " + Quote(account) + " -AccessRights FullAccess -InheritanceType All -AutoMapping $false"
}

// Impersonation lets an account act as the owner of every mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-configure-impersonation.
func Impersonation(account string) string {
	return "New-ManagementRoleAssignment -Name " + Quote(ImpersonationAssignment) + " -Role ApplicationImpersonation -User " + Quote(account)
}

// NewMailbox creates a shared mailbox, whose account nobody can sign in with.
// See https://learn.microsoft.com/en-us/powershell/module/exchange/new-mailbox.
func NewMailbox(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return "New-Mailbox -Shared -Name " + Quote(local) + " -PrimarySmtpAddress " + Quote(address)
}

// AllowEWS puts an application, given as an expression of PowerShell, on the
// list of those that may use EWS in Exchange Online. To set the list replaces
// it, and without -RetrieveEwsOperationAccessPolicy it reads as empty; while
// EwsEnabled with an empty list blocks everybody.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-control-access-to-ews-in-exchange.
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
