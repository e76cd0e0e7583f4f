package ews_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func limited(t *testing.T, srv *ewstest.Server, opts *throttle.Options) (*ews.Client, *throttle.Limiter) {
	t.Helper()
	l, err := throttle.New(opts)
	require.NoError(t, err)
	c, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc"), Limiter: l, Payer: "svc"})
	require.NoError(t, err)
	return c, l
}

// TestLimiterLearnsTheVersion: from the second call on, the limiter knows what the
// server's version allows.
func TestLimiterLearnsTheVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[ewstest.Version]throttle.State{
		ewstest.Exchange2010SP3: {Limit: 8, Allowed: 8},
		ewstest.Exchange2016:    {Limit: 20, Allowed: 8, Balance: 5 * time.Minute, Rate: 0.25},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := ewstest.NewServer(&ewstest.Options{Version: version})
			defer srv.Close()
			srv.Mailbox("alice@example.test")
			c, l := limited(t, srv, nil)
			alice := c.Impersonating("alice@example.test")
			require.NoError(t, getFolder(t.Context(), alice))
			assert.Equal(t, throttle.State{Limit: 8, Allowed: 8}, l.State("alice@example.test"), "nothing is known before the first answer")
			hold, err := l.Acquire(t.Context(), "alice@example.test") // or the payer is forgotten
			require.NoError(t, err)
			require.NoError(t, getFolder(t.Context(), alice))
			want.InFlight = 1
			assert.Equal(t, want, l.State("alice@example.test"), "%v", version)
			hold(false, 0)
		})
	}
}

// TestMailboxesTakeTurns: with FullAccess all calls are charged to one account, and a
// mailbox with a lot of work does not hold up the others.
func TestMailboxesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		c, l := limited(t, srv, &throttle.Options{PerPayer: 1})
		hold, err := l.Acquire(t.Context(), "svc")
		require.NoError(t, err)
		var order []string
		var mu sync.Mutex
		var wg sync.WaitGroup
		read := func(ctx context.Context, mailbox, as string) {
			srv.Mailbox(mailbox)
			wg.Go(func() {
				_, err := c.ForMailbox(mailbox).GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: mailbox}}})
				mu.Lock()
				defer mu.Unlock()
				assert.NoError(t, err)
				order = append(order, as)
			})
			synctest.Wait()
		}
		for range 5 {
			read(t.Context(), "alice@example.test", "alice")
		}
		read(t.Context(), "bob@example.test", "bob")
		read(throttle.About(t.Context(), throttle.Call{Mailbox: "carol@example.test"}), "ALICE@example.test", "alice for carol")
		assert.Equal(t, 7, l.State("svc").Waiting)
		hold(false, 0)
		wg.Wait()
		assert.ElementsMatch(t, []string{"alice", "bob", "alice for carol"}, order[:3])
		assert.Equal(t, slices.Repeat([]string{"alice"}, 4), order[3:])
	})
}

// TestUnansweredCallsCostNothing: the time of a call that no server answered reveals
// nothing about the server.
func TestUnansweredCallsCostNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		srv.Mailbox("alice@example.test")
		c, l := limited(t, srv, &throttle.Options{Budget: throttle.DefaultBudget()})
		alice := c.Impersonating("alice@example.test")
		require.NoError(t, getFolder(t.Context(), alice))
		srv.FailNext(ews.OpGetFolder, ewstest.Slow(time.Hour), ewstest.Slow(time.Hour), ewstest.Slow(time.Hour))
		began := time.Now()
		require.NoError(t, getFolder(t.Context(), alice))
		assert.Greater(t, time.Since(began), 5*time.Minute)
		assert.Equal(t, 5*time.Minute, l.State("alice@example.test").Balance)
	})
}

// noting is a limiter that records what it is told.
type noting struct{ calls []*callinfo.Call }

func (n *noting) Acquire(ctx context.Context, _ string) (func(bool, time.Duration), error) {
	n.calls = append(n.calls, callinfo.From(ctx))
	return func(bool, time.Duration) {}, nil
}

// TestLimiterIsTold what a call is for, and how much of its time the network took.
func TestLimiterIsTold(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test")
	l := new(noting)
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	c, err := ews.NewClient(srv.URL(), &ews.Options{Transport: srv.As(transport, "svc"), Limiter: l, Payer: "svc", ReadAttempts: 1})
	require.NoError(t, err)
	alice := c.Impersonating("alice@example.test")
	require.NoError(t, getFolder(t.Context(), alice))
	require.NoError(t, getFolder(t.Context(), alice))
	srv.FailNext(ews.OpGetFolder, ewstest.DropBefore)
	require.Error(t, getFolder(throttle.About(t.Context(), throttle.Call{Operation: "MoveItem", Mailbox: "bob@example.test", Major: 14}), c))
	require.Len(t, l.calls, 3)
	for i, want := range []throttle.Call{
		{Operation: "GetFolder", Mailbox: "alice@example.test"},
		{Operation: "GetFolder", Mailbox: "alice@example.test", Major: 15},
		{Operation: "GetFolder", Mailbox: "bob@example.test"},
	} {
		got := l.calls[i]
		assert.Equal(t, []any{want.Operation, want.Mailbox, want.Major}, []any{got.Operation, got.Mailbox, got.Major}, i)
		assert.Equal(t, i == 2, got.Unanswered(), i)
	}
	assert.Positive(t, l.calls[0].RoundTrip())
	assert.Less(t, l.calls[0].RoundTrip(), time.Minute)
	assert.Zero(t, l.calls[1].RoundTrip(), "the connection was there")
}
