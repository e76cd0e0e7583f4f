//go:build apache

package apachetest

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"

	"github.com/Azure/go-ntlmssp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
)

const (
	workers  = 64
	requests = 2000
)

// TestTwoIdentitiesUnderLoad makes 2,000 EWS calls from 64 goroutines, which alternate
// between two accounts. None fails; none is answered as the other account, according to
// both Apache and the mailbox; and each connection signs in once. For comparison, the
// table also shows go-ntlmssp, used over one transport as in its documentation, with no
// requirements.
func TestTwoIdentitiesUnderLoad(t *testing.T) {
	backend := startExchange(t)
	cert := newCertificate(t, x509.SHA256WithRSA)
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "client\tcalls\tanswered\terrors\t401s\tas the wrong user\tconnections\t401s on the wire\tround trips a call")

	t.Run("auth.NTLM", func(t *testing.T) {
		a := startApache(t, apacheOptions{backend: backend, certificate: cert})
		var all []*auth.NTLMTransport
		l := newLoad(t, a, func(who account) http.RoundTripper {
			rt := ntlm(t, a.url, who, cert.pem, nil)
			all = append(all, rt)
			return rt
		})
		l.run(t)
		var handshakes, roundTrips int64
		for _, rt := range all {
			handshakes += rt.Stats().Handshakes
			roundTrips += rt.Stats().RoundTrips
			rt.CloseIdleConnections()
		}
		seen := a.traffic(t)
		l.row(table, "auth.NTLM", seen)

		assert.Empty(t, l.errors())
		assert.EqualValues(t, requests, l.sum(func(w *watcher) int64 { return w.answered.Load() }))
		assert.Zero(t, l.wrongMailbox.Load(), "answers from the other mailbox")
		assert.EqualValues(t, seen.used, handshakes, "one handshake for each connection used")
		assert.Equal(t, seen.connections, seen.refusals, "one challenge for each connection")
		// On a busy machine, net/http may abandon a connection between the two messages;
		// the request then uses another one.
		assert.LessOrEqual(t, seen.connections-seen.used, 3)
		assert.LessOrEqual(t, seen.connections, 2*workers)
		assert.EqualValues(t, seen.requests, roundTrips, "both sides count the same")
		assert.Zero(t, seen.shared, "connections that served both accounts")
		assert.Equal(t, map[string]int{alice.remoteUser(): requests / 2, bob.remoteUser(): requests / 2}, seen.byUser)
	})
	t.Run("go-ntlmssp", func(t *testing.T) {
		a := startApache(t, apacheOptions{backend: backend, certificate: cert})
		shared, err := auth.NewTransport(&auth.TransportOptions{RootCAs: cert.pem, HTTP1Only: true})
		require.NoError(t, err)
		t.Cleanup(shared.CloseIdleConnections)
		l := newLoad(t, a, func(who account) http.RoundTripper {
			return basicOf{who, ntlmssp.Negotiator{RoundTripper: shared}}
		})
		l.run(t)
		shared.CloseIdleConnections()
		l.row(table, "go-ntlmssp, one transport", a.traffic(t))
	})
	require.NoError(t, table.Flush())
}

// basicOf passes the credentials to go-ntlmssp in the form it expects.
type basicOf struct {
	account account
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b basicOf) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.SetBasicAuth(b.account.name, b.account.password)
	return b.next.RoundTrip(req)
}

// load makes calls for two accounts and records the results.
type load struct {
	watchers []*watcher
	clients  []*ews.Client

	wrongMailbox atomic.Int64
	mu           sync.Mutex
	errs         []string
}

func newLoad(t *testing.T, a *apache, transport func(account) http.RoundTripper) *load {
	l := &load{}
	for _, who := range []account{alice, bob} {
		w := &watcher{next: transport(who), account: who}
		l.watchers = append(l.watchers, w)
		l.clients = append(l.clients, client(t, a.url, w))
	}
	return l
}

// run makes the calls.
func (l *load) run(t *testing.T) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > requests {
					return
				}
				i := int(n) % len(l.clients)
				got, err := subjects(t, l.clients[i])
				switch {
				case err != nil:
					l.mu.Lock()
					l.errs = append(l.errs, err.Error())
					l.mu.Unlock()
				case !slices.Equal(got, []string{l.watchers[i].account.mailbox}):
					l.wrongMailbox.Add(1)
				}
			}
		})
	}
	wg.Wait()
}

// errors returns the first few errors.
func (l *load) errors() []string { return l.errs[:min(3, len(l.errs))] }

func (l *load) sum(of func(*watcher) int64) (n int64) {
	for _, w := range l.watchers {
		n += of(w)
	}
	return n
}

// row adds a line to the table.
func (l *load) row(table *tabwriter.Writer, name string, seen traffic) {
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.3f\n", name, requests,
		l.sum(func(w *watcher) int64 { return w.answered.Load() }), len(l.errs),
		l.sum(func(w *watcher) int64 { return w.refused.Load() }),
		l.sum(func(w *watcher) int64 { return w.wrongUser.Load() }),
		seen.connections, seen.refusals, float64(seen.requests)/requests)
}
