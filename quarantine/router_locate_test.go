package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func serverOf(t *testing.T, r *quarantine.Router, mailbox string) string {
	t.Helper()
	name, err := r.ServerOf(t.Context(), mailbox)
	require.NoError(t, err)
	return name
}

func TestRouterFollowsClaims(t *testing.T) {
	t.Parallel()
	a, b, c := newLedger("A"), newLedger("B"), newLedger("C", "x@c.test")
	r, err := quarantine.NewRouter([]quarantine.Route{
		{Service: a.service(t), Domains: []string{"a.test", "Shared.test"}},
		{Service: b.service(t), Domains: []string{"b.test"}, Mailboxes: []string{"Boss@a.test"}},
		{Service: c.service(t)},
	}, nil)
	require.NoError(t, err)
	for mailbox, want := range map[string]string{
		"x@a.test": "A", "x@A.Test": "A", "x@SHARED.test": "A", "x@b.test": "B", "boss@A.test": "B", "x@c.test": "C",
		"x@sub.a.test": "C", // a claim does not include subdomains
	} {
		assert.Equal(t, want, serverOf(t, r, mailbox), mailbox)
	}
	for _, l := range []*ledger{a, b, c} {
		assert.Empty(t, l.probes, "where it is clear, nobody is asked")
	}
}

func TestRouterAsksAndRemembers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const x = "x@example.test"
		a, b := newLedger("A"), newLedger("B", x)
		r := newRouter(t, &quarantine.RouterOptions{RememberFor: time.Minute}, a, b)
		for range 3 {
			assert.Equal(t, "B", serverOf(t, r, x))
			assert.Equal(t, "B", serverOf(t, r, "X@EXAMPLE.test"))
		}
		assert.Equal(t, 1, a.asked(x))
		assert.Equal(t, 1, b.asked(x))
		time.Sleep(time.Minute + time.Second)
		assert.Equal(t, "B", serverOf(t, r, x))
		assert.Equal(t, 2, a.asked(x), "what is remembered goes out of date")
	})
}

func TestRouterMemoryIsBounded(t *testing.T) {
	t.Parallel()
	var boxes []string
	for i := range 20 {
		boxes = append(boxes, fmt.Sprintf("u%d@example.test", i))
	}
	a, b := newLedger("A", boxes...), newLedger("B")
	r := newRouter(t, &quarantine.RouterOptions{Remember: 4}, a, b)
	for range 2 {
		for _, x := range boxes {
			serverOf(t, r, x)
		}
	}
	again := 0
	for _, x := range boxes {
		again += b.asked(x) - 1
	}
	assert.GreaterOrEqual(t, again, 16, "at most four were remembered")
}

func TestRouterAsksOnceForMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const x = "x@example.test"
		slow := func(context.Context) error { time.Sleep(time.Second); return nil }
		a, b := newLedger("A"), newLedger("B")
		b.setFunc(x, slow)
		r := newRouter(t, nil, a, b)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { assert.Equal(t, "B", serverOf(t, r, x)) })
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := r.ServerOf(impatient, x)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		wg.Wait()
		assert.LessOrEqual(t, b.asked(x), 2, "the impatient one may have asked, too")
	})
}

func TestRouterAsksAFewAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const x = "x@example.test"
		var mu sync.Mutex
		asking, most := 0, 0
		answer := func(context.Context) error {
			mu.Lock()
			asking++
			most = max(most, asking)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			asking--
			mu.Unlock()
			return quarantine.ErrUnreachable
		}
		var all []*ledger
		for i := range 7 {
			l := newLedger(fmt.Sprintf("S%d", i))
			l.setFunc(x, answer)
			all = append(all, l)
		}
		r := newRouter(t, &quarantine.RouterOptions{AskAtOnce: 3}, all...)
		_, err := r.ServerOf(t.Context(), x)
		require.ErrorIs(t, err, quarantine.ErrUnreachable)
		assert.Equal(t, 3, most)
	})
}

func TestRouterTellsWhyNobodyHasIt(t *testing.T) {
	t.Parallel()
	const x = "x@example.test"
	down := &ews.TransportError{Operation: ews.OpGetFolder, Err: io.ErrUnexpectedEOF}
	t.Run("not there", func(t *testing.T) {
		t.Parallel()
		r := newRouter(t, nil, newLedger("A"), newLedger("B"))
		_, err := r.ServerOf(t.Context(), x)
		e, ok := errors.AsType[*quarantine.RouteError](err)
		require.True(t, ok)
		require.Len(t, e.Answers, 2)
		assert.Equal(t, "A", e.Answers[0].Server)
		assert.ErrorIs(t, err, quarantine.ErrUnreachable)
		assert.ErrorContains(t, err, `no server has this mailbox; server "A": `)
	})
	t.Run("one cannot say", func(t *testing.T) {
		t.Parallel()
		b := newLedger("B")
		b.set(x, down)
		r := newRouter(t, nil, newLedger("A"), b)
		_, err := r.ServerOf(t.Context(), x)
		_, ok := errors.AsType[*quarantine.RouteError](err)
		require.True(t, ok)
		assert.NotErrorIs(t, err, quarantine.ErrUnreachable, "it may be on B")
		assert.True(t, ews.IsTransient(err))
	})
	t.Run("nobody is for it", func(t *testing.T) {
		t.Parallel()
		a := newLedger("A", x)
		r, err := quarantine.NewRouter([]quarantine.Route{{Service: a.service(t), Domains: []string{"other.test"}}}, nil)
		require.NoError(t, err)
		_, err = r.ServerOf(t.Context(), x)
		require.ErrorIs(t, err, quarantine.ErrUnreachable)
		assert.ErrorContains(t, err, "add its domain to domains")
		assert.Zero(t, a.asked(x))
	})
	t.Run("several", func(t *testing.T) {
		t.Parallel()
		r := newRouter(t, nil, newLedger("A", x), newLedger("B"), newLedger("C", x))
		_, err := r.ServerOf(t.Context(), x)
		e, ok := errors.AsType[*quarantine.RouteError](err)
		require.True(t, ok)
		assert.Equal(t, []string{"A", "C"}, e.Several)
		assert.ErrorContains(t, err, "mailboxes")
	})
	t.Run("no address", func(t *testing.T) {
		t.Parallel()
		_, err := newRouter(t, nil, newLedger("A"), newLedger("B")).ServerOf(t.Context(), "example.test")
		assert.ErrorIs(t, err, quarantine.ErrInvalid)
	})
}

// unasking is a server whose mailboxes do not have Probe.
type unasking struct{ *ledger }

func (u unasking) Mailbox(address string) driver.Mailbox {
	return struct{ driver.Mailbox }{u.ledger.Mailbox(address)}
}

// TestRouterReadsTheInboxInstead: the router reads the Inbox if a strategy does
// not have Probe.
func TestRouterReadsTheInboxInstead(t *testing.T) {
	t.Parallel()
	const x = "x@example.test"
	a, b := newLedger("A"), newLedger("B")
	b.folder = fmt.Errorf("%w: down", io.ErrUnexpectedEOF)
	var routes []quarantine.Route
	for _, l := range []*ledger{a, b} {
		s, err := quarantine.New(unasking{l}, "vault@a.test", &quarantine.Options{Name: l.name})
		require.NoError(t, err)
		routes = append(routes, quarantine.Route{Service: s})
	}
	r, err := quarantine.NewRouter(routes, nil)
	require.NoError(t, err)
	_, err = r.ServerOf(t.Context(), x)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotErrorIs(t, err, quarantine.ErrGone, "what B could not say decides")
	assert.Zero(t, a.asked(x)+b.asked(x))
}

func TestRouterIsNotHeldUpByAServerThatIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		a, b := newLedger("A", "x@example.test", "y@example.test"), newLedger("B")
		for _, address := range []string{"x@example.test", "y@example.test", "z@example.test"} {
			b.setFunc(address, hang)
		}
		r := newRouter(t, &quarantine.RouterOptions{AskFor: 5 * time.Second}, a, b)
		began := time.Now()
		assert.Equal(t, "A", serverOf(t, r, "x@example.test"))
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.Equal(t, "A", serverOf(t, r, "y@example.test"))
		assert.Equal(t, 5*time.Second, time.Since(began), "B is not waited for again")
		assert.Zero(t, b.asked("y@example.test"))

		_, err := r.ServerOf(t.Context(), "z@example.test")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "no answer within 5s")
		assert.Equal(t, 1, b.asked("z@example.test"), "where it matters, it is asked all the same")

		time.Sleep(2 * time.Minute)
		b.set("z@example.test", nil)
		assert.Equal(t, "B", serverOf(t, r, "z@example.test"))
	})
}
