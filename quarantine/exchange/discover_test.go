package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestDiscoverAndQuarantine: the first call searches for the address, once, and
// only the two hosts get the password.
func TestDiscoverAndQuarantine(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		for name, change := range map[string]func(*ewstest.AutodiscoverOptions){
			"SOAP": nil,
			"JSON": func(o *ewstest.AutodiscoverOptions) { o.NoSOAP = true },
		} {
			t.Run(name+"/"+string(access), func(t *testing.T) {
				t.Parallel()
				s := newDiscoverScene(t, access)
				s.answer(change)
				s.Mailbox(alice).Deliver(eml(evil, "Invoice"))
				service := s.open(t)
				assert.Empty(t, s.taken(), "Open asks nobody")

				receipt, err := service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
				require.NoError(t, err)
				assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
				seen := s.taken()
				assert.Contains(t, seen, "GET https://"+discoverHost+"/autodiscover/autodiscover.xml")
				assert.Contains(t, seen, "+POST "+mailURL)
				assert.Subset(t, []string{discoverHost, mailHost}, keys(signedIn(seen)))

				_, err = service.Restore(t.Context(), receipt)
				require.NoError(t, err)
				for _, line := range s.taken() {
					assert.Equal(t, "+POST "+mailURL, line, "the result is kept")
				}
			})
		}
	}
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// TestDiscoverWithWrongPassword: the password is tried once, wherever the search
// would lead, and never again.
func TestDiscoverWithWrongPassword(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ewstest.AutodiscoverOptions){
		"SOAP alone":             func(o *ewstest.AutodiscoverOptions) { o.NoJSON = true },
		"JSON would tell anyway": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDiscoverScene(t, exchange.FullAccess)
			s.answer(change)
			s.cfg.Authentication.Password = exchange.NewSecret("wrong-password")
			service := s.open(t)
			for range 3 {
				err := find(t, service)
				require.ErrorContains(t, err, "ewsUrl is not set, and Autodiscover for quarantine@example.test stopped at https://autodiscover.example.test/autodiscover/autodiscover.svc, which refused the credentials")
				require.ErrorContains(t, err, "authentication.password")
				assert.NotContains(t, err.Error(), "wrong-password")
				assert.False(t, ews.IsTransient(err))
			}
			tries := 0
			for _, line := range s.taken() {
				if strings.HasPrefix(line, "+") {
					tries++
				}
			}
			assert.Equal(t, 1, tries)
		})
	}
}

// TestDiscoverTellsTheServer: later errors name the URL that was found.
func TestDiscoverTellsTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // reads are retried
		s := newDiscoverScene(t, exchange.FullAccess)
		s.place(mailHost, http.NotFoundHandler())
		var log bytes.Buffer
		service, err := exchange.Open(&s.cfg, &exchange.Options{
			Transport: s.internet, Resolver: noRecords{}, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		require.NoError(t, err)
		err = find(t, service)
		require.ErrorContains(t, err, "HTTP 404 Not Found from "+mailURL)
		s.place(mailHost, nil)
		require.ErrorContains(t, find(t, service), mailURL)
		assert.Contains(t, log.String(), `msg="the EWS URL was found" url=`+mailURL)
		assert.NotContains(t, log.String(), "svc-password")
	})
}

// TestDiscoverAgain: a failure is remembered for a while, but not forever.
func TestDiscoverAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newDiscoverScene(t, exchange.FullAccess)
		s.place(discoverHost, nil)
		service := s.open(t)
		searched := func() bool { return len(s.taken()) > 0 }
		require.Error(t, find(t, service))
		require.True(t, searched())
		err := find(t, service)
		require.ErrorContains(t, err, "the next attempt is not before "+time.Now().Add(15*time.Second).Format(time.TimeOnly))
		assert.False(t, searched())

		time.Sleep(16 * time.Second)
		require.Error(t, find(t, service))
		assert.True(t, searched())
		time.Sleep(16 * time.Second)
		require.Error(t, find(t, service))
		assert.False(t, searched(), "the pause doubles")
		for range 20 {
			time.Sleep(5*time.Minute + time.Second)
			require.Error(t, find(t, service))
			require.True(t, searched(), "at most five minutes")
		}
		s.answer(nil)
		time.Sleep(6 * time.Minute)
		require.NoError(t, find(t, service))
	})
}

// heldUp answers when it is released, or when the caller gives up.
type heldUp struct {
	begun chan struct{} // receives once for each request
	held  chan struct{} // closed to release
	next  http.Handler
}

func (h heldUp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.begun <- struct{}{}
	select {
	case <-h.held:
		h.next.ServeHTTP(w, r)
	case <-r.Context().Done():
		http.Error(w, "too late", http.StatusServiceUnavailable)
	}
}

// TestDiscoverTogether: of many concurrent calls, one searches; if it gives up,
// another does.
func TestDiscoverTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newDiscoverScene(t, exchange.FullAccess)
		slow := heldUp{make(chan struct{}, 100), make(chan struct{}), s.hosts[discoverHost]}
		s.place(discoverHost, slow)
		service := s.open(t)
		calls := 0
		call := func(ctx context.Context) func() error {
			calls++
			address := fmt.Sprintf("user%d@example.test", calls) // each mailbox gets one call at a time
			s.AddMailbox(address, nil)
			return func() error {
				_, err := service.Find(ctx, quarantine.Target{Mailbox: address, MessageID: evil})
				return err
			}
		}
		gaveUp := errors.New("gave up")
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		first := call(ctx)
		wg.Go(func() { assert.ErrorIs(t, first(), gaveUp) })
		<-slow.begun
		for range 10 {
			next := call(t.Context())
			wg.Go(func() { assert.NoError(t, next()) })
		}
		waiting, cancelWaiting := context.WithCancelCause(t.Context())
		last := call(waiting)
		wg.Go(func() { assert.ErrorIs(t, last(), gaveUp) })
		synctest.Wait()
		assert.Empty(t, slow.begun, "the others wait")
		cancelWaiting(gaveUp)
		cancel(gaveUp)
		<-slow.begun
		synctest.Wait()
		close(slow.held)
		wg.Wait()
		searches := 0
		for _, line := range s.taken() {
			if line == "GET https://"+apexHost+"/autodiscover/autodiscover.xml" {
				searches++
			}
		}
		assert.Equal(t, 2, searches)
	})
}

// TestDiscoverOpenRefuses: faults that can be found without a server are reported
// immediately.
func TestDiscoverOpenRefuses(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.FullAccess)
	s.cfg.Authentication.Type = exchange.AuthenticationNTLM
	_, err := exchange.Open(&s.cfg, &exchange.Options{Transport: s.internet})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	require.ErrorContains(t, err, "NTLM authenticates connections")
	s.cfg.RootCAFile = "/nowhere/roots.pem"
	_, err = exchange.Open(&s.cfg, nil)
	require.ErrorContains(t, err, "rootCAFile")
	assert.Empty(t, s.taken())
}

// TestDiscoverNTLM uses sockets, TLS and a private root certificate, as NTLM
// needs them.
func TestDiscoverNTLM(t *testing.T) {
	t.Parallel()
	s := newDiscoverScene(t, exchange.FullAccess)
	signIn, err := ntlmserver.New(ntlmserver.Options{Password: func(_, user string) (string, bool) { return "svc-password", user == "svc" }})
	require.NoError(t, err)
	behind := signIn.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetBasicAuth("svc", "svc-password")
		s.hosts[r.Host].ServeHTTP(w, r)
	}))
	signed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-FEServer", "EX1")
		behind.ServeHTTP(w, r)
	})
	front := tlstest.NewHosts(t, signed, apexHost, discoverHost, mailHost)
	front.Config.ConnContext = signIn.ConnContext
	front.Start(t)
	s.cfg.Authentication.Type = exchange.AuthenticationNTLM
	base, err := auth.NewTransport(&auth.TransportOptions{RootCAs: front.Roots})
	require.NoError(t, err)
	base.DialContext = front.Dial
	service, err := exchange.Open(&s.cfg, &exchange.Options{Transport: base, Resolver: noRecords{}})
	require.NoError(t, err)
	defer service.Close()
	require.NoError(t, find(t, service))
	assert.Equal(t, []string{discoverHost + ":443", apexHost + ":443", mailHost + ":443"}, front.Dialled())
}

// TestDiscoverNothingForAnApplication: tokens go to Exchange Online and nowhere else,
// whatever the domain of the mailbox.
func TestDiscoverNothingForAnApplication(t *testing.T) {
	t.Parallel()
	cert, err := auth.NewCertificate(&auth.CertificateOptions{Now: time.Now().AddDate(-30, 0, 0), Lifetime: 60 * 365 * 24 * time.Hour})
	require.NoError(t, err)
	pfx := writePFX(t, cert, "pfx-password")
	for endpoint, want := range map[string]string{
		"": "outlook.office365.com", "https://login.microsoftonline.com": "outlook.office365.com",
		"https://login.windows.net": "outlook.office365.com", "https://login.partner.microsoftonline.cn": "partner.outlook.cn",
	} {
		c := onlineConfig()
		c.EWSURL, c.Authentication.AuthenticationEndpoint = "", endpoint
		require.NoError(t, c.Validate(), endpoint)
		d := c.WithDefaults()
		assert.Equal(t, "https://"+want+"/EWS/Exchange.asmx", d.EWSURL)
		assert.Empty(t, c.EWSURL)

		c.Authentication.PrivateKeyFile, c.Authentication.PrivateKeyPassword = pfx, exchange.NewSecret("pfx-password")
		synctest.Test(t, func(t *testing.T) { // reads are retried
			network := &internet{}
			service, err := exchange.Open(&c, &exchange.Options{Transport: network, Attempts: 1})
			require.NoError(t, err)
			require.Error(t, find(t, service))
			for _, line := range network.taken() {
				assert.Contains(t, line, " https://login.", "nothing is tried but to sign in, which fails")
			}
			require.NoError(t, service.Close())
		})
	}
	for _, cloud := range auth.Clouds() {
		c := onlineConfig()
		c.EWSURL, c.Authentication.AuthenticationEndpoint = "", cloud.Authority
		if err := c.Validate(); err != nil {
			assert.ErrorContains(t, err, "https://"+cloud.EWSHost+"/EWS/Exchange.asmx", "the error names the choices")
			continue
		}
		d := c.WithDefaults()
		assert.Equal(t, "https://"+cloud.EWSHost+"/EWS/Exchange.asmx", d.EWSURL)
	}
}

// TestDiscoverByRouter has two tenants without ewsUrl, which are found from the
// addresses of their quarantine mailboxes.
func TestDiscoverByRouter(t *testing.T) {
	t.Parallel()
	network := &internet{hosts: map[string]http.Handler{}}
	var configs []exchange.Config
	for name, domain := range map[string]string{"A": "a.test", "B": "b.test"} {
		srv := ewstest.NewServer(&ewstest.Options{Domain: domain})
		t.Cleanup(srv.Close)
		network.place("autodiscover."+domain, srv.Autodiscover(nil))
		srv.Mailbox("alice@" + domain).Deliver(eml(evil, "Invoice"))
		c := basicConfig(name, "", domain)
		c.EWSURL = ""
		configs = append(configs, c)
	}
	opts := &exchange.RouterOptions{OptionsFor: func(*exchange.Config) *exchange.Options {
		return &exchange.Options{Transport: network, Resolver: noRecords{}}
	}}
	r, err := exchange.OpenRouter(configs, opts)
	require.NoError(t, err)
	defer r.Close()
	for server, domain := range map[string]string{"A": "a.test", "B": "b.test"} {
		receipt, err := r.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@" + domain, MessageID: evil})
		require.NoError(t, err)
		assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
		assert.Equal(t, server, receipt.Server)
	}

	configs[0].QuarantineMailbox = configs[1].QuarantineMailbox
	_, err = exchange.OpenRouter(configs, opts)
	assert.ErrorContains(t, err, "quarantineFolder is also the folder of")
}
