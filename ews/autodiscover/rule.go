package autodiscover

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
)

// ExchangeOnline returns the hosts of Exchange Online in all clouds, for
// [Options.AllowedHosts]. They let the client find a mailbox that has moved
// there from on-premises servers. Microsoft owns all these names and those
// below them.
func ExchangeOnline() []string { return msclouds.Domains() }

// allows reports whether a host, with or without a port, is trusted when looking
// for the mailbox of an address.
func (o *Options) allows(address, host string) bool {
	name := hostname(host)
	if o.Allow != nil {
		return o.Allow(address, name)
	}
	return within(name, domainOf(address)) || slices.ContainsFunc(o.AllowedHosts, func(h string) bool { return within(name, h) })
}

// trusts reports whether a host gets credentials although nothing shows that it is
// Exchange, because somebody has named it.
func (o *Options) trusts(host string) bool {
	name := hostname(host)
	return slices.ContainsFunc(o.AllowedHosts, func(h string) bool { return within(name, h) }) || o.Named != nil && o.Named(name)
}

// within reports whether a host is a domain or below it.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// hostname returns a host without its port.
func hostname(host string) string {
	name, _, _ := strings.Cut(host, ":")
	return name
}

// secureHost returns the host of an HTTPS URL, with its port unless that is 443.
// Any other URL, or one with a user name, is an error.
func secureHost(u *url.URL) (string, error) {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case u.Scheme != "https":
		return "", fmt.Errorf("%w: it is not HTTPS", errUnsafe)
	case u.User != nil:
		return "", fmt.Errorf("%w: it contains a user name", errUnsafe)
	case !validHost(host):
		return "", fmt.Errorf("%w: it has no valid host", errUnsafe)
	}
	if p := u.Port(); p != "" && p != "443" {
		host += ":" + p
	}
	return host, nil
}

// safe returns a URL in a form that can be shown: without user name and password, whoever
// wrote it.
func safe(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil && strings.Contains(raw, "@"):
		return "[a URL with a user name]"
	case err != nil:
		return raw
	case u.User != nil:
		return u.Scheme + "://[user]@" + u.Host + u.EscapedPath()
	}
	return raw
}

// sameHost reports whether a URL may be followed and is on the host of another.
func sameHost(u *url.URL, other string) bool {
	host, err := secureHost(u)
	if err != nil {
		return false
	}
	from, err := url.Parse(other)
	if err != nil {
		return false
	}
	same, err := secureHost(from)
	return err == nil && host == same
}

// errUnsafe reports a URL that is not followed, whatever its host.
var errUnsafe = errors.New("not a URL that can be followed")

// maxURL is the maximum length of an accepted URL, in bytes.
const maxURL = 2048

// endpoint checks and cleans an EWS URL that a server returned.
func (l *lookup) endpoint(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	u, err := url.Parse(raw)
	if len(raw) > maxURL || err != nil {
		return "", fmt.Errorf("%w: %s", errUnsafe, l.quoteURL(raw))
	}
	host, err := secureHost(u)
	if err != nil {
		return "", fmt.Errorf("%s: %w", l.quoteURL(raw), err)
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Trim(u.Path, "/") == "" {
		return "", fmt.Errorf("%s: %w: it has no path, or has a query or fragment", l.quote(raw), errUnsafe)
	}
	if !l.opts.allows(l.origin, host) {
		return "", l.foreign(host)
	}
	return (&url.URL{Scheme: "https", Host: host, Path: u.Path, RawPath: u.RawPath}).String(), nil
}

// validHost reports whether s is a host name, in lower case, that can be looked
// up, or an IPv4 address.
func validHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// foreign returns the error for a host that the rule does not allow.
func (l *lookup) foreign(host string) *HostError {
	return &HostError{Host: l.sent.Strike(hostname(host))}
}

// parseAddress checks an SMTP address and returns it with its domain in lower
// case.
func parseAddress(s string, quote func(string) string) (string, error) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7F || r == 0xFFFD || r == '<' || r == '>' }) {
		return "", fmt.Errorf("%s is not an SMTP address; give it as name@example.com", quote(s))
	}
	domain := strings.ToLower(s[at+1:])
	if !validHost(domain) || !strings.Contains(domain, ".") {
		return "", fmt.Errorf("%s: the domain cannot be looked up; give an address such as name@example.com", quote(s))
	}
	return s[:at+1] + domain, nil
}

// domainOf returns the domain of an address from parseAddress.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
