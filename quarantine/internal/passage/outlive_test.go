package passage_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// stuck is a ledger that does not answer.
type stuck struct{ ledger }

func (stuck) Finish(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// Cleaning up continues after the caller's context has ended, but not for long.
func TestCleaningUpEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ end, want time.Duration }{
		"the context has ended":   {0, 5 * time.Second},
		"it ends meanwhile":       {10 * time.Second, 15 * time.Second},
		"it ends after a while":   {58 * time.Second, time.Minute},
		"it does not end so soon": {time.Hour, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMove)
				p := s.passage(driver.ToQuarantine, s.seen(t, s.deliver()))
				p.Ledger = stuck{}
				p.Begun("an operation")
				ctx, cancel := context.WithTimeout(t.Context(), tt.end)
				defer cancel()
				begin := time.Now()
				p.Finish(ctx)
				assert.Equal(t, tt.want, time.Since(begin))
			})
		})
	}
}
