package fleet_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Behind a pooler that keeps no prepared statements, everything works in the modes of pgx
// that need none.
func TestWithoutPreparedStatements(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			config := migrated(t)
			config.ConnConfig.DefaultQueryExecMode = mode
			j := newJournal(t, config)
			in := intent(0)
			in.MessageID = "<\x00'\\\"@evil.example>"
			c, err := j.Begin(t.Context(), in, "a'\\", time.Hour)
			require.NoError(t, err)
			got, c, err := j.Claim(t.Context(), c.Operation, c.Owner, time.Hour)
			require.NoError(t, err)
			assert.Equal(t, in, got)
			_, _, err = j.Claim(t.Context(), c.Operation, "b", time.Hour)
			require.ErrorIs(t, err, quarantine.ErrHeld)
			_, err = j.Renew(t.Context(), c, time.Minute)
			require.NoError(t, err)
			for got, err := range j.Pending(t.Context()) {
				require.NoError(t, err)
				assert.Equal(t, in, got)
			}
			require.NoError(t, j.Mark(t.Context(), "c", receipt(0)))
			r, err := j.Marked(t.Context(), "c", receipt(0).Target)
			require.NoError(t, err)
			assert.Equal(t, receipt(0), r)
			require.NoError(t, j.Forget(t.Context(), "c"))
			require.NoError(t, j.Finish(t.Context(), c))
			l := newLimiter(t, config, unlimited(2))
			release, err := l.Acquire(t.Context(), "svc")
			require.NoError(t, err)
			assert.False(t, l.State("svc").Silent)
			release(true, time.Second)
		})
	}
}

// Package exchange accepts both, and applies the throttling policy to the limiter.
func TestExchangeTakesBoth(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte("Message-ID: <1@evil.example>\r\nSubject: Your invoice\r\n\r\nClick here.\r\n"))
	l := newLimiter(t, config, nil)
	q, err := exchange.Open(&exchange.Config{
		EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: vault, Access: exchange.FullAccess,
		Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password")},
		Throttling:     exchange.Throttling{Concurrency: 3, Unlimited: true},
	}, &exchange.Options{Journal: newJournal(t, config), Limiter: l, Transport: srv.Direct()})
	require.NoError(t, err)
	defer q.Close()
	assert.True(t, l.State(`example\SVC`).Shared)
	r, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Equal(t, quarantine.Quarantined, r.Outcome())
	assert.Positive(t, l.Asked())
}
