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

// trusts reports whether Autodiscover may ask a host, send the password there,
// and take it for that of EWS. The host has no port and is in lower case.
//
// Whoever owns the registered domain of the quarantine mailbox owns all names
// below it, so that no other can have a certificate for them. Exchange Online
// takes no password.
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

// registeredDomain returns the part of a name that somebody has registered, such
// as example.co.uk of mail.example.co.uk; empty if there is none.
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

// autodiscover checks what is said about finding the URL.
func (v *configCheck) autodiscover(c *Config) {
	if len(c.AutodiscoverHosts) > 0 {
		switch {
		case c.EWSURL != "":
			v.problem("autodiscoverHosts", "is not used where ewsUrl is set; take one of them out")
		case c.Authentication.Type == AuthenticationAzureAD:
			v.problem("autodiscoverHosts", `is not used with authentication.type "azureAD", for which EWS is never searched; take it out`)
		}
	}
	for i, host := range c.AutodiscoverHosts {
		field := "autodiscoverHosts[" + strconv.Itoa(i) + "]"
		suffix, _ := publicsuffix.PublicSuffix(strings.ToLower(host))
		switch {
		case !mailname.IsDomain(host):
			v.problem(field, "is not the full name of a host; give one such as mail.example.com, without scheme, port, path or wildcard")
		case strings.EqualFold(suffix, host):
			v.problem(field, "is a name below which anybody can register one, so that the password could go to anybody; give the name of the host")
		case msclouds.Has(host):
			v.problem(field, `is Exchange Online, which accepts tokens only; take it out, and if the mailboxes are there set authentication.type to "azureAD"`)
		}
	}
}
