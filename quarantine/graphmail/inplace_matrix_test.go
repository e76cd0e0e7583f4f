package graphmail_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

func TestConformanceInPlace(t *testing.T) {
	t.Parallel()
	quarantinetest.RunInVirtualTime(t, func(t *testing.T) quarantinetest.Lab {
		if n := interruption(t.Name()); n >= 0 && n%3 != 0 && !*whole {
			t.Skip("every third interruption; with -whole, all")
		}
		w := newWorld(t, nil)
		w.inPlace = true
		s, err := graphmail.NewInPlace(w.As(w.Direct(), "app"), &graphmail.Options{Root: w.DirectURL()})
		require.NoError(t, err)
		return lab{w, quarantinetest.AsTwo(s, alice, vault)}
	})
}

// TestMatrixInPlace is TestMatrix in a national cloud, with messages that stay in their
// mailboxes.
func TestMatrixInPlace(t *testing.T) {
	t.Parallel()
	matrix(t, blows, inPlace)
}

// TestRandomRunsInPlace is TestRandomRuns in place.
func TestRandomRunsInPlace(t *testing.T) {
	t.Parallel()
	randomRuns(t, func(uint64) mode { return inPlace })
}
