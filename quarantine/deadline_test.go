package quarantine_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// silentFrom is a server that hangs from a certain request on, until the context of
// the request ends.
type silentFrom struct {
	next http.RoundTripper
	how  string
	from int // the first that hangs; 0: none
	seen int
}

// RoundTrip hangs, or answers.
func (s *silentFrom) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen++
	if s.from == 0 || s.seen < s.from {
		return s.next.RoundTrip(r)
	}
	if s.how == "no answer" {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	resp, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = &dripping{ctx: r.Context(), rest: all, begun: bytes.NewReader(all[:len(all)/2])}
	return resp, nil
}

// dripping is a body whose second half arrives at one byte a minute.
type dripping struct {
	ctx   context.Context
	begun *bytes.Reader
	rest  []byte
}

// Read returns the first half immediately.
func (d *dripping) Read(p []byte) (int, error) {
	if d.begun.Len() > 0 {
		n, err := d.begun.Read(p)
		d.rest = d.rest[n:]
		return n, err
	}
	select {
	case <-time.After(time.Minute):
	case <-d.ctx.Done():
		return 0, context.Cause(d.ctx)
	}
	if len(d.rest) == 0 {
		return 0, io.EOF
	}
	p[0], d.rest = d.rest[0], d.rest[1:]
	return 1, nil
}

func (d *dripping) Close() error { return nil }

// cleanUp is how long a call may continue after the end of its context.
const cleanUp = 6 * time.Second

// Whatever the server does, a call with a deadline ends soon after it.
func TestDeadlineIsKept(t *testing.T) {
	t.Parallel()
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	calls := []struct {
		name   string
		taken  bool // the message is in quarantine
		leaves bool // an earlier run was interrupted
		faults func(*world)
		do     func(context.Context, *quarantine.Service, *quarantine.Receipt) error
	}{
		{name: "Quarantine", do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) error {
			_, err := s.Quarantine(ctx, target)
			return err
		}},
		{name: "Quarantine and give up", faults: func(w *world) {
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			for _, op := range []ews.Operation{ews.OpMoveItem, ews.OpExportItems, ews.OpUploadItems, ews.OpCreateItem} {
				w.FailNext(op, slices.Repeat([]ewstest.Fault{ewstest.MemberCode("ErrorQuotaExceeded")}, 3)...)
			}
		}, do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) error {
			_, err := s.Quarantine(ctx, target)
			return err
		}},
		{name: "Find", do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) error {
			_, err := s.Find(ctx, target)
			return err
		}},
		{name: "Restore", taken: true, do: func(ctx context.Context, s *quarantine.Service, r *quarantine.Receipt) error {
			_, err := s.Restore(ctx, r)
			return err
		}},
		{name: "RestoreMessage", taken: true, do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) error {
			_, err := s.RestoreMessage(ctx, target)
			return err
		}},
		{name: "List", taken: true, do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) (err error) {
			for _, err = range s.List(ctx, quarantine.ListRequest{}) {
			}
			return err
		}},
		{name: "Recover", leaves: true, do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) (err error) {
			for _, err = range s.Recover(ctx) {
			}
			return err
		}},
		{name: "Expand", do: func(ctx context.Context, s *quarantine.Service, _ *quarantine.Receipt) error {
			_, err := s.Expand(ctx, "all-staff@example.test", nil)
			return err
		}},
	}
	for i, a := range accesses {
		for j, how := range []string{"no answer", "drips"} {
			for k, c := range calls {
				if !*whole && (k%len(accesses) != i || (k+i)/2%2 != j) {
					continue
				}
				t.Run(a.name+" "+how+" "+c.name, func(t *testing.T) {
					t.Parallel()
					once := func(from int) (seen int) {
						synctest.Test(t, func(t *testing.T) {
							o := a.worldOptions
							o.settings = func(s *quarantine.Options) { s.Wait, s.WriteDoubt = 2*time.Second, 15*time.Minute }
							w := newWorld(t, o)
							w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
							var taken *quarantine.Receipt
							if c.taken {
								var err error
								taken, err = w.service.Quarantine(t.Context(), target)
								require.NoError(t, err)
							}
							if c.leaves {
								stop, cancel := context.WithCancel(t.Context())
								w.OnRequest(func(_ int, r *ewstest.Request) {
									if r.Operation == ews.OpMoveItem || r.Operation == ews.OpUploadItems || r.Operation == ews.OpCreateItem {
										cancel()
									}
								})
								_, _ = w.service.Quarantine(stop, target)
								open, err := openIntents(t.Context(), w.journal)
								require.NoError(t, err)
								require.NotEmpty(t, open)
							}
							if c.faults != nil {
								c.faults(w)
							}
							silent := &silentFrom{how: how, from: from}
							s := w.through(t, o, silent)
							ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
							defer cancel()
							begin := time.Now()
							_ = c.do(ctx, s, taken)
							assert.LessOrEqual(t, time.Since(begin), time.Minute+cleanUp, "request %d hangs", from)
							seen = silent.seen
						})
						return seen
					}
					n := once(0)
					require.Positive(t, n)
					for from := range n {
						once(from + 1)
					}
				})
			}
		}
	}
}

// through returns a service that reaches the world through a RoundTripper.
func (w *world) through(t testing.TB, o worldOptions, s *silentFrom) *quarantine.Service {
	t.Helper()
	s.next = w.As(w.Direct(), "svc")
	client, err := ews.NewClient(w.DirectURL(), &ews.Options{Transport: s, Payer: "svc"})
	require.NoError(t, err)
	opts := o.strategy
	opts.Ways = o.ways
	settings := quarantine.Options{Journal: w.journal}
	o.settings(&settings)
	var strategy driver.Strategy
	if o.impersonation {
		strategy, err = ewsmail.NewImpersonation(client, &opts)
	} else {
		strategy, err = ewsmail.NewFullAccess(client, &opts)
	}
	require.NoError(t, err)
	service, err := quarantine.New(strategy, vault, &settings)
	require.NoError(t, err)
	return service
}
