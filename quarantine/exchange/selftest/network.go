package selftest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/internal/httpguard"
	"github.com/ewsquarantine/ewsquarantine/internal/redact"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

const (
	// checkDialTime bounds the first request, which has no content.
	checkDialTime = 30 * time.Second
	// tlsNotice is how long before a server's certificate expires the warnings
	// begin.
	tlsNotice = 21 * 24 * time.Hour
	// skewNotice and skewLimit are the clock differences above which there is a
	// warning and a failure: Kerberos and the tokens of Azure AD allow five
	// minutes.
	skewNotice, skewLimit = time.Minute, 5 * time.Minute
)

// dial records what a request without credentials saw of the connection.
type dial struct {
	mu        sync.Mutex
	host      string // looked up
	addresses []net.IPAddr
	dnsErr    error
	reached   string // address of the connection
	dialErr   error
	tls       *tls.ConnectionState
	tlsErr    error
}

func (d *dial) trace() *httptrace.ClientTrace {
	locked := func(f func()) {
		d.mu.Lock()
		defer d.mu.Unlock()
		f()
	}
	return &httptrace.ClientTrace{
		DNSStart: func(i httptrace.DNSStartInfo) { locked(func() { d.host = i.Host }) },
		DNSDone:  func(i httptrace.DNSDoneInfo) { locked(func() { d.addresses, d.dnsErr = i.Addrs, i.Err }) },
		ConnectDone: func(_, address string, err error) {
			locked(func() {
				if err == nil {
					d.reached = address
				} else {
					d.dialErr = err
				}
			})
		},
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			locked(func() {
				if d.tlsErr = err; err == nil {
					d.tls = &s
				}
			})
		},
	}
}

// resolver returns the resolver for Autodiscover.
func (k *checker) resolver() autodiscover.Resolver {
	if k.opts.Resolver != nil {
		return k.opts.Resolver
	}
	return net.DefaultResolver
}

// checkTransport makes the transport that the service would use.
func (k *checker) checkTransport(context.Context) {
	conn, err := exchange.Connect(&k.cfg, &exchange.Options{
		Transport: k.opts.Transport, SignIn: k.opts.SignIn, WrapTransport: k.opts.WrapTransport,
		Resolver: k.resolver(), UserAgent: k.opts.UserAgent, Logger: k.opts.Logger,
	})
	if err != nil {
		k.fail(CheckTLS, "", err.Error(), remedy{text: "set rootCAFile to a PEM file of certificates, or omit it"})
		k.block(CheckTLS)
		return
	}
	if t, ok := conn.Base().(*http.Transport); ok && k.opts.Transport == nil && k.opts.Resolver != nil {
		t.DialContext = (&net.Dialer{Timeout: 15 * time.Second, Resolver: k.opts.Resolver}).DialContext
	}
	k.conn = conn
}

// checkNetwork checks the connection to the server, with the transport that the
// service uses and a request without credentials.
func (k *checker) checkNetwork(ctx context.Context) {
	d := &dial{}
	began := k.now()
	header, err := k.look(ctx, k.address(), d)
	k.offers = header.Values("WWW-Authenticate")
	d.mu.Lock()
	defer d.mu.Unlock()
	if !k.connection(d, err) {
		return
	}
	if err != nil {
		k.fail(CheckEndpoint, "", err.Error(), k.urlRemedy())
		k.block(CheckEndpoint)
		return
	}
	k.clock(header.Get("Date"), began, k.now())
}

// look sends a request without credentials over its own connection, and returns the
// header of the answer.
func (k *checker) look(ctx context.Context, url string, d *dial) (http.Header, error) {
	rt := k.conn.Base()
	if t, ok := rt.(*http.Transport); ok && k.opts.Transport == nil {
		t = t.Clone() // for a new connection, all of which is traced
		defer t.CloseIdleConnections()
		rt = t
	}
	ctx, cancel := context.WithTimeoutCause(ctx, checkDialTime, fmt.Errorf("no answer within %s", checkDialTime))
	defer cancel()
	ctx, sent := redact.Watching(ctx) // a proxy gets a password, and may echo it
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, d.trace()), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	sent.SawTransport(rt, req)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, sent.Error(err)
	}
	resp.Body.Close()
	return resp.Header, nil
}

// connection evaluates DNS, TCP and TLS, and reports whether all of them work. The first
// that fails explains err.
func (k *checker) connection(d *dial, err error) bool {
	if k.opts.Transport != nil {
		for _, name := range []Name{CheckDNS, CheckTCP, CheckTLS} {
			k.skip(name, "", "not checked: Options.Transport is set")
		}
		return true
	}
	u, _ := url.Parse(k.address()) // validated
	host, whose := u.Hostname(), "server"
	if k.cfg.UseProxy {
		whose = "server or proxy"
	}
	switch {
	case d.dnsErr != nil:
		k.fail(CheckDNS, "", fmt.Sprintf("the name %s has no address: %v", d.host, d.dnsErr), k.nameRemedy(d.host))
		k.block(CheckDNS)
		return false
	case d.host == "":
		k.ok(CheckDNS, "", "not needed: the host is an IP address")
	default:
		k.ok(CheckDNS, "", d.host+" resolves to "+addresses(d.addresses))
	}
	if d.reached == "" {
		cause := d.dialErr
		if cause == nil {
			cause = err
		}
		if cause != nil {
			k.fail(CheckTCP, "", fmt.Sprintf("the %s cannot be reached: %v", whose, cause), k.portRemedy(u))
			k.block(CheckTCP)
			return false
		}
	}
	if err != nil && u.Scheme == "https" && d.tls == nil && d.tlsErr == nil {
		k.fail(CheckTCP, "", fmt.Sprintf("connected to %s, but not from there to %s: %v", d.reached, host, err), k.portRemedy(u))
		k.block(CheckTCP)
		return false
	}
	k.ok(CheckTCP, "", "connected to "+d.reached)
	return k.tls(d, u)
}

func addresses(all []net.IPAddr) string {
	const most = 4
	var texts []string
	for _, a := range all[:min(len(all), most)] {
		texts = append(texts, a.String())
	}
	if len(all) > most {
		texts = append(texts, "…")
	}
	return strings.Join(texts, ", ")
}

// tls evaluates the server's certificate.
func (k *checker) tls(d *dial, u *url.URL) bool {
	switch {
	case d.tlsErr != nil:
		seen := d.tlsErr.Error()
		if e, ok := errors.AsType[*tls.CertificateVerificationError](d.tlsErr); ok && len(e.UnverifiedCertificates) > 0 {
			seen = "the server's certificate is not trusted: " + e.Err.Error() + "; it is " + k.describe(e.UnverifiedCertificates[0])
		}
		k.fail(CheckTLS, "", seen, k.tlsRemedy(d.tlsErr, u))
		k.block(CheckTLS)
		return false
	case u.Scheme == "http" && httpguard.IsLoopback(u.Host):
		k.skip(CheckTLS, "", "plain HTTP to this machine")
	case u.Scheme == "http":
		k.warn(CheckTLS, "", "plain HTTP: anyone on the network can read the password and every message", remedy{text: "use https in " + k.setting() + ", unless the link is encrypted by other means"})
	case d.tls == nil || len(d.tls.PeerCertificates) == 0:
		k.skip(CheckTLS, "", "no handshake was seen")
	default:
		cert := d.tls.PeerCertificates[0]
		seen := tls.VersionName(d.tls.Version) + ", certificate of " + k.describe(cert)
		if left := cert.NotAfter.Sub(k.now()); left < tlsNotice {
			k.warn(CheckTLS, "", seen, remedy{text: "renew the certificate of the server before it expires; afterwards nothing works", commands: []string{"Get-ExchangeCertificate | Sort-Object NotAfter | Format-List Subject,Services,NotAfter,Thumbprint"}})
			break
		}
		k.ok(CheckTLS, "", seen)
	}
	return true
}

// describe returns the subject, issuer and expiry date of a certificate.
func (k *checker) describe(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	days := int(c.NotAfter.Sub(k.now()).Hours() / 24)
	when := fmt.Sprintf("%d days left", days)
	if days < 0 {
		when = "expired"
	}
	issuer := c.Issuer.CommonName
	if issuer == "" {
		issuer = c.Issuer.String()
	}
	return fmt.Sprintf("%q by %q, valid until %s (%s)", name, issuer, c.NotAfter.UTC().Format(time.DateOnly), when)
}

// clock compares the server's clock with this machine's halfway through the
// request.
func (k *checker) clock(date string, began, ended time.Time) {
	server, err := http.ParseTime(date)
	if err != nil {
		k.skip(CheckClock, "", "the server does not send the time")
		return
	}
	skew := began.Add(ended.Sub(began) / 2).Sub(server).Round(time.Second)
	seen, ahead := "the clocks agree", "ahead of"
	if skew < 0 {
		ahead = "behind"
	}
	if skew.Abs() > time.Second {
		seen = fmt.Sprintf("this machine's clock is %s %s the server's", skew.Abs(), ahead)
	}
	fix := remedy{text: "synchronise the clocks of this machine and the server with the same time service", commands: []string{"w32tm /query /status", "w32tm /resync"}}
	switch {
	case skew.Abs() > skewLimit:
		k.fail(CheckClock, "", seen+"; with more than five minutes, tokens and Kerberos are refused, and quarantined messages are dated wrongly", fix)
	case skew.Abs() > skewNotice:
		k.warn(CheckClock, "", seen, fix)
	default:
		k.ok(CheckClock, "", seen)
	}
}
