package quarantine_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A run that has learnt that its claim is lost leaves alone what others have written
// under the same operation since, even if nobody holds that at the moment.
func TestLostClaimStaysLost(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		inBubbleSub(t, map[bool]string{false: "run", true: "recovery"}[recovery], func(t *testing.T, w *world, o worldOptions) {
			var log bytes.Buffer
			set := o.settings
			o.settings = func(s *quarantine.Options) {
				set(s)
				s.ClaimFor = 3 * time.Minute
				s.Logger = slog.New(slog.NewTextHandler(&log, nil))
			}
			s := w.newService(t, o)
			if recovery {
				ctx, cancel := context.WithCancel(t.Context())
				onCall(w, ews.OpMoveItem, cancel)
				w.FailNext(ews.OpMoveItem, ewstest.DropBefore)
				_, err := s.Quarantine(ctx, theTarget)
				require.NoError(t, err)
			}
			var written quarantine.Intent
			write := func() {
				w.journal.Restart()
				open, err := openIntents(t.Context(), w.journal)
				require.NoError(t, err)
				require.Len(t, open, 1)
				written = open[0]
				written.Direction, written.At = driver.ToUser, time.Now().UTC()
				claim, err := w.journal.Begin(t.Context(), written, "another", time.Minute)
				require.NoError(t, err)
				time.Sleep(time.Minute + time.Second) // the claim would have been renewed
				_, err = w.journal.Renew(t.Context(), claim, 0)
				require.NoError(t, err)
			}
			if recovery {
				time.Sleep(time.Hour)
				onCall(w, ews.OpMoveItem, write)
				all := recoveries(t, s)
				require.Len(t, all, 1)
				require.NoError(t, all[0].Err())
			} else {
				onCall(w, ews.OpMoveItem, write)
				r, err := s.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				assert.NotEmpty(t, r.Items)
			}
			assert.Contains(t, log.String(), "claim could not be renewed")
			open, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			assert.Equal(t, []quarantine.Intent{written}, open)
		})
	}
}
