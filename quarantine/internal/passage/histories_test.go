package passage_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// history plays one history: a turn at a call, a recovery three hours later, and
// the same passage again. It returns a short account of what happened, including
// where everything is in the end.
func (s *scene) history(t *testing.T, d driver.Direction, at int, what turn) (story string, made bool) {
	o := s.deliver()
	if d == driver.ToUser {
		require.Equal(t, []string{"done in /Quarantine (" + string(s.way) + ")"}, s.again(t.Context(), driver.ToQuarantine))
		time.Sleep(time.Hour)
		o = s.In(vault, false)[0]
	}
	s.sends = d
	it := s.seen(t, o)
	s.trace.Reset()
	s.number = 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.crash = cancel
	s.twist = func(c *detour.Call) {
		if s.number != at {
			c.Act()
			return
		}
		if made = !what.writes || c.Kind.Writes(); made {
			what.do(s, c)
		} else {
			c.Act()
		}
	}
	parts := []string{s.run(ctx, s.passage(d, it))}
	if !made {
		return "", false
	}
	s.twist, s.Lag, s.Linger, s.StampsLost, s.short = nil, 0, 0, false, false
	for _, further := range []func(context.Context) []string{
		s.recover,
		func(ctx context.Context) []string {
			s.closed = false
			return s.again(ctx, d)
		},
	} {
		time.Sleep(3 * time.Hour)
		s.trace.WriteString(" | ")
		parts = append(parts, strings.Join(further(t.Context()), " + "))
	}
	user, taken, aside, recoverable := s.count()
	arrived, left := taken, user
	if d == driver.ToUser {
		arrived, left = user, taken
	}
	story = fmt.Sprintf("%s %s %d %s: %d %d %d %d  %s", s.way, d, at, what.name, user, taken, aside, recoverable, s.trace.String())
	right := arrived == 1 && left == 0
	switch {
	case strings.Contains(what.name, "purge"): // by a person
		right = user+taken <= 1
	case strings.HasPrefix(what.name, "rival"): // which may have acted last
		right = user+taken == 1
	case strings.Contains(what.name, "strip"), strings.HasSuffix(what.name, "another's"), strings.HasSuffix(what.name, "another message"),
		strings.HasSuffix(what.name, "put aside"), strings.HasSuffix(what.name, "no shelf"):
		// Nothing shows any more that the two are the same message.
		right = user+taken == 1 || user+taken == 2
	case strings.HasSuffix(what.name, "copies"), strings.HasSuffix(what.name, "duplicated"):
		right = arrived >= 1 && user+taken+aside <= 2
	}
	stays := strings.HasSuffix(what.name, "another message") || strings.Contains(what.name, "strip") // it is not known whose copy it is
	stays = stays || strings.HasSuffix(what.name, "and content unreadable")                          // until the recovery after it
	if !right || len(s.ledger) > 0 && !stays {
		story += "  WRONG"
	}
	end := strings.Join(parts, " | ")
	return strings.TrimSpace(story + "  " + end), true
}

// TestHistories applies each turn at each call of a passage, and compares what the
// engine does, call by call, with testdata/histories.txt. Without -whole, it plays a
// quarter of the histories.
func TestHistories(t *testing.T) {
	t.Parallel()
	r, all := open(t, "testdata/histories.txt"), *whole || *update
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			for i, what := range turns {
				for at := range 40 {
					if !all && (at+i)%4 != 0 {
						continue
					}
					story, made := "", false
					synctest.Test(t, func(t *testing.T) { story, made = newScene(way).history(t, d, at, what) })
					if made {
						require.NotContains(t, story, "WRONG")
						r.line(t, story)
					}
				}
			}
		}
	}
	r.close(t, all)
}
