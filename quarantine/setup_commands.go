package quarantine

import "strings"

// impersonationAssignment names the role assignment that setup makes.
const impersonationAssignment = "Quarantine ApplicationImpersonation"

// fullAccess gives an account FullAccess to a mailbox. Without AutoMapping:$false
// Outlook would open the mailbox for whoever signs in with the account.
// See https://learn.microsoft.com/en-us/powershell/module/exchange/add-mailboxpermission.
func fullAccess(mailbox, account string) string {
	return "Add-MailboxPermission -Identity " + psQuote(mailbox) + " -User " + psQuote(account) + " -AccessRights FullAccess -InheritanceType All -AutoMapping $false"
}

// impersonationRole lets an account act as the owner of every mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-configure-impersonation.
func impersonationRole(account string) string {
	return "New-ManagementRoleAssignment -Name " + psQuote(impersonationAssignment) + " -Role ApplicationImpersonation -User " + psQuote(account)
}

// newMailbox creates a shared mailbox, whose account nobody can sign in with.
// See https://learn.microsoft.com/en-us/powershell/module/exchange/new-mailbox.
func newMailbox(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return "New-Mailbox -Shared -Name " + psQuote(local) + " -PrimarySmtpAddress " + psQuote(address)
}

// allowCommands puts an application, given as an expression of PowerShell, on the
// list of those that may use EWS in Exchange Online. To set the list replaces
// it, and without -RetrieveEwsOperationAccessPolicy it reads as empty; while
// EwsEnabled with an empty list blocks everybody.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-control-access-to-ews-in-exchange.
func allowCommands(application string) []string {
	return []string{
		"$list = (Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy).EwsAllowedAppIDs",
		`$ids = @($list | ForEach-Object { "$_" -split ',' } | ForEach-Object { $_.Trim() } | Where-Object { $_ })`,
		"if ($ids -notcontains " + application + ") { Set-OrganizationConfig -EwsAllowedAppIDs (($ids + " + application + ") -join ',') }",
		"Set-OrganizationConfig -EwsEnabled $true",
		"Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy | Format-List EwsEnabled,EwsAllowedAppIDs",
	}
}
