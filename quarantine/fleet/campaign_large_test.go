package fleet_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

var large = flag.Int("campaign.targets", 3000, "targets of the large campaign")

// A large campaign is stored in batches, and storing it twice changes nothing.
func TestLargeCampaign(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	n := *large
	order := largeOrder(n)
	for _, want := range [][2]int{{n, 0}, {0, n}} {
		start := time.Now()
		done, err := l.campaigns.Enqueue(t.Context(), order)
		require.NoError(t, err)
		t.Logf("%d targets, %d jobs: %v", done.Added, done.Jobs, time.Since(start))
		assert.Equal(t, want, [2]int{done.Added, done.Repeated})
	}
	start := time.Now()
	s, err := l.campaigns.Status(t.Context(), "large")
	require.NoError(t, err)
	t.Logf("status: %v", time.Since(start))
	assert.Equal(t, [3]int{n, n, n}, [3]int{s.Targets, s.Mailboxes, s.Open})
	var jobs, parts int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*), count(DISTINCT args) FROM river_job`).Scan(&jobs, &parts))
	assert.Equal(t, jobs, parts)
	assert.LessOrEqual(t, jobs, (n+24)/25+1)
}

// largeOrder returns an order with n targets, each in a mailbox of its own.
func largeOrder(n int) fleet.Order {
	order := fleet.Order{Campaign: "large", Reason: "phishing"}
	for i := range n {
		order.Targets = append(order.Targets, quarantine.Target{Mailbox: fmt.Sprintf("user%06d@example.test", i), MessageID: fmt.Sprintf("<%d@evil.example>", i)})
	}
	return order
}
