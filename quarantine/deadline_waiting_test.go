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

// A call that waits for the folders that another call is reading keeps its own deadline.
func TestDeadlineWhileAnotherReadsTheFolders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := accesses[0].worldOptions
		o.settings = func(*quarantine.Options) {}
		w := newWorld(t, o)
		s := w.through(t, o, &silentFrom{how: "no answer", from: 1})
		find := func(within time.Duration) (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			begin := time.Now()
			_, err := s.Find(ctx, quarantine.Target{Mailbox: alice, MessageID: theID})
			return time.Since(begin), err
		}
		first := make(chan error, 1)
		go func() { _, err := find(time.Minute); first <- err }()
		time.Sleep(time.Second)
		took, err := find(5 * time.Second)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.LessOrEqual(t, took, 5*time.Second+cleanUp)
		require.ErrorIs(t, <-first, context.DeadlineExceeded)
	})
}
