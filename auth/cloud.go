package auth

import "strings"

// Cloud is one of Microsoft's clouds, as far as signing in to EWS goes.
type Cloud struct {
	Name string
	// EWSHost is the host of the EWS endpoint; the path is /EWS/Exchange.asmx.
	EWSHost string
	// Authority is the authentication endpoint.
	Authority string
	// Scope is the scope for which an application requests a token.
	Scope string
}

// Clouds returns the known clouds: worldwide (with GCC), US Government L4 (GCC
// High) and L5 (DoD), and China (21Vianet). For any other, set
// AzureADOptions.AuthenticationEndpoint and Scope.
func Clouds() []Cloud {
	return []Cloud{
		{"worldwide", "outlook.office365.com", "https://login.windows.net", "https://outlook.office365.com/.default"},
		{"GCC High", "outlook.office365.us", "https://login.microsoftonline.us", "https://outlook.office365.us/.default"},
		{"DoD", "outlook-dod.office365.us", "https://login.microsoftonline.us", "https://outlook-dod.office365.us/.default"},
		{"China", "partner.outlook.cn", "https://login.partner.microsoftonline.cn", "https://partner.outlook.cn/.default"},
	}
}

// CloudOf returns the cloud whose EWS endpoint has the given host.
func CloudOf(ewsHost string) (Cloud, bool) {
	for _, c := range Clouds() {
		if strings.EqualFold(c.EWSHost, ewsHost) {
			return c, true
		}
	}
	return Cloud{}, false
}

// authorityGroup names the group of authorities that sign in to the same
// directories; it is empty for hosts that are not Microsoft's.
func authorityGroup(host string) string {
	switch strings.ToLower(host) {
	case "login.windows.net", "login.microsoftonline.com", "login.microsoft.com", "sts.windows.net":
		return "worldwide"
	case "login.microsoftonline.us", "login.usgovcloudapi.net":
		return "US Government"
	case "login.partner.microsoftonline.cn", "login.chinacloudapi.cn":
		return "China"
	}
	return ""
}
