package setup

import (
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Ids of Exchange Online as a resource and of its application role
// full_access_as_app, the same in every tenant.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-authenticate-an-ews-application-by-using-oauth.
const (
	exchangeResource    = "00000002-0000-0ff1-ce00-000000000000"
	fullAccessAsAppRole = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"
)

// setupApp is the name of the application that the steps register.
const setupApp = "Mail quarantine"

// online adds the steps for Exchange Online.
func (s *builder) online() {
	cloud := s.cloud()
	next := "Plan to set `api` to `graph`; with it, this guide has the steps for Microsoft Graph."
	if cloud.Name != msclouds.All()[0].Name {
		next = "In this cloud Microsoft Graph can neither export and import messages nor remove them for good, so there is nothing to change to yet: ask Microsoft."
	}
	s.guide.Notes = append(s.guide.Notes, "Exchange Online ends EWS on "+msclouds.EWSEnd+" and until then only serves allow-listed applications. "+next)
	exchange, graph := cloudSwitches(cloud.Name)
	address := fmt.Sprintf("Each cloud of Exchange Online has one address. In the %s cloud `ewsUrl` is %s and the authority is %s.",
		cloud.Name, code("https://"+cloud.EWSHost+"/EWS/Exchange.asmx"), code(cloud.Authority))
	if s.unlocated {
		address += " It is the default, so `ewsUrl` need not be set."
	}
	s.modules("The address of EWS", address, exchange, graph)
	s.quarantineMailbox(ShellExchangeOnline, false)
	s.application()
	s.certificate()
	s.consent()
	s.scope()
	s.allowList()
}

// modules adds the step that signs in to the shells, after a text about the address.
func (s *builder) modules(title, address, exchange, graph string) {
	s.add(title, []string{
		address,
		"The commands need the modules ExchangeOnlineManagement and Microsoft.Graph.Applications. Sign in to the first as an Exchange Administrator and to the second as a Cloud Application Administrator; the consent below needs a Privileged Role Administrator.",
	}, ShellLocal,
		"Install-Module ExchangeOnlineManagement, Microsoft.Graph.Applications -Scope CurrentUser",
		"Connect-ExchangeOnline"+exchange,
		"Connect-MgGraph -Scopes 'Application.ReadWrite.All','AppRoleAssignment.ReadWrite.All'"+graph,
	)
}

// cloudSwitches returns the parameters that make the modules use a cloud.
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

// application registers the application, or finds the configured one.
func (s *builder) application() {
	if !s.missing["authentication.applicationId"] {
		s.add("Find the application", []string{"The configuration contains its id. Rights in this tenant are granted to its service principal."}, ShellGraph,
			"$app = Get-MgApplication -Filter "+powershell.Filter("appId", "eq", s.cfg.Authentication.ApplicationID),
			"$principal = Get-MgServicePrincipal -Filter "+powershell.Filter("appId", "eq", s.cfg.Authentication.ApplicationID),
			"if (-not $principal) { $principal = New-MgServicePrincipal -AppId "+powershell.Quote(s.cfg.Authentication.ApplicationID)+" }",
			"$app.AppId; $principal.Id",
		)
		return
	}
	s.add("Register the application", []string{
		"The application belongs to this tenant only, and needs no redirect URI and no secret. Put the first line that the last command prints into `authentication.applicationId`.",
	}, ShellGraph,
		"$app = New-MgApplication -DisplayName "+powershell.Quote(setupApp)+" -SignInAudience AzureADMyOrg",
		"$principal = New-MgServicePrincipal -AppId $app.AppId",
		"$app.AppId; $principal.Id",
	)
}

// certificate makes a certificate and registers it.
func (s *builder) certificate() {
	s.add("Make a certificate and register it", []string{
		"The private key stays in the PFX file; let only the quarantine program read it. Put its password into `authentication.privateKeyPassword` or the environment variable " + code(exchange.EnvPrivateKeyPassword) + ". The next step uploads the `.cer` file, which is not secret. `ewsq cert` also prints the certificate as JSON for the application manifest, in case PowerShell is not available.",
	}, ShellLocal, "ewsq cert -subject CN=quarantine -out-dir .")
	s.add("Upload the certificate", []string{
		"Setting the credentials replaces all of them, so the commands keep the existing ones: an old certificate works until you remove it. Replace " + code("C:\\quarantine.cer") + " with the path of the `.cer` file.",
	}, ShellGraph,
		"$cer = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 'C:\\quarantine.cer'",
		"$keys = @((Get-MgApplication -ApplicationId $app.Id -Property KeyCredentials).KeyCredentials | Where-Object { $_ })",
		"$keys += @{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $cer.RawData; DisplayName = $cer.Subject }",
		"Update-MgApplication -ApplicationId $app.Id -KeyCredentials $keys",
	)
}

// consent gives the application access to all mailboxes.
func (s *builder) consent() {
	s.add("Either: give it access to all mailboxes", []string{
		"`full_access_as_app` lets the application act as the owner of every mailbox in the tenant, including those created later. The last command is the admin consent. Skip this step to give the application access to some mailboxes only, as below.",
	}, ShellGraph,
		"Update-MgApplication -ApplicationId $app.Id -RequiredResourceAccess @(@{ ResourceAppId = "+powershell.Quote(exchangeResource)+"; ResourceAccess = @(@{ Id = "+powershell.Quote(fullAccessAsAppRole)+"; Type = 'Role' }) })",
		"$exchange = Get-MgServicePrincipal -Filter "+powershell.Filter("appId", "eq", exchangeResource),
		"New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $exchange.Id -AppRoleId "+powershell.Quote(fullAccessAsAppRole),
	)
}

// scope gives the application access to some of the mailboxes.
// See https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac.
func (s *builder) scope() {
	s.scoped("Or: give it access to some mailboxes", "Application EWS.AccessAsApp", "as long as the application also has `full_access_as_app`, the scope restricts nothing.")
}

// scoped adds the step that grants a role for the members of a group.
func (s *builder) scoped(title, role, consent string, more ...string) {
	included, tested := ", which must include the quarantine mailbox", s.cfg.QuarantineMailbox
	if s.cfg.QuarantineInPlace {
		included, tested = "", s.exampleUser()
	}
	s.add(title, append([]string{
		"RBAC for Applications grants the role " + code(role) + " within a scope: here the members of a group" + included + ". Rights add up: " + consent + " A change can take up to two hours to take effect; the last command shows whether it has.",
	}, more...), ShellExchangeOnline,
		"New-ServicePrincipal -AppId $principal.AppId -ObjectId $principal.Id -DisplayName "+powershell.Quote(setupApp),
		"$group = (Get-DistributionGroup -Identity 'quarantined-mailboxes').DistinguishedName",
		`New-ManagementScope -Name 'Quarantine mailboxes' -RecipientRestrictionFilter "MemberOfGroup -eq '$group'"`,
		"New-ManagementRoleAssignment -App $principal.Id -Role "+powershell.Quote(role)+" -CustomResourceScope 'Quarantine mailboxes'",
		"Test-ServicePrincipalAuthorization -Identity $principal.Id -Resource "+powershell.Quote(tested)+" | Format-Table",
	)
}

// allowList lets the application use EWS.
func (s *builder) allowList() {
	application := powershell.Quote(s.cfg.Authentication.ApplicationID)
	if s.missing["authentication.applicationId"] {
		application = "$app.AppId"
	}
	s.add("Add it to the allow-list of EWS", []string{
		"Since October 2026 Exchange Online serves EWS only if the organisation enables it, and only to the applications on a list; on " + msclouds.EWSEnd + " it ends for everyone. The commands replace the whole list, but keep the existing entries. They set it before they enable EWS. A change can take a day to take effect.",
	}, ShellExchangeOnline, powershell.AllowEWS(application)...)
}
