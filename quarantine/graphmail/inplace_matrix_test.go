package graphmail_test

import (
	"strings"
	"testing"
	"testing/synctest"

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
	n := *randomHistories
	if *whole {
		n = max(n, 500)
	}
	for i := range uint64(n) {
		seed := *randomSeed + i
		synctest.Test(t, func(t *testing.T) {
			if story, wrong := history(t, seed, inPlace); wrong != "" {
				t.Errorf("seed %d: %s\n%s", seed, wrong, strings.Join(story, "\n"))
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d histories from seed %d", n, *randomSeed)
}
