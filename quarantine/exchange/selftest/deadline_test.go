package selftest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// silentFrom stops answering from one request on; 0 means never.
type silentFrom struct {
	next http.RoundTripper
	from int
	seen int
}

// RoundTrip implements http.RoundTripper.
func (s *silentFrom) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen++
	if s.from == 0 || s.seen < s.from {
		return s.next.RoundTrip(r)
	}
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// Whichever request the server does not answer, the self-test ends soon after its
// deadline.
func TestDeadlineIsKept(t *testing.T) {
	t.Parallel()
	s := newCheckScene(t, exchange.FullAccess)
	run := func(from int) int {
		silent := &silentFrom{next: inMemory{s}, from: from}
		s.opts.Transport = silent
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			begin := time.Now()
			_, err := selftest.Check(ctx, &s.cfg, &s.opts)
			if from == 0 {
				require.NoError(t, err)
			}
			assert.LessOrEqual(t, time.Since(begin), time.Minute+6*time.Second, "request %d hangs", from)
		})
		return silent.seen
	}
	n := run(0)
	require.Greater(t, n, 10)
	for from := range n {
		run(from + 1)
	}
}
