package setup

import (
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Ids of Exchange Online as a resource, and of its application role
// full_access_as_app. They are the same in every tenant.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-authenticate-an-ews-application-by-using-oauth.
const (
	exchangeResource    = "00000002-0000-0ff1-ce00-000000000000"
	fullAccessAsAppRole = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"
)

// setupApp names the application that setup registers.
const setupApp = "Mail quarantine"

// online adds the steps for Exchange Online.
func (s *builder) online() {
	s.guide.Notes = append(s.guide.Notes, "Exchange Online answers EWS until "+msclouds.EWSEnd+", and until then for allow-listed applications only. Plan a strategy that uses Microsoft Graph.")
	cloud := s.cloud()
	exchange, graph := cloudSwitches(cloud.Name)
	address := fmt.Sprintf("Exchange Online has one address for each cloud. In the %s cloud `ewsUrl` is %s, and the authority is %s.",
		cloud.Name, code("https://"+cloud.EWSHost+"/EWS/Exchange.asmx"), code(cloud.Authority))
	if s.unlocated {
		address += " `ewsUrl` can be left out, as it is: that is the default."
	}
	s.add("The address of EWS", []string{
		address,
		"The commands need the modules ExchangeOnlineManagement and Microsoft.Graph.Applications. Sign in as an Exchange administrator, and as a Cloud Application Administrator; a Privileged Role Administrator has to give the consent below.",
	}, ShellLocal,
		"Install-Module ExchangeOnlineManagement, Microsoft.Graph.Applications -Scope CurrentUser",
		"Connect-ExchangeOnline"+exchange,
		"Connect-MgGraph -Scopes 'Application.ReadWrite.All','AppRoleAssignment.ReadWrite.All'"+graph,
	)
	s.quarantineMailbox(ShellExchangeOnline, false)
	s.application()
	s.certificate()
	s.consent()
	s.scope()
	s.allowList()
}

// cloudSwitches returns what the modules must be told to reach a cloud.
func cloudSwitches(cloud string) (exchange, graph string) {
	switch cloud {
	case "GCC High":
		return " -ExchangeEnvironmentName O365USGovGCCHigh", " -Environment USGov"
	case "DoD":
		return " -ExchangeEnvironmentName O365USGovDoD", " -Environment USGovDoD"
	case "China":
		return " -ExchangeEnvironmentName O365China", " -Environment China"
	}
	return "", ""
}

// application registers the application, or finds the one that is configured.
func (s *builder) application() {
	if !s.missing["authentication.applicationId"] {
		s.add("Find the application", []string{"The configuration names it. Its service principal is what gets rights in this tenant."}, ShellGraph,
			"$app = Get-MgApplication -Filter "+powershell.Filter("appId", "eq", s.cfg.Authentication.ApplicationID),
			"$principal = Get-MgServicePrincipal -Filter "+powershell.Filter("appId", "eq", s.cfg.Authentication.ApplicationID),
			"if (-not $principal) { $principal = New-MgServicePrincipal -AppId "+powershell.Quote(s.cfg.Authentication.ApplicationID)+" }",
			"$app.AppId; $principal.Id",
		)
		return
	}
	s.add("Register the application", []string{
		"It belongs to this tenant only, and has no redirect address and no secret. The first line that the last command prints goes into `authentication.applicationId`.",
	}, ShellGraph,
		"$app = New-MgApplication -DisplayName "+powershell.Quote(setupApp)+" -SignInAudience AzureADMyOrg",
		"$principal = New-MgServicePrincipal -AppId $app.AppId",
		"$app.AppId; $principal.Id",
	)
}

// certificate makes a certificate and registers it.
func (s *builder) certificate() {
	s.add("Make a certificate and register it", []string{
		"The private key stays in the PFX file, which only the quarantine may read; its password goes into `authentication.privateKeyPassword` or into the environment variable " + code(exchange.EnvPrivateKeyPassword) + ". The `.cer` file, which is no secret, goes to the application. `ewsq cert` also prints the same as JSON for the manifest, where no PowerShell is at hand.",
	}, ShellLocal, "ewsq cert -subject CN=quarantine -out-dir .")
	s.add("Upload the certificate", []string{
		"To set the credentials replaces them, so those that are there are kept: the old certificate works until it is taken away. " + code("C:\\quarantine.cer") + " stands for the `.cer` file.",
	}, ShellGraph,
		"$cer = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 'C:\\quarantine.cer'",
		"$keys = @((Get-MgApplication -ApplicationId $app.Id -Property KeyCredentials).KeyCredentials | Where-Object { $_ })",
		"$keys += @{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $cer.RawData; DisplayName = $cer.Subject }",
		"Update-MgApplication -ApplicationId $app.Id -KeyCredentials $keys",
	)
}

// consent gives the application the right on all mailboxes.
func (s *builder) consent() {
	s.add("Either: give it all mailboxes", []string{
		"`full_access_as_app` lets the application work as the owner of every mailbox of the tenant, those created later included. The last command is the admin consent. Leave this step out to give it a part of the mailboxes only, as below.",
	}, ShellGraph,
		"Update-MgApplication -ApplicationId $app.Id -RequiredResourceAccess @(@{ ResourceAppId = "+powershell.Quote(exchangeResource)+"; ResourceAccess = @(@{ Id = "+powershell.Quote(fullAccessAsAppRole)+"; Type = 'Role' }) })",
		"$exchange = Get-MgServicePrincipal -Filter "+powershell.Filter("appId", "eq", exchangeResource),
		"New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $exchange.Id -AppRoleId "+powershell.Quote(fullAccessAsAppRole),
	)
}

// scope gives the application the right on a part of the mailboxes.
// See https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac.
func (s *builder) scope() {
	s.add("Or: give it a part of the mailboxes", []string{
		"RBAC for Applications gives the role `Application EWS.AccessAsApp` within a scope: here the members of a group, which has to have the quarantine mailbox as a member. Rights add up: as long as the application has `full_access_as_app` as well, the scope narrows nothing. A change can take up to two hours; the last command tells whether it has come into effect.",
	}, ShellExchangeOnline,
		"New-ServicePrincipal -AppId $principal.AppId -ObjectId $principal.Id -DisplayName "+powershell.Quote(setupApp),
		"$group = (Get-DistributionGroup -Identity 'quarantined-mailboxes').DistinguishedName",
		`New-ManagementScope -Name 'Quarantine mailboxes' -RecipientRestrictionFilter "MemberOfGroup -eq '$group'"`,
		"New-ManagementRoleAssignment -App $principal.Id -Role 'Application EWS.AccessAsApp' -CustomResourceScope 'Quarantine mailboxes'",
		"Test-ServicePrincipalAuthorization -Identity $principal.Id -Resource "+powershell.Quote(s.cfg.QuarantineMailbox)+" | Format-Table",
	)
}

// allowList lets the application use EWS.
func (s *builder) allowList() {
	application := powershell.Quote(s.cfg.Authentication.ApplicationID)
	if s.missing["authentication.applicationId"] {
		application = "$app.AppId"
	}
	s.add("Put it on the allow-list of EWS", []string{
		"Since October 2026 Exchange Online answers EWS only where the organisation allows it, and only to the applications on a list; until " + msclouds.EWSEnd + ", when it ends for all. The list is replaced as a whole, so what is on it is kept. It is set before EWS is switched on, and takes up to a day to have effect.",
	}, ShellExchangeOnline, powershell.AllowEWS(application)...)
}
