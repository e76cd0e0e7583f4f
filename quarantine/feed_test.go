package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// When its context ends, a feed begins nothing more; what it has begun is finished, and
// the rest stays in the channel.
func TestFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		targets := targetsIn("a.test", 30)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 2, Repeats: true}, targets, map[string]*ledger{"a.test": a})
		a.search = func(ctx context.Context, _ string) error {
			time.Sleep(time.Second)
			return ctx.Err()
		}
		alerts := make(chan quarantine.Target, len(targets))
		for _, target := range targets {
			alerts <- target
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		seen := map[string]bool{}
		for receipt, err := range r.QuarantineAll(context.WithoutCancel(ctx), quarantine.Feed(ctx, alerts)) {
			require.NoError(t, err, "what was begun ends")
			require.Equal(t, quarantine.NotFound, receipt.Outcome())
			seen[receipt.Target.Mailbox] = true
			if len(seen) == 4 {
				cancel()
			}
		}
		assert.Len(t, targets, len(seen)+len(alerts), "all are accounted for")
		assert.LessOrEqual(t, len(seen), 4+8+2, "four for each slot are read ahead")
		assert.NotEmpty(t, alerts)
	})
}

func TestFeedEnds(t *testing.T) {
	t.Parallel()
	alerts := make(chan int, 3)
	alerts <- 1
	alerts <- 2
	close(alerts)
	var got []int
	for n := range quarantine.Feed(t.Context(), alerts) {
		got = append(got, n)
	}
	assert.Equal(t, []int{1, 2}, got)
	for range quarantine.Feed(t.Context(), alerts) {
		t.Error("a closed channel has something")
	}

	alerts = make(chan int, 3)
	alerts <- 1
	alerts <- 2
	for range quarantine.Feed(t.Context(), alerts) {
		break
	}
	assert.Len(t, alerts, 1, "a loop that is left reads no more")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range quarantine.Feed(ctx, alerts) {
		t.Error("something was read after the context had ended")
	}
	assert.Len(t, alerts, 1)
}
