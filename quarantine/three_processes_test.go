package quarantine_test

import (
	"context"
	"fmt"
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

// three is a history of three processes: the second begins at a call of the first, and the
// third at a call of the second; each of them runs to its end.
type three struct {
	way     driver.Way
	does    [3]string
	second  int // the call at which the second one begins, from 1
	third   int
	taken   bool // the message lies in quarantine
	journal bool // they share a journal; otherwise they have none
}

func (h three) String() string {
	return fmt.Sprint(h.way, h.does, h.second, h.third, h.taken, h.journal)
}

// Three processes quarantine, restore and recover one message at the same time. In the
// end, there is one copy of it, where the last run had to put it.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	kinds := []string{"quarantine", "restore", "recover"}
	step := 5
	if *whole {
		step = 1
	}
	histories := 0
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for i := range 4 * 27 {
			h := three{way: way, does: [3]string{kinds[i/9%3], kinds[i/3%3], kinds[i%3]}, taken: i/27%2 == 1, journal: i/54 == 1}
			h.second = 1 + i%step
			for met := true; met; h.second += step {
				h.third = 1 + i/step%step
				for meets := true; meets; h.third += step {
					synctest.Test(t, func(t *testing.T) { met, meets = h.play(t) })
					histories++
				}
			}
		}
	}
	t.Log(histories, "histories")
}

// play plays the history, and reports whether the second and the third process began.
func (h three) play(t *testing.T) (second, third bool) {
	x := twobox.New(alice, vault)
	x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
	var journal quarantine.Journal
	if h.journal {
		journal = &quarantine.MemoryJournal{}
	}
	process := func(at int, then func(context.Context)) *quarantine.Service {
		calls := 0
		s, err := quarantine.New(detour.Strategy(x.Strategy(h.way), func(ctx context.Context, c *detour.Call) {
			if calls++; calls == at {
				then(ctx)
			}
			c.Act()
		}), vault, &quarantine.Options{Journal: journal})
		require.NoError(t, err)
		return s
	}
	run := func(ctx context.Context, s *quarantine.Service, what string) error {
		switch what {
		case "quarantine":
			r, err := s.Quarantine(ctx, theTarget)
			if err != nil {
				return err
			}
			return r.Err()
		case "restore":
			r, err := s.RestoreMessage(ctx, theTarget)
			if err != nil {
				return err
			}
			return r.Err()
		}
		for r, err := range s.Recover(ctx) {
			if err != nil {
				return err
			}
			if err := r.Err(); err != nil {
				return err
			}
		}
		return nil
	}
	if h.taken {
		require.NoError(t, run(t.Context(), process(0, nil), "quarantine"))
		time.Sleep(time.Hour)
	}
	c := process(0, nil)
	b := process(h.third, func(ctx context.Context) { third = true; _ = run(ctx, c, h.does[2]) })
	a := process(h.second, func(ctx context.Context) { second = true; _ = run(ctx, b, h.does[1]) })
	_ = run(t.Context(), a, h.does[0])
	copies := func(box string) (n int) {
		for _, o := range x.In(box, false) {
			if o.Stamp == nil || o.Stamp.Direction != driver.Surplus {
				n++
			}
		}
		return n
	}
	assert.Positive(t, copies(alice)+copies(vault), h)
	time.Sleep(4 * time.Hour)
	last := process(0, nil)
	_ = run(t.Context(), last, "recover")
	assert.Positive(t, copies(alice)+copies(vault), h)
	assert.NoError(t, run(t.Context(), last, "quarantine"), h)
	assert.Equal(t, []int{0, 1}, []int{copies(alice), copies(vault)}, h)
	return second, third
}
