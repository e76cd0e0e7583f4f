package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// ticketOffice signs in as a program would: the test server accepts Basic credentials as a
// ticket.
type ticketOffice struct {
	password string

	mu        sync.Mutex
	endpoints []string
	bases     []http.RoundTripper
}

func (o *ticketOffice) signIn(endpoint string, base http.RoundTripper) (http.RoundTripper, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endpoints, o.bases = append(o.endpoints, endpoint), append(o.bases, base)
	return ticket{o, base}, nil
}

type ticket struct {
	office *ticketOffice
	base   http.RoundTripper
}

// RoundTrip adds the ticket.
func (t ticket) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	t.office.mu.Lock()
	r.SetBasicAuth(`EXAMPLE\svc`, t.office.password)
	t.office.mu.Unlock()
	return t.base.RoundTrip(r)
}

// watch is a program's wrapper around transports.
type watch struct {
	mu          sync.Mutex
	seen        []string
	credentials int
}

func (w *watch) wrap(next http.RoundTripper) http.RoundTripper { return watched{w, next} }

type watched struct {
	watch *watch
	next  http.RoundTripper
}

// RoundTrip records the host, and whether credentials are visible.
func (t watched) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	t.watch.mu.Lock()
	defer t.watch.mu.Unlock()
	t.watch.seen = append(t.watch.seen, r.URL.Host)
	for _, req := range []*http.Request{r, resp.Request} {
		if req != nil && req.Header.Get("Authorization") != "" {
			t.watch.credentials++
		}
	}
	return resp, err
}

func (s *discoverScene) external(office *ticketOffice, w *watch) *exchange.Options {
	s.cfg.Authentication = exchange.Authentication{Type: exchange.AuthenticationExternal}
	return &exchange.Options{Transport: s.internet, Resolver: noRecords{}, SignIn: office.signIn, WrapTransport: w.wrap, Attempts: 1}
}

// TestSignInByTheProgram: what the program adds goes to EWS only.
func TestSignInByTheProgram(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.Impersonation)
	s.Mailbox(alice).Deliver(eml(evil, "Invoice"))
	s.cfg.EWSURL = mailURL
	office, w := &ticketOffice{password: "svc-password"}, &watch{}
	q, err := exchange.Open(&s.cfg, s.external(office, w))
	require.NoError(t, err)
	assert.Equal(t, []string{mailURL}, office.endpoints, "asked once, by Open")
	assert.Equal(t, []http.RoundTripper{s.internet}, office.bases, "on top of the configuration's transport")
	assert.Empty(t, s.taken())
	receipt, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
	require.NoError(t, err)
	require.NoError(t, receipt.Err())
	assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
	require.NoError(t, q.Close())
	assert.Equal(t, map[string]bool{mailHost: true}, signedIn(s.taken()))
	assert.Len(t, w.seen, len(s.Requests()), "every request passes what is wrapped around")
	assert.Zero(t, w.credentials, "and shows no credentials there")
	assert.Len(t, office.endpoints, 1)
}

// TestSignInAtAutodiscover: trusted services are asked in the same way, and requests that
// need no sign-in get none.
func TestSignInAtAutodiscover(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.FullAccess)
	s.place("evil.example", http.NotFoundHandler())
	office, w := &ticketOffice{password: "svc-password"}, &watch{}
	q, err := exchange.Open(&s.cfg, s.external(office, w))
	require.NoError(t, err)
	assert.Empty(t, office.endpoints, "nothing is known to sign in at")
	require.NoError(t, find(t, q))
	require.NoError(t, q.Close())
	assert.Equal(t, map[string]bool{discoverHost: true, mailHost: true}, signedIn(s.taken()))
	assert.Equal(t, mailURL, office.endpoints[len(office.endpoints)-1])
	for _, e := range office.endpoints {
		assert.True(t, strings.HasPrefix(e, "https://"), e)
	}
	assert.Contains(t, w.seen, apexHost, "also what is asked without signing in")
	assert.Contains(t, w.seen, discoverHost)
	assert.Zero(t, w.credentials)
}

// TestSignInRefusedByAutodiscover: the program may have a new ticket, so a refusal is not
// remembered forever.
func TestSignInRefusedByAutodiscover(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newDiscoverScene(t, exchange.FullAccess)
		office := &ticketOffice{password: "expired"}
		q, err := exchange.Open(&s.cfg, s.external(office, &watch{}))
		require.NoError(t, err)
		err = find(t, q)
		require.ErrorContains(t, err, "refused what SignIn of the program sent")
		assert.NotContains(t, err.Error(), "authentication.password")
		office.mu.Lock()
		office.password = "svc-password"
		office.mu.Unlock()
		s.taken()
		require.ErrorContains(t, find(t, q), "the next attempt is not before")
		assert.Empty(t, s.taken(), "not at once")
		time.Sleep(time.Minute)
		require.NoError(t, find(t, q))
		require.NoError(t, q.Close())
	})
}

func TestSignInSetOnOneSideOnly(t *testing.T) {
	t.Parallel()
	signIn := func(string, http.RoundTripper) (http.RoundTripper, error) { return nil, errors.New("no ticket") }
	none := func(string, http.RoundTripper) (http.RoundTripper, error) { return nil, nil }
	external := exchange.Authentication{Type: exchange.AuthenticationExternal}
	basic := exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("x")}
	for name, tc := range map[string]struct {
		authentication exchange.Authentication
		opts           *exchange.Options
		want           string
	}{
		"no options":       {external, nil, `authentication.type is "external"`},
		"no SignIn":        {external, &exchange.Options{}, "SignIn of its Options"},
		"another type":     {basic, &exchange.Options{SignIn: signIn}, `authentication.type of the configuration is "basic"`},
		"it fails":         {external, &exchange.Options{SignIn: signIn}, "no ticket"},
		"it returns none":  {external, &exchange.Options{SignIn: none}, "SignIn returned neither"},
		"nothing is wound": {basic, &exchange.Options{WrapTransport: func(http.RoundTripper) http.RoundTripper { return nil }}, "WrapTransport returned nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := exchange.Open(&exchange.Config{EWSURL: mailURL, QuarantineMailbox: vault, Authentication: tc.authentication}, tc.opts)
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

// TestSignInStaysWithItsHost: a request to another host, or over plain HTTP, does not
// reach what the program returned.
func TestSignInStaysWithItsHost(t *testing.T) {
	t.Parallel()
	network, office := &internet{hosts: map[string]http.Handler{}}, &ticketOffice{}
	conn, err := exchange.Connect(&exchange.Config{
		EWSURL: mailURL, QuarantineMailbox: vault, Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
	}, &exchange.Options{Transport: network, SignIn: office.signIn})
	require.NoError(t, err)
	rt, err := conn.SignIn(mailURL)
	require.NoError(t, err)
	for _, url := range []string{"https://evil.example/EWS/Exchange.asmx", "http://mail.example.test/EWS/Exchange.asmx", "https://mail.example.test:444/"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("x"))
		require.NoError(t, err)
		_, err = rt.RoundTrip(req)
		require.Error(t, err, url)
		assert.True(t, ews.NotSent(err), url)
	}
	_, err = conn.SignIn("http://mail.example.test/EWS/Exchange.asmx")
	require.ErrorContains(t, err, "allowPlainHTTP")
	assert.Equal(t, []string{mailURL}, office.endpoints)
	assert.Empty(t, network.taken())
}

// TestWrapTransportKeepsNTLM: each connection stays with its account, over TLS with a
// root certificate of the configuration.
func TestWrapTransportKeepsNTLM(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{TLS: true, Authentication: []ewstest.Scheme{ewstest.NTLM}})
	defer srv.Close()
	srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
	w, roots := &watch{}, filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(roots, srv.CAPEM(), 0o600))
	configs := []exchange.Config{{
		Name: "A", EWSURL: srv.URL(), QuarantineMailbox: vault, RootCAFile: roots, Domains: []string{"example.test"},
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password")},
	}}
	r, err := exchange.OpenRouter(configs, &exchange.RouterOptions{OptionsFor: func(*exchange.Config) *exchange.Options {
		return &exchange.Options{WrapTransport: w.wrap}
	}})
	require.NoError(t, err)
	receipt, err := r.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
	require.NoError(t, err)
	require.NoError(t, receipt.Err())
	require.NoError(t, r.Close())
	assert.Len(t, w.seen, len(srv.Requests()), "the sign-in of NTLM is beneath")
	assert.Zero(t, w.credentials)
	assert.Len(t, slices.Compact(w.seen), 1)
}

// A program signs in by itself, for example with Kerberos, and counts its requests.
func ExampleOptions_signIn() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	cfg, err := exchange.ParseConfig(strings.NewReader(`{
		"ewsUrl": "` + srv.URL() + `",
		"quarantineMailbox": "quarantine@example.test",
		"authentication": {"type": "external"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	requests := 0
	q, err := exchange.Open(cfg, &exchange.Options{
		SignIn: func(endpoint string, base http.RoundTripper) (http.RoundTripper, error) {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				r = r.Clone(r.Context()) // a RoundTripper leaves the caller's request as it is
				r.SetBasicAuth("svc@example.test", "svc-password")
				return base.RoundTrip(r)
			}), nil
		},
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				requests++
				return next.RoundTrip(r)
			})
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer q.Close()
	for _, err := range q.List(context.Background(), quarantine.ListRequest{}) {
		fmt.Println(err)
	}
	fmt.Println("signed in:", requests > 0)
	// Output:
	// signed in: true
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSignInNames: the configuration does not care whom SignIn signs in as, such as an
// application by its id.
func TestSignInNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "svc", `EXAMPLE\svc`, "svc@EXAMPLE.TEST", "00001111-aaaa-2222-bbbb-3333cccc4444", "HTTP/worker.example.test@EXAMPLE.TEST", "urn:acme:worker"} {
		c := exchange.Config{
			EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
			Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal, Username: name},
		}
		assert.NoError(t, c.Validate(), name)
	}
}
