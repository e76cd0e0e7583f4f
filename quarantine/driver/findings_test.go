package driver_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// What one search finds is bounded by number and by size; beyond that, there is an error
// that says what to do.
func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	var found driver.Findings
	long := driver.Item{ID: "1", Subject: strings.Repeat("x", 64<<20)}
	for range 15 {
		require.NoError(t, found.Keep(long))
	}
	require.NoError(t, found.KeepNear(driver.Item{ID: "2"}))
	for _, err := range []error{found.Keep(driver.Item{ID: "3"}, long), found.KeepNear(long)} {
		require.ErrorIs(t, err, driver.ErrTooMany)
		require.ErrorContains(t, err, "smaller part")
		assert.True(t, driver.Untouched(err))
		assert.True(t, driver.Answered(err))
		assert.False(t, driver.Temporary(err))
	}
	assert.Len(t, found.Items, 16)

	found = driver.Findings{Items: make([]driver.Item, driver.MaxFound-1)}
	require.NoError(t, found.Keep(driver.Item{ID: "1"}))
	require.ErrorIs(t, found.Keep(driver.Item{ID: "2"}), driver.ErrTooMany)
}
