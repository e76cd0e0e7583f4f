package quarantine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// fullJournal accepts only a limited number of intents.
type fullJournal struct {
	*quarantine.MemoryJournal
	room int
}

func (j *fullJournal) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	if j.room--; j.room < 0 {
		return quarantine.Claim{}, errors.New("the disk is full")
	}
	return j.MemoryJournal.Begin(ctx, in, owner, lease)
}

// A journal has no room for the intent of an attempt. Nothing has refused the message, and
// what an earlier attempt has left in the journal stays there: when there is room again,
// the recovery finishes.
func TestJournalIsFull(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		room    int
		crash   detour.Kind // a call of this kind does nothing, and ends the process
		outcome quarantine.Outcome
		intents int
	}{
		"at once":                       {room: 0, outcome: quarantine.NotBegun},
		"when it recovers an unmarked":  {room: 1, crash: detour.Mark, outcome: quarantine.NotBegun, intents: 1},
		"when it recovers, not carried": {room: 1, crash: detour.Carry, outcome: quarantine.Failed, intents: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				journal := &fullJournal{&quarantine.MemoryJournal{}, tt.room}
				crashed := false
				service := func() *quarantine.Service {
					s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayMIME), func(_ context.Context, c *detour.Call) {
						if crashed = crashed || c.Kind == tt.crash; crashed {
							c.Fail(errCrashed)
							return
						}
						c.Act()
					}), vault, &quarantine.Options{Journal: journal})
					require.NoError(t, err)
					return s
				}
				r, err := service().Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				if tt.crash != "" {
					require.True(t, crashed)
					tt.crash, crashed = "", false
					time.Sleep(time.Hour)
					r = nil
					for r, err = range service().Recover(t.Context()) {
						require.NoError(t, err)
					}
				}
				require.NotNil(t, r)
				assert.Equal(t, tt.outcome, r.Outcome())
				require.ErrorContains(t, r.Err(), "the disk is full")
				left, err := openIntents(t.Context(), journal)
				require.NoError(t, err)
				assert.Len(t, left, tt.intents)

				journal.room = 10
				for r, err := range service().Recover(t.Context()) {
					require.NoError(t, err)
					assert.NoError(t, r.Err())
				}
				left, err = openIntents(t.Context(), journal)
				require.NoError(t, err)
				assert.Empty(t, left)
				assert.Len(t, x.In(vault, false), tt.intents)
			})
		})
	}
}
