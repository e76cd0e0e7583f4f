package exchange

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// trusts reports whether Autodiscover may query a host, send the password to it,
// and accept it as the host of EWS. The host has no port and is in lower case.
//
// Whoever owns the registered domain of the quarantine mailbox also owns all
// names below it, so nobody else can have a certificate for them. Exchange
// Online accepts no passwords.
func (c *Config) trusts(host string) bool {
	_, domain, _ := strings.Cut(strings.ToLower(c.QuarantineMailbox), "@")
	switch {
	case msclouds.Has(host):
		return false
	case host == domain, host == "autodiscover."+domain:
		return true
	}
	listed := slices.ContainsFunc(c.AutodiscoverHosts, func(h string) bool { return below(host, h) })
	own := registeredDomain(domain)
	return listed || own != "" && registeredDomain(host) == own
}

// below reports whether a host is a domain or below it.
func below(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// registeredDomain returns the registered domain of a name, such as
// example.co.uk for mail.example.co.uk, or "".
func registeredDomain(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return domain
}

// autodiscover checks autodiscoverHosts.
func (v *configCheck) autodiscover(c *Config) {
	if len(c.AutodiscoverHosts) > 0 {
		switch {
		case c.EWSURL != "":
			v.problem("autodiscoverHosts", "is not used if ewsUrl is set; remove one of them")
		case c.Authentication.Type == AuthenticationAzureAD:
			v.problem("autodiscoverHosts", `is not used with authentication.type "azureAD", which does not use Autodiscover; remove it`)
		}
	}
	for i, host := range c.AutodiscoverHosts {
		field := "autodiscoverHosts[" + strconv.Itoa(i) + "]"
		suffix, _ := publicsuffix.PublicSuffix(strings.ToLower(host))
		switch {
		case !mailname.IsDomain(host):
			v.problem(field, "is not a full host name; use one such as mail.example.com, without scheme, port, path or wildcard")
		case strings.EqualFold(suffix, host):
			v.problem(field, "is a domain in which anybody can register names, so anybody could get the password; use the name of the host")
		case msclouds.Has(host):
			v.problem(field, `is Exchange Online, which accepts tokens only; remove it, and if the mailboxes are there, set authentication.type to "azureAD"`)
		}
	}
}
