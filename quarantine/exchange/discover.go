package exchange

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
)

// Pauses between a failed search and the next: they double from discoverPause to
// maxDiscoverPause.
const (
	discoverPause    = 15 * time.Second
	maxDiscoverPause = 5 * time.Minute
)

// discovery finds the EWS URL of a configuration without ewsUrl, and is the RoundTripper
// that signs in there. There is one search at a time, made by the first call that needs it;
// the others wait. The result is kept. A failure is remembered for a while, so a batch of a
// thousand mailboxes searches once, and refused credentials until they change, to avoid
// locking the account.
type discovery struct {
	cfg    Config // with defaults
	signer *signer
	client *autodiscover.Client
	log    *slog.Logger

	unusable error // why there is no client

	turn  chan struct{} // full during a search
	found atomic.Pointer[discovered]

	// Guarded by turn.
	signIns  []http.RoundTripper // of the search
	failure  *discoveryError     // of the last search
	failures int                 // in a row
	until    time.Time           // no search before
	refused  func() string       // the password with which the last search was refused
}

// discovered is what a search found.
type discovered struct {
	*autodiscover.Result
	transport http.RoundTripper // signs in at the URL
}

// newDiscovery returns a discovery. It does no I/O.
func newDiscovery(c *Config, signer *signer, resolver autodiscover.Resolver, userAgent string, log *slog.Logger) (*discovery, error) {
	anonymous, err := signer.wrapped(signer.base)
	if err != nil {
		return nil, err
	}
	d := &discovery{cfg: *c, signer: signer, log: log, turn: make(chan struct{}, 1)}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	opts := &autodiscover.Options{
		Anonymous: anonymous, Transport: d.signingIn, Resolver: resolver, UserAgent: userAgent,
		Allow: func(_, host string) bool { return c.trusts(host) },
		Named: func(host string) bool {
			return slices.ContainsFunc(c.AutodiscoverHosts, func(h string) bool { return below(host, h) })
		},
	}
	d.client, d.unusable = autodiscover.NewClient(opts)
	return d, nil
}

// checkSignIn reports what makes signing in impossible, wherever EWS is.
func (d *discovery) checkSignIn() error {
	if d.unusable != nil || d.external() {
		return d.unusable // a program is asked only for hosts that exist
	}
	_, domain, _ := strings.Cut(d.cfg.QuarantineMailbox, "@")
	_, err := d.signIn("autodiscover." + domain)
	return err
}

// signIn returns a RoundTripper that signs in to Autodiscover on a host.
func (d *discovery) signIn(host string) (http.RoundTripper, error) {
	return d.signer.signIn("https://" + host + "/autodiscover/autodiscover.svc")
}

// external reports whether the program signs in.
func (d *discovery) external() bool { return d.cfg.Authentication.Type == AuthenticationExternal }

// signingIn is the Transport of autodiscover.Options. It is called for trusted
// hosts only.
func (d *discovery) signingIn(host string) http.RoundTripper {
	rt, err := d.signIn(host)
	if err != nil {
		return unsendable{err}
	}
	d.signIns = append(d.signIns, rt)
	return rt
}

// EWSURL returns the URL, after searching for it if it is not yet known.
func (d *discovery) EWSURL(ctx context.Context) (string, error) {
	found, err := d.get(ctx)
	if err != nil {
		return "", err
	}
	return found.EWSURL, nil
}

func (d *discovery) get(ctx context.Context) (*discovered, error) {
	if found := d.found.Load(); found != nil {
		return found, nil
	}
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if found := d.found.Load(); found != nil {
		return found, nil
	}
	if d.failure != nil && !d.anotherPassword(ctx) && (d.failure.final() || time.Now().Before(d.until)) {
		return nil, d.failure.again(d.until)
	}
	return d.search(ctx)
}

// anotherPassword reports whether the source of the password returns a different one from
// the one refused.
func (d *discovery) anotherPassword(ctx context.Context) bool {
	if d.refused == nil {
		return false
	}
	password, err := d.cfg.password(ctx)
	return err == nil && password != d.refused()
}

// search asks the servers.
func (d *discovery) search(ctx context.Context) (*discovered, error) {
	if err := d.checkSignIn(); err != nil {
		return nil, err
	}
	password, err := d.cfg.password(ctx)
	if err != nil {
		return nil, err
	}
	result, err := d.client.Lookup(ctx, d.cfg.QuarantineMailbox)
	for _, rt := range d.signIns {
		closeIdle(rt)
	}
	d.signIns = nil
	if err != nil && ctx.Err() != nil {
		return nil, err // the caller gave up; the search did not fail
	}
	failure := d.judge(result, err)
	if failure != nil {
		d.failure, d.until = failure, time.Now().Add(min(discoverPause<<min(d.failures, 10), maxDiscoverPause))
		d.failures++
		d.refused = nil
		if failure.final() {
			d.refused = func() string { return password }
		}
		d.log.WarnContext(ctx, "no EWS URL was found", "mailbox", d.cfg.QuarantineMailbox, "error", failure)
		return nil, failure
	}
	rt, err := d.signer.signIn(result.EWSURL)
	if err != nil {
		return nil, err
	}
	found := &discovered{result, rt}
	d.found.Store(found)
	d.log.DebugContext(ctx, "the EWS URL was found", "url", result.EWSURL, "source", result.Source)
	return found, nil
}

// judge returns why a search failed, or nil if it did not. Refused credentials
// are a failure even if a service that needs none returned the URL: they must
// not be tried there, too.
func (d *discovery) judge(result *autodiscover.Result, err error) *discoveryError {
	failure := &discoveryError{address: d.cfg.QuarantineMailbox, external: d.external(), err: err}
	if result != nil {
		failure.attempts = result.Attempts
	}
	if e, ok := errors.AsType[*autodiscover.Error](err); ok {
		failure.attempts = e.Attempts
	}
	if err == nil && !failure.Unauthorized() {
		return nil
	}
	return failure
}

// RoundTrip sends a request to the URL that was found.
func (d *discovery) RoundTrip(req *http.Request) (*http.Response, error) {
	found, err := d.get(req.Context())
	if err != nil {
		return unsendable{err}.RoundTrip(req)
	}
	return found.transport.RoundTrip(req)
}

// CloseIdleConnections closes idle connections.
func (d *discovery) CloseIdleConnections() {
	if found := d.found.Load(); found != nil {
		closeIdle(found.transport)
	}
}

// unsendable is a RoundTripper that sends nothing.
type unsendable struct{ err error }

// RoundTrip returns the error.
func (u unsendable) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close() // nothing was read from it
	}
	return nil, u.err
}
