package quarantine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// obstacle is a departure that must not keep a run from finishing if it is the only one.
type obstacle struct {
	names []string
	at    func(detour.Kind) bool // nil: in all calls
	ways  []driver.Way           // empty: all; the first way in the world
}

var obstacles = []obstacle{
	{names: []string{
		"refused for now", "never sent", "answered with an error that passes", "answered with an error that passes, and acted", "answer lost, and acted",
	}, at: kindsOf(detour.Carry, detour.Content, detour.Home, detour.Inspect, detour.Leftovers, detour.Mark, detour.Remove)},
	{names: []string{"answer lost"}, at: kindsOf(detour.Content, detour.Home, detour.Inspect, detour.Leftovers, detour.Mark, detour.Remove)},
	{names: []string{"answer lost", "says Success, does nothing", "the copy is cut"}, at: kindsOf(detour.Carry), ways: []driver.Way{driver.WayMove}},
	{names: []string{"refuses the way from now on"}, at: kindsOf(detour.Carry), ways: []driver.Way{driver.WayMove, driver.WayTransfer}},
	{names: []string{"says Success, does nothing", "says that it is gone"}, at: kindsOf(detour.Remove)},
	{names: []string{"says that it has changed"}, at: kindsOf(detour.Mark, detour.Remove)},
	{names: []string{"searches 30 s behind", "searches 50 s behind", "searches linger 30 s"}},
	{names: []string{"search blind for 50 s to the last"}, at: kindsOf(detour.Leftovers)},
	{names: []string{"stamp not kept"}, at: kindsOf(detour.Carry), ways: []driver.Way{driver.WayTransfer, driver.WayMIME}},
	{names: []string{"analyst files"}, at: kindsOf(detour.Content, detour.Remove)},
	{names: []string{"analyst flags", "analyst reads", "analyst renames the folder", "owner flags", "owner reads"}, at: kindsOf(detour.Content, detour.Mark, detour.Remove)},
}

// overcome reports whether the run must finish in spite of it.
func (x *play) overcome(s twist, kind detour.Kind) bool {
	return slices.ContainsFunc(obstacles, func(o obstacle) bool {
		return slices.Contains(o.names, s.what.name) && (o.at == nil || o.at(kind)) && (len(o.ways) == 0 || slices.Contains(o.ways, x.ways[0]))
	})
}

// timely checks the first run: it waits for nothing if nothing goes differently, and it
// finishes if the only thing that goes differently must not keep it from finishing.
func (x *play) timely(t *testing.T, told bool, took time.Duration) {
	switch {
	case x.parts > 1:
	case len(x.twists) == 0:
		assert.False(t, told || took > 0, "%s: a run in which nothing goes differently takes %s", x.pairWorld, took)
	case len(x.twists) == 1 && x.twists[0].nth < len(x.calls) && x.overcome(x.twists[0], x.calls[x.twists[0].nth]):
		assert.False(t, told, "%s: %s keeps the run from its end:\n  %s", x.pairWorld, x.twists[0], x.story)
	}
}
