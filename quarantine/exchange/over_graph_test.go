package exchange_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// tenant is a tenant of Exchange Online that has both APIs.
type tenant struct {
	*graphtest.Server
	requests func() int
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	s := graphtest.New(nil, nil)
	t.Cleanup(s.Close)
	return &tenant{Server: s, requests: func() int { return len(s.Requests()) }}
}

// open opens a service over one of the APIs.
func (o *tenant) open(t *testing.T, api exchange.API, change ...func(*exchange.Config)) *quarantine.Service {
	t.Helper()
	c := &exchange.Config{API: api, QuarantineMailbox: "quarantine@example.test", Access: exchange.Impersonation, WriteDoubt: exchange.Duration(15 * 60e9)}
	c.Authentication.Type = exchange.AuthenticationExternal
	opts := &exchange.Options{Transport: o.Direct(), SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) {
		return o.As(base, "app"), nil
	}}
	if api == exchange.APIGraph {
		c.GraphURL = o.DirectURL()
	} else {
		c.EWSURL, c.AllowPlainHTTP = o.Exchange().DirectURL(), true
		opts.Transport = o.Exchange().Direct()
		opts.SignIn = func(_ string, base http.RoundTripper) (http.RoundTripper, error) {
			return o.Exchange().As(base, "svc"), nil
		}
	}
	for _, f := range change {
		f(c)
	}
	s, err := exchange.Open(c, opts)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

const crossingID = "<crossing+1%'@evil.example>"

// deliver puts a message into one of Alice's folders.
func (o *tenant) deliver(folder string) *ewstest.Message {
	box := o.Mailbox("alice@example.test")
	d := ewstest.Delivery{Read: true}
	if folder != "" {
		d.Folder = box.AddFolder(box.Folder(ews.FolderInbox), folder)
	}
	return box.DeliverWith(fmt.Appendf(nil, "From: Mallory <mallory@evil.example>\r\nTo: alice@example.test\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n"+
		"Subject: Invoice\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nClick here.\r\n", crossingID), d)
}

// of returns the messages of a mailbox that its owner can see.
func (o *tenant) of(mailbox string) (all []*ewstest.Message) {
	for _, m := range o.Mailbox(mailbox).Messages() {
		if m.MessageID == crossingID && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
			all = append(all, m)
		}
	}
	return all
}

// What was taken over one API is restored over the other, from its receipt.
func TestCrossingOver(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ take, back exchange.API }{
		{exchange.APIGraph, exchange.APIGraph}, {exchange.APIEWS, exchange.APIGraph}, {exchange.APIGraph, exchange.APIEWS},
	} {
		for _, folder := range []string{"", "Bills 100%/2026"} {
			t.Run(fmt.Sprintf("%s to %s/%s", way.take, way.back, folder), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := newTenant(t)
					before := o.deliver(folder)
					taken, err := o.open(t, way.take).Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
					require.NoError(t, err)
					require.NoError(t, taken.Err())
					require.Len(t, taken.Items, 1)
					assert.Equal(t, quarantine.Quarantined, taken.Items[0].Outcome)
					assert.Empty(t, o.of("alice@example.test"))
					assert.Len(t, o.of("quarantine@example.test"), 1)
					if way.take == exchange.APIGraph {
						t.Logf("quarantine: %d requests", o.requests())
					}

					over := o.open(t, way.back)
					held := 0
					for h, err := range over.List(t.Context(), quarantine.ListRequest{}) {
						require.NoError(t, err)
						assert.Equal(t, "alice@example.test", h.Mailbox)
						held++
					}
					assert.Equal(t, 1, held, "what was taken over one is listed over the other")
					asked := o.requests()
					back, err := over.Restore(t.Context(), taken)
					require.NoError(t, err)
					require.NoError(t, back.Err())
					if way.back == exchange.APIGraph {
						t.Logf("restore: %d requests", o.requests()-asked)
					}
					assert.Empty(t, o.of("quarantine@example.test"))
					all := o.of("alice@example.test")
					require.Len(t, all, 1)
					after := all[0]
					assert.Equal(t, before.Folder, after.Folder)
					assert.Equal(t, string(before.MIME), string(after.MIME))
					assert.Equal(t, []any{before.Read, before.Class, before.Received, before.Draft}, []any{after.Read, after.Class, after.Received, after.Draft})
					for field, p := range after.Properties {
						assert.False(t, field.GUID == driver.StampSet && p.Value != "", "%s is left", field.Name)
					}
					assert.Empty(t, o.Notices())
				})
			})
		}
	}
}

func TestGraphRefusesWhatIsForEWS(t *testing.T) {
	t.Parallel()
	c := &exchange.Config{API: exchange.APIGraph, QuarantineMailbox: "quarantine@example.test"}
	c.Authentication.Type = exchange.AuthenticationExternal
	signIn := func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return base, nil }
	_, err := exchange.Open(c, &exchange.Options{SignIn: signIn, CallHook: gate{newTracer()}})
	require.ErrorContains(t, err, "ews.Gate")
	s, err := exchange.Open(c, &exchange.Options{SignIn: signIn})
	require.NoError(t, err)
	defer s.Close()
	_, err = exchange.ClientOf(s, "alice@example.test")
	require.Error(t, err)
	conn, err := exchange.Connect(c, &exchange.Options{SignIn: signIn})
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Client(nil)
	require.ErrorContains(t, err, `"graph"`)
}

// gate is a hook that is asked before EWS requests are sent.
type gate struct{ *tracer }

func (gate) TraceCallSend(context.Context, ews.CallStart) error { return nil }

// Without the right to export and import, messages are made anew only if the configuration
// allows it.
func TestRecreateMessages(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			o := newTenant(t)
			o.deliver("")
			o.Consent("app", "Mail.ReadWrite", "User.Read.All")
			s := o.open(t, exchange.APIGraph, func(c *exchange.Config) { c.RecreateMessages = allowed })
			receipt, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
			require.NoError(t, err)
			if !allowed {
				require.ErrorContains(t, receipt.Err(), "MailboxItem.ImportExport.All")
				assert.Len(t, o.of("alice@example.test"), 1)
				return
			}
			require.NoError(t, receipt.Err())
			assert.Equal(t, quarantine.WayRecreate, receipt.Items[0].Way)
			assert.Empty(t, o.of("alice@example.test"))

			// What was made anew over Graph is restored over EWS.
			back, err := o.open(t, exchange.APIEWS).Restore(t.Context(), receipt)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			require.Len(t, o.of("alice@example.test"), 1)
			assert.Contains(t, string(o.of("alice@example.test")[0].MIME), "Click here.")
		})
	}
}
