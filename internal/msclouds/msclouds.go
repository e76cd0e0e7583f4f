// Package msclouds is the only list of Microsoft's clouds: their hosts for EWS, Graph,
// signing in and Autodiscover.
package msclouds

import (
	"slices"
	"strings"
)

// EWSEnd is the day on which Exchange Online stops answering EWS.
const EWSEnd = "2027-04-01"

// Cloud is one of Microsoft's clouds.
type Cloud struct {
	Name string
	// EWSHost is the host of EWS. OtherHosts are other hosts that lead to it.
	EWSHost    string
	OtherHosts []string
	// GraphHost is the host of Microsoft Graph.
	GraphHost string
	// Authorities are the sign-in hosts, the usual one first.
	Authorities []string
	// Domains are Microsoft's domains with mailboxes or Autodiscover of the cloud.
	// Each includes its subdomains.
	Domains []string
}

// EWSURL returns the URL of EWS.
func (c Cloud) EWSURL() string { return "https://" + c.EWSHost + "/EWS/Exchange.asmx" }

// All returns the clouds, the worldwide one (with GCC) first.
// See https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges
// and https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud.
func All() []Cloud {
	government := []string{"login.microsoftonline.us", "login.usgovcloudapi.net"}
	return []Cloud{
		{
			Name: "worldwide", EWSHost: "outlook.office365.com", OtherHosts: []string{"outlook.office.com"},
			GraphHost:   "graph.microsoft.com",
			Authorities: []string{"login.windows.net", "login.microsoftonline.com", "login.microsoft.com", "sts.windows.net"},
			Domains:     []string{"outlook.com", "outlook.office.com", "office365.com", "onmicrosoft.com"},
		},
		{
			Name: "GCC High", EWSHost: "outlook.office365.us", GraphHost: "graph.microsoft.us",
			Authorities: government, Domains: []string{"office365.us", "onmicrosoft.us"},
		},
		{
			Name: "DoD", EWSHost: "outlook-dod.office365.us", OtherHosts: []string{"webmail.apps.mil"},
			GraphHost:   "dod-graph.microsoft.us",
			Authorities: government, Domains: []string{"office365.us", "onmicrosoft.us", "webmail.apps.mil"},
		},
		{
			Name: "China", EWSHost: "partner.outlook.cn", GraphHost: "microsoftgraph.chinacloudapi.cn",
			Authorities: []string{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"},
			Domains:     []string{"partner.outlook.cn", "partner.onmschina.cn"},
		},
	}
}

// OfAuthority returns the clouds whose authorities include a host, if any. GCC
// High and DoD share theirs.
func OfAuthority(host string) []Cloud {
	host = strings.ToLower(host)
	return slices.DeleteFunc(All(), func(c Cloud) bool { return !slices.Contains(c.Authorities, host) })
}

// EWSHosts returns all hosts of EWS.
func EWSHosts() []string {
	var hosts []string
	for _, c := range All() {
		hosts = append(append(hosts, c.EWSHost), c.OtherHosts...)
	}
	return hosts
}

// HasEWS reports whether a host, without a port, is a host of EWS or below one.
func HasEWS(host string) bool {
	return slices.ContainsFunc(EWSHosts(), func(h string) bool { return within(host, h) })
}

// Domains returns the domains of all clouds, without duplicates.
func Domains() []string {
	var domains []string
	for _, c := range All() {
		for _, d := range c.Domains {
			if !slices.Contains(domains, d) {
				domains = append(domains, d)
			}
		}
	}
	return domains
}

// Has reports whether a host, without a port, belongs to one of the clouds.
func Has(host string) bool {
	return HasEWS(host) || slices.ContainsFunc(Domains(), func(d string) bool { return within(host, d) })
}

// within reports whether a host is a domain or below it.
func within(host, domain string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == domain || strings.HasSuffix(host, "."+domain)
}
