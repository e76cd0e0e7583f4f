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
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// location returns a URL that credentials are sent to, or reports what is wrong
// with it and returns nil. No message quotes it: it may contain a password.
func (v *configCheck) location(field, raw, example string) *url.URL {
	refuse := func(problem string) *url.URL {
		v.problem(field, problem)
		return nil
	}
	if raw != strings.TrimSpace(raw) {
		return refuse("begins or ends with white space; remove it")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return refuse("is not a URL; use one such as " + example)
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("does not begin with https://; use a URL such as " + example)
	case u.User != nil:
		return refuse(noUserInformation)
	case u.Hostname() == "":
		return refuse("has no host; use a URL such as " + example)
	case !hasHost(u):
		return refuse("has an invalid host name or port; use a URL such as " + example)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return refuse("has a query (?) or fragment (#); remove it")
	}
	return u
}

const noUserInformation = "contains a user name or password; remove it and use the settings under authentication"

// refuseUserInformation returns an error if a URL that is not handled as a secret contains
// a password, whatever else is wrong with it: printing the configuration would print it.
func (c *Config) refuseUserInformation() error {
	for field, raw := range map[string]string{
		"ewsUrl": c.EWSURL, "graphUrl": c.GraphURL, "authentication.authenticationEndpoint": c.Authentication.AuthenticationEndpoint,
	} {
		_, rest, _ := strings.Cut(raw, "//")
		if end := strings.IndexAny(rest, `/?#\`); end >= 0 {
			rest = rest[:end]
		}
		if strings.Contains(rest, "@") {
			return driver.Invalid(configNamed(c.Name), field, noUserInformation)
		}
	}
	return nil
}

// hasHost reports whether the host of a URL, and the port if any, can exist.
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

// ewsEndpoint checks ewsUrl, which is not empty.
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
		v.problem("ewsUrl", "is the URL of another Exchange service; that of EWS usually ends in /EWS/Exchange.asmx")
	case u.Scheme == "http" && c.Authentication.Type == AuthenticationAzureAD:
		v.problem("ewsUrl", `does not begin with https://, which authentication.type "azureAD" requires, since anyone who sees a token can use it`)
	case u.Scheme == "http" && !c.AllowPlainHTTP && !loopback(u.Hostname()):
		v.problem("ewsUrl", `is plain HTTP to another machine, which exposes the password and the mail; use https (or, if the link is encrypted by other means, set "allowPlainHTTP": true)`)
	case u.Scheme == "http" && c.Authentication.Type == AuthenticationNTLM && c.UseProxy:
		v.problem("useProxy", `is set, but NTLM without TLS does not work through a proxy, which may share connections between users; use https in ewsUrl, or set "useProxy": false`)
	}
}

// otherServices are the first path segments of other Exchange services.
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
		v.problem(field, "does not begin with https://; use https, or anyone on the network can impersonate the application")
	case strings.Trim(u.Path, "/") != "":
		v.problem(field, "has a path; use a URL such as "+example+" and put the tenant in authentication.tenantId")
	case len(clouds) > 0 && ews != nil:
		cloud, known := auth.CloudOf(ews.Hostname())
		if known && !slices.ContainsFunc(clouds, func(c msclouds.Cloud) bool { return c.EWSHost == cloud.EWSHost }) {
			v.problem(field, "belongs to another cloud than ewsUrl; omit it, or set it to "+cloud.Authority)
		}
	}
}

// proxy checks the URL of the proxy, even if useProxy is off. No message quotes
// it.
func (v *configCheck) proxy(p ProxyURL) {
	if p.IsZero() {
		return
	}
	u, err := url.Parse(p.Reveal())
	switch {
	case err != nil || u.Hostname() == "" || !hasHost(u) || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		v.problem("proxyUrl", "is not the URL of a proxy; use one such as http://proxy.example.com:3128")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.problem("proxyUrl", "has a path, query or fragment; configuration scripts (PAC) are not supported, so use the proxy itself, such as http://proxy.example.com:3128")
	}
}

// tls checks the settings of TLS beyond the trusted roots.
func (v *configCheck) tls(c *Config) {
	v.file("clientCertificateFile", c.ClientCertificateFile)
	if c.ClientCertificateFile == "" && !c.ClientCertificatePassword.IsZero() {
		v.problem("clientCertificatePassword", "is set, but clientCertificateFile is not; set that, too, or remove it")
	}
	v.secret("clientCertificatePassword", c.ClientCertificatePassword)
	if c.TLSRenegotiation && strings.HasPrefix(strings.ToLower(c.EWSURL), "http:") {
		v.problem("tlsRenegotiation", "is set, but ewsUrl does not use TLS; use https, or remove it")
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

// ewsURL checks the URL of EWS or, if it is empty, that it can be found.
func (v *configCheck) ewsURL(c *Config) {
	if c.EWSURL != "" {
		v.ewsEndpoint(c)
		return
	}
	_, domain, _ := strings.Cut(c.QuarantineMailbox, "@")
	if c.AllowPlainHTTP {
		v.problem("allowPlainHTTP", "only applies to an ewsUrl that begins with http://, but ewsUrl is empty; set ewsUrl, or remove allowPlainHTTP")
	}
	switch c.Authentication.Type {
	case AuthenticationNTLM, AuthenticationBasic:
		if mailname.CheckAddress(c.QuarantineMailbox) == nil && !mailname.IsDomain(domain) {
			v.problem("ewsUrl", "is empty, and Autodiscover cannot look up the domain of quarantineMailbox; set ewsUrl (or, for a domain with non-ASCII letters, use its xn-- form)")
		}
	case AuthenticationAzureAD:
		switch clouds := cloudsOfAuthority(c.Authentication.AuthenticationEndpoint); {
		case len(clouds) == 0:
			v.problem("ewsUrl", "is empty, and has no default, since authentication.authenticationEndpoint belongs to no known Microsoft cloud; set ewsUrl")
		case len(clouds) > 1:
			v.problem("ewsUrl", "is empty, and authentication.authenticationEndpoint belongs to several clouds; set it to "+clouds[0].EWSURL()+" ("+clouds[0].Name+") or "+clouds[1].EWSURL()+" ("+clouds[1].Name+")")
		}
	}
}

// cloudsOfAuthority returns the clouds that an authentication endpoint belongs
// to, if any. An empty or malformed one counts as the worldwide cloud: the
// fault is reported elsewhere.
func cloudsOfAuthority(endpoint string) []msclouds.Cloud {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return msclouds.All()[:1]
	}
	return msclouds.OfAuthority(u.Hostname())
}
