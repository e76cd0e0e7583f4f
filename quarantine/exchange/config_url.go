package exchange

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// location returns a URL that credentials go to, or reports what is wrong with
// it and returns nil. No message quotes it, since it may hold a password.
func (v *configCheck) location(field, raw, example string) *url.URL {
	refuse := func(problem string) *url.URL {
		v.problem(field, problem)
		return nil
	}
	if raw != strings.TrimSpace(raw) {
		return refuse("begins or ends with white space; take it away")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return refuse("is not a URL; give one such as " + example)
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("does not begin with https://; give one such as " + example)
	case u.User != nil:
		return refuse("holds a user name or password; take it out and use the settings of authentication")
	case u.Hostname() == "":
		return refuse("names no host; give one such as " + example)
	case !hasHost(u):
		return refuse("names a host that cannot be looked up, or a port that there is not; give one such as " + example)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return refuse("has something behind ? or #; take it away")
	}
	return u
}

// hasHost reports whether a URL names a host, and a port if any, that there can
// be.
func hasHost(u *url.URL) bool {
	if _, err := netip.ParseAddr(u.Hostname()); err != nil {
		for label := range strings.SplitSeq(strings.TrimSuffix(u.Hostname(), "."), ".") {
			if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
				return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
			}) {
				return false
			}
		}
	}
	port := u.Port()
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n > 0 && n <= 65535
}

// ewsEndpoint checks the URL of EWS that is set.
func (v *configCheck) ewsEndpoint(c *Config) {
	u := v.location("ewsUrl", c.EWSURL, "https://mail.example.com/EWS/Exchange.asmx")
	if u == nil {
		return
	}
	first, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	switch {
	case first == "":
		v.problem("ewsUrl", "has no path; it usually ends in /EWS/Exchange.asmx")
	case slices.Contains(otherServices, strings.ToLower(first)):
		v.problem("ewsUrl", "is that of another service of Exchange; that of EWS usually ends in /EWS/Exchange.asmx")
	case u.Scheme == "http" && c.Authentication.Type == AuthenticationAzureAD:
		v.problem("ewsUrl", `does not begin with https://, which authentication.type "azureAD" needs, since whoever sees a token can use it`)
	case u.Scheme == "http" && !c.AllowPlainHTTP && !loopback(u.Hostname()):
		v.problem("ewsUrl", `is plain HTTP to another machine, where all can read the password and the mail; use https (or, if the link is encrypted by other means, set "allowPlainHTTP": true)`)
	case u.Scheme == "http" && c.Authentication.Type == AuthenticationNTLM && c.UseProxy:
		v.problem("useProxy", `is set, but NTLM without TLS does not survive a proxy, which may share connections between users; use https in ewsUrl, or set "useProxy": false`)
	}
}

// otherServices are the first parts of the paths that Exchange has for other
// clients.
var otherServices = []string{
	"api", "autodiscover", "ecp", "mapi", "microsoft-server-activesync", "oab", "owa", "powershell", "rpc",
}

// authority checks the address of Azure AD, which may be empty.
func (v *configCheck) authority(c *Config) {
	const field, example = "authentication.authenticationEndpoint", DefaultAuthenticationEndpoint
	endpoint := c.Authentication.AuthenticationEndpoint
	if endpoint == "" {
		return
	}
	u := v.location(field, endpoint, example)
	if u == nil {
		return
	}
	clouds := cloudsOfAuthority(endpoint)
	ews, _ := url.Parse(c.EWSURL)
	switch {
	case u.Scheme != "https":
		v.problem(field, "does not begin with https://; use https, or whoever is on the way can take the application's place")
	case strings.Trim(u.Path, "/") != "":
		v.problem(field, "has a path; give it like "+example+", the tenant belongs into authentication.tenantId")
	case len(clouds) > 0 && ews != nil:
		cloud, known := auth.CloudOf(ews.Hostname())
		if known && !slices.ContainsFunc(clouds, func(c msclouds.Cloud) bool { return c.EWSHost == cloud.EWSHost }) {
			v.problem(field, "is that of another cloud than ewsUrl; leave it out, or set it to "+cloud.Authority)
		}
	}
}

// proxy checks the URL of the proxy, also where it is bypassed. No message
// quotes it.
func (v *configCheck) proxy(p ProxyURL) {
	if p.IsZero() {
		return
	}
	u, err := url.Parse(p.Reveal())
	switch {
	case err != nil || u.Hostname() == "" || !hasHost(u) || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		v.problem("proxyUrl", "is not the URL of a proxy; give one such as http://proxy.example.com:3128")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.problem("proxyUrl", "has a path or something behind it, as a configuration script (PAC) has, which is not understood; give the proxy itself, such as http://proxy.example.com:3128")
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// ewsURL checks the URL of EWS, or that it can be found.
func (v *configCheck) ewsURL(c *Config) {
	if c.EWSURL != "" {
		v.ewsEndpoint(c)
		return
	}
	_, domain, _ := strings.Cut(c.QuarantineMailbox, "@")
	if c.AllowPlainHTTP {
		v.problem("allowPlainHTTP", "is about an ewsUrl that begins with http://, and there is none; set ewsUrl, or take it out")
	}
	switch c.Authentication.Type {
	case AuthenticationNTLM, AuthenticationBasic:
		if mailname.CheckAddress(c.QuarantineMailbox) == nil && !mailname.IsDomain(domain) {
			v.problem("ewsUrl", "is empty, and Autodiscover cannot look up the domain of quarantineMailbox; set ewsUrl (a domain with other letters can be looked up in its form with xn--)")
		}
	case AuthenticationAzureAD:
		switch clouds := cloudsOfAuthority(c.Authentication.AuthenticationEndpoint); {
		case len(clouds) == 0:
			v.problem("ewsUrl", "is empty, and authentication.authenticationEndpoint is that of no cloud of Microsoft's, so that where EWS is cannot be told; set ewsUrl")
		case len(clouds) > 1:
			v.problem("ewsUrl", "is empty, and authentication.authenticationEndpoint is that of several clouds; set one of "+clouds[0].EWSURL()+" ("+clouds[0].Name+") and "+clouds[1].EWSURL()+" ("+clouds[1].Name+")")
		}
	}
}

// cloudsOfAuthority returns the clouds that an authentication endpoint is for,
// none if it is for none that is known. Of a malformed endpoint it says nothing:
// that is reported where it stands.
func cloudsOfAuthority(endpoint string) []msclouds.Cloud {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return msclouds.All()[:1]
	}
	return msclouds.OfAuthority(u.Hostname())
}
