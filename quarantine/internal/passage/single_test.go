package passage_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// An item with the stamp, the Message-ID and the dates of another may have different
// content. It is not put aside as a second copy of it, and neither is an item that cannot
// be compared.
func TestSingleComparesContent(t *testing.T) {
	t.Parallel()
	for why, tt := range map[string]struct {
		edited bool
		twist  func(*detour.Call)
		aside  int
	}{
		"another item with its stamp":                               {edited: true},
		"an item with its stamp that could not be compared with it": {twist: cutOff},
		"a second copy": {twist: refuse(detour.Content), aside: 1}, // no such item can be read there
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMove)
				s.deliver()
				s.again(t.Context(), driver.ToQuarantine)
				o := s.In(vault, false)[0]
				later := *o.Stamp
				later.Lease = later.Lease.Add(time.Minute)
				other := s.Duplicate(o)
				other.Stamp = &later
				if tt.edited {
					s.Edit(other)
				}
				v := s.engine.Strategy.Mailbox(vault)
				found, err := v.Find(t.Context(), driver.Query{})
				require.NoError(t, err)
				s.twist = tt.twist
				single, others, err := s.engine.Single(t.Context(), v, found.Items)
				require.NoError(t, err)
				require.Len(t, single, 1)
				assert.Equal(t, other.ID, single[0].ID)
				assert.Contains(t, others[later.Operation].Residue, why+" is in /")
				_, taken, aside, _ := s.count()
				assert.Equal(t, []int{2 - tt.aside, tt.aside}, []int{taken, aside})
			})
		})
	}
}

// cutOff loses each answer about content.
func cutOff(c *detour.Call) {
	if c.Act(); c.Kind == detour.Content {
		c.Fail(errLost)
	}
}
