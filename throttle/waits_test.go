package throttle_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func TestWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, err := throttle.New(&throttle.Options{PerPayer: 2, MaxConcurrent: 3})
		require.NoError(t, err)
		assert.Empty(t, l.Waits())
		began := time.Now()
		var releases []func(bool, time.Duration)
		take := func(payer string) {
			release, err := l.Acquire(t.Context(), payer)
			require.NoError(t, err)
			releases = append(releases, release)
		}
		wait := func(payer string) {
			go func() {
				if release, err := l.Acquire(t.Context(), payer); err == nil {
					release(false, 0)
				}
			}()
			synctest.Wait()
			time.Sleep(time.Second)
		}
		take("Busy")
		take("busy")
		take("parked")
		wait("busy") // two in flight
		wait("busy")
		wait("other") // three in flight altogether
		releases[2](true, time.Minute)
		synctest.Wait() // "other" has been served
		wait("parked")
		assert.Equal(t, []throttle.Wait{
			{Payer: "busy", Callers: 2, Since: began, For: throttle.WaitBudget},
			{Payer: "parked", Callers: 1, Since: began.Add(3 * time.Second), For: throttle.WaitPause, Until: began.Add(3*time.Second + time.Minute)},
		}, l.Waits())
		take("third")
		wait("other")
		assert.Equal(t, throttle.Wait{Payer: "other", Callers: 1, Since: began.Add(4 * time.Second), For: throttle.WaitTurn}, l.Waits()[2])
		for _, release := range releases {
			release(false, 0)
		}
		time.Sleep(2 * time.Minute)
		assert.Empty(t, l.Waits())
	})
}
