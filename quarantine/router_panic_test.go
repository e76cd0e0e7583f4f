package quarantine_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// panicsIn checks that a call panics with a value from a panic in another goroutine, and
// with the stack of that goroutine.
func panicsIn(t *testing.T, value any, where string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		p, ok := recover().(*quarantine.Panic)
		if assert.True(t, ok, "a panic with its stack") {
			assert.Equal(t, value, p.Value)
			assert.Contains(t, string(p.Stack), where)
			assert.ErrorContains(t, p, where)
		}
	}()
	call()
}

// A panic of a driver or a hook in a call for many targets propagates to the caller's
// loop, which may survive it, once everything else in progress has been yielded. Nothing
// stays held.
func TestRouterPanics(t *testing.T) {
	t.Parallel()
	const bad = "bad@a.test"
	for name, breaks := range map[string]func(*ledger){
		"search": func(l *ledger) {
			l.search = func(_ context.Context, mailbox string) error {
				if mailbox == bad {
					panic("no room")
				}
				return nil
			}
		},
		"probe": func(l *ledger) { l.setFunc(bad, func(context.Context) error { panic("no room") }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := newLedger("A", "good@a.test", bad), newLedger("B")
			r := newRouter(t, &quarantine.RouterOptions{PerServer: 1}, a, b)
			breaks(a)
			targets := []quarantine.Target{{Mailbox: "good@a.test", MessageID: evil}, {Mailbox: bad, MessageID: evil}}
			for range 3 {
				var yielded []string
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				panicsIn(t, "no room", "TestRouterPanics", func() {
					for out, err := range r.QuarantineAll(ctx, slices.Values(targets)) {
						require.NoError(t, err)
						yielded = append(yielded, out.Target.Mailbox)
					}
				})
				require.NoError(t, ctx.Err())
				cancel()
				assert.Equal(t, []string{"good@a.test"}, yielded)
			}
			a.search = nil
			a.set(bad, nil)
			n := 0
			for _, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
				require.NoError(t, err)
				n++
			}
			assert.Equal(t, 2, n, "nothing is still held")
		})
	}
}
