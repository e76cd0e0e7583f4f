package autodiscover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// Limits of one search.
const (
	maxHops = 10 // redirects of any kind
	maxSRV  = 4  // hosts of an SRV record
)

// Lookup finds the EWS URL of a mailbox and reports how it was found. The error is an
// [*Error], the cause of ctx if it has ended, or a report that the address is invalid.
func (c *Client) Lookup(ctx context.Context, address string) (*Result, error) {
	parsed, err := parseAddress(address, quote)
	if err != nil {
		return nil, fmt.Errorf("autodiscover: %w", err)
	}
	ctx, sent := redact.Watching(ctx)
	l := &lookup{Client: c, origin: parsed, address: parsed, seen: make(map[string]bool), sent: sent, addresses: []string{strings.ToLower(parsed)}}
	for {
		s := l.byDomain(ctx)
		switch {
		case s.url != "":
			return &Result{EWSURL: s.url, Address: l.address, Source: l.printable(s.source), Attempts: l.attempts, Grouping: s.grouping}, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case s.address == "":
			return nil, &Error{Address: address, Attempts: l.attempts}
		}
		l.address = s.address
		l.addresses = append(l.addresses, strings.ToLower(s.address))
	}
}

// lookup is one search.
type lookup struct {
	*Client
	origin   string // the requested address, to which the rule applies
	address  string // the address that redirects led to
	hops     int
	seen     map[string]bool // hosts already asked, each with the address
	attempts []Attempt

	addresses []string // addresses asked for so far, in lower case
	refusals  int      // of the credentials; at maxRefusals they are no longer sent anywhere
	named     string   // the host of an SRV record: it is meant for Autodiscover
	sent      *redact.Watch
}

// maxRefusals ends the use of credentials: repeating a wrong password locks the account.
// A refusal by the web server of the domain itself counts once, any other twice.
const maxRefusals = 2

// refused records that a host refused the credentials.
func (l *lookup) refused(host string) {
	l.refusals++
	if host != domainOf(l.address) {
		l.refusals = maxRefusals
	}
}

// step is the result of asking a host: a URL, another address, another host, or
// nothing.
type step struct {
	url, source string
	grouping    string
	address     string
	host, from  string
}

func (s step) ends() bool { return s.url != "" || s.address != "" }

// byDomain tries all places for the domain of the address.
func (l *lookup) byDomain(ctx context.Context) step {
	domain := domainOf(l.address)
	for _, host := range []string{domain, "autodiscover." + domain} {
		if s := l.follow(ctx, host); s.ends() {
			return s
		}
	}
	if s := l.follow(ctx, l.plain(ctx, "http://autodiscover."+domain+plainPath)); s.ends() {
		return s
	}
	for _, host := range l.srv(ctx, domain) {
		l.named = host
		if s := l.follow(ctx, host); s.ends() {
			return s
		}
	}
	return step{}
}

// follow asks a host, and then any hosts that it redirects to.
func (l *lookup) follow(ctx context.Context, host string) step {
	from := ""
	for host != "" && ctx.Err() == nil && l.enter(host, from) {
		s := l.ask(ctx, host)
		if s.ends() {
			return s
		}
		host, from = s.host, s.from
	}
	return step{}
}

// enter reports whether a host is allowed and has not been asked yet, and marks it as
// asked. from is the URL that led to it, if any.
func (l *lookup) enter(host, from string) bool {
	if !l.opts.allows(l.origin, host) {
		if from == "" {
			from = "https://" + host
		}
		l.failed(from, l.foreign(host))
		return false
	}
	key := host + " " + l.address
	if l.seen[key] {
		if from != "" {
			l.failed(from, fmt.Errorf("it redirects to %s, which was asked before", host))
		}
		return false
	}
	l.seen[key] = true
	return true
}

// hop counts a redirect and reports whether it may be followed.
func (l *lookup) hop(from string) bool {
	if l.hops++; l.hops > maxHops {
		l.failed(from, errTooOften)
		return false
	}
	return true
}

var errTooOften = errors.New("redirected too often")

// failed records an attempt. A server may echo the credentials, so they are struck out.
func (l *lookup) failed(source string, err error) {
	l.attempts = append(l.attempts, Attempt{URL: l.printable(source), Err: l.sent.Error(err)})
}

func (l *lookup) printable(source string) string {
	source, _, _ = strings.Cut(l.sent.Strike(source), "?")
	return shorten(source)
}

// ask tries the services of one host.
func (l *lookup) ask(ctx context.Context, host string) step {
	r, source, err := l.reach(ctx, l.opts.Anonymous, http.MethodGet, "https://"+host+plainPath, nil, 0)
	if err != nil {
		l.failed(source, err)
		return step{}
	}
	if to, ok := l.redirected(r, source); ok {
		return step{host: to, from: source}
	}
	if r.wantsCredentials() && l.refusals < maxRefusals {
		switch rt := l.opts.Transport(host); {
		case rt == nil:
		case !r.ofExchange() && host != l.named && !l.opts.trusts(host):
			l.failed(source, errNoSign)
		default:
			if s := l.soap(ctx, rt, host, besides(source, host)); s.ends() || s.host != "" {
				return s
			}
		}
	}
	return l.json(ctx, host)
}

// soap calls GetUserSettings.
func (l *lookup) soap(ctx context.Context, rt http.RoundTripper, host, source string) step {
	fail := func(err error) step {
		l.failed(source, err)
		return step{}
	}
	body, err := userSettingsRequest(source, l.address)
	if err != nil {
		return fail(err)
	}
	r, source, err := l.reach(ctx, rt, http.MethodPost, source, body, maxSOAP)
	if err != nil {
		if unauthorized(err) {
			l.refused(host)
			err = fmt.Errorf("%w: %w", ErrUnauthorized, err)
		}
		return fail(err)
	}
	if to, ok := l.redirected(r, source); ok {
		return step{host: to, from: source}
	}
	switch r.status {
	case http.StatusOK, http.StatusInternalServerError:
	case http.StatusUnauthorized:
		l.refused(host)
		return fail(fmt.Errorf("%w: check the user name and password", ErrUnauthorized))
	default:
		return fail(r.refused())
	}
	answer, err := decodeUserSettings(bytes.NewReader(r.body))
	if err != nil {
		if r.status != http.StatusOK {
			err = r.refused()
		}
		return fail(err)
	}
	s, err := l.heed(answer, source)
	if err != nil {
		return fail(err)
	}
	return s
}

// heed acts on an answer of GetUserSettings.
func (l *lookup) heed(answer userSettings, source string) (step, error) {
	switch answer.code {
	case redirectAddress:
		to, err := parseAddress(answer.target, l.quote)
		if err != nil {
			return step{}, fmt.Errorf("it redirects to another address: %w", err)
		}
		if strings.EqualFold(to, l.address) {
			return step{}, errors.New("it redirects to the address that was asked for")
		}
		if slices.Contains(l.addresses, strings.ToLower(to)) {
			return step{}, fmt.Errorf("it redirects from %s to %s, which redirected there: the two addresses redirect to each other; correct targetAddress or the mail users in Exchange, or set the EWS URL yourself", l.quote(l.address), l.quote(to))
		}
		if !l.hop(source) {
			return step{}, nil
		}
		return step{address: to}, nil
	case redirectURL:
		u, err := url.Parse(answer.target)
		if err != nil || len(answer.target) > maxURL {
			return step{}, fmt.Errorf("it redirects to %s, which is %w", l.quoteURL(answer.target), errUnsafe)
		}
		host, err := secureHost(u)
		if err != nil {
			return step{}, fmt.Errorf("it redirects to %s: %w", l.quoteURL(answer.target), err)
		}
		if !l.hop(source) {
			return step{}, nil
		}
		return step{host: host, from: source}, nil
	}
	urls := []string{answer.external, answer.internal}
	if l.opts.Internal {
		slices.Reverse(urls)
	}
	var why error
	for _, raw := range urls {
		if raw == "" || answer.code != noError {
			continue
		}
		u, err := l.endpoint(raw)
		if err == nil {
			return step{url: u, source: source, grouping: answer.grouping}, nil
		}
		why = errors.Join(why, err)
	}
	if why != nil {
		return step{}, why
	}
	return step{}, l.refusal(answer)
}

// json asks the JSON service, which needs no credentials.
func (l *lookup) json(ctx context.Context, host string) step {
	target := protocolURL(host, l.address, l.hops)
	r, source, err := l.reach(ctx, l.opts.Anonymous, http.MethodGet, target, nil, maxJSON)
	if err != nil {
		l.failed(source, err)
		return step{}
	}
	if to, ok := l.redirected(r, source); ok {
		return step{host: to, from: source}
	}
	var found string
	if r.status == http.StatusOK {
		if found, err = l.decodeProtocol(r.body); err == nil {
			found, err = l.endpoint(found)
		}
	} else if _, err = l.decodeProtocol(r.body); !isRefusal(err) {
		err = r.refused()
	}
	if err != nil {
		l.failed(source, err)
		return step{}
	}
	return step{url: found, source: source}
}

// unauthorized reports whether a RoundTripper failed because the credentials
// were refused.
func unauthorized(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Unauthorized() bool
	}](err)
	return ok && e.Unauthorized()
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// plain makes the one request without TLS. It carries no data, and only a
// redirect to HTTPS is trusted.
func (l *lookup) plain(ctx context.Context, source string) (host string) {
	if ctx.Err() != nil || !l.opts.allows(l.origin, "autodiscover."+domainOf(l.address)) {
		return ""
	}
	r, err := l.call(ctx, l.opts.Anonymous, http.MethodGet, source, nil, 0)
	if err != nil {
		l.failed(source, err)
		return ""
	}
	host, ok := l.redirected(r, source)
	if !ok {
		l.failed(source, fmt.Errorf("it does not redirect to another server: %w", r.refused()))
	}
	return host
}

// srv returns the first hosts of the SRV record, in order of priority.
func (l *lookup) srv(ctx context.Context, domain string) []string {
	if ctx.Err() != nil || !l.opts.allows(l.origin, domain) {
		return nil
	}
	source := "_autodiscover._tcp." + domain
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	_, records, err := l.opts.Resolver.LookupSRV(ctx, "autodiscover", "tcp", domain)
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		l.failed(source, errors.New("no SRV record exists"))
		return nil
	}
	if err != nil {
		l.failed(source, silence{l.sent.Error(err)})
	}
	var hosts []string
	for _, r := range records[:min(len(records), maxSRV)] {
		host := strings.ToLower(strings.TrimSuffix(r.Target, "."))
		if !validHost(host) || r.Port == 0 {
			l.failed(source, fmt.Errorf("it names %s, which is not a usable host", l.quote(r.Target)))
			continue
		}
		if r.Port != 443 {
			host += ":" + strconv.Itoa(int(r.Port))
		}
		hosts = append(hosts, host)
	}
	return hosts
}
