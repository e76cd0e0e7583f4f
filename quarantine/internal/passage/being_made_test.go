package passage_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// What a driver makes with several requests is marked as something that nobody needs until
// it is complete. A quarantine that finds it, while it may still be completed, leaves it
// alone and says so. Anything else that is marked like that is a message as any other.
func TestBeingMade(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*scene, *driver.Stamp)
		known  bool // the journal knows the operation
		after  time.Duration
		end    string
	}{
		"sealed":               {end: "undecided: it may be a copy that a restore is still making, until 2"},
		"known":                {known: true, change: func(s *scene, st *driver.Stamp) { st.Seal = "" }, end: "still making"},
		"without keys":         {change: func(s *scene, _ *driver.Stamp) { s.engine.Keys = nil }, end: "still making"},
		"foreign":              {change: func(_ *scene, st *driver.Stamp) { st.Seal = "AAAAAAAAAAAAAAAAAAAAAA" }, end: "done"},
		"with keys, by nobody": {change: func(_ *scene, st *driver.Stamp) { st.Seal = "" }, end: "done"},
		"for too long, known":  {known: true, change: func(_ *scene, st *driver.Stamp) { st.Lease = time.Now().Add(25 * time.Hour) }, end: "done"},
		"the lease is over":    {after: time.Hour, end: "done"},
		"not rebuilt":          {change: func(_ *scene, st *driver.Stamp) { st.Rebuilt = false }, end: "done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMIME)
				o := s.set(t, driver.ToUser)
				var sent *driver.Stamp
				s.twist = func(c *detour.Call) {
					if c.Kind == detour.Carry {
						sent = o.Stamp
						c.Fail(&driver.Error{Err: errors.New("the process died")})
						return
					}
					c.Act()
				}
				s.run(t.Context(), s.passage(driver.ToUser, s.seen(t, o)))
				require.NotNil(t, sent)
				require.Equal(t, driver.ToUser, sent.Direction)
				s.twist = nil

				half := *sent
				half.Direction, half.Rebuilt = driver.Surplus, true
				if !tt.known {
					clear(s.ledger)
				}
				if tt.change != nil {
					tt.change(s, &half)
				}
				found := s.Deliver(alice, twobox.Message{ID: "<half@evil.example>", Subject: "Invoice"})
				found.Stamp = &half
				time.Sleep(tt.after)
				p := s.passage(driver.ToQuarantine, s.seen(t, found))
				assert.Contains(t, s.run(t.Context(), p), tt.end)
			})
		})
	}
}
