package quarantine_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

var exploreSlice = flag.String("explore.slice", "", "TestExploreSingles, TestExplorePairs, TestExploreRandom: the `K/N`-th of what they would play, from 1/N to N/N: for several processes, or one after the other")

// sliceOf returns which of the histories that a test plays belong to its slice, by
// number. For pairs, it selects worlds instead, because states that have been seen cut
// others off.
func sliceOf(t *testing.T) (mine func(int) bool) {
	t.Helper()
	if *exploreSlice == "" {
		return func(int) bool { return true }
	}
	var k, n int
	_, err := fmt.Sscanf(*exploreSlice, "%d/%d", &k, &n)
	require.NoError(t, err, "-explore.slice is not like 3/20")
	require.True(t, 1 <= k && k <= n, "-explore.slice is between 1/%d and %d/%d", n, n, n)
	return func(i int) bool { return i%n == k-1 }
}
