package selftest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// TestChecksAreComplete: every check is in some report, and reports have no
// others.
func TestChecksAreComplete(t *testing.T) {
	t.Parallel()
	all, err := repository.Constants(".", "Name")
	require.NoError(t, err)
	seen := make(map[selftest.Name]bool)
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		for _, c := range newCheckScene(t, access).check(t).Checks {
			seen[c.Name] = true
		}
	}
	for _, c := range newGraphScene(t, nil).check(t).Checks {
		seen[c.Name] = true
	}
	for name, value := range all {
		assert.True(t, seen[selftest.Name(value)], "%s is in no report", name)
		delete(seen, selftest.Name(value))
	}
	assert.Empty(t, seen)
}

// TestStatusesAreComplete: a report sums up every status, and the table shows it.
func TestStatusesAreComplete(t *testing.T) {
	t.Parallel()
	all, err := repository.Constants(".", "Status")
	require.NoError(t, err)
	worst := map[selftest.Status]selftest.Status{
		selftest.OK: selftest.OK, selftest.Warning: selftest.Warning, selftest.Failed: selftest.Failed, selftest.Skipped: selftest.OK,
	}
	assert.Len(t, worst, len(all))
	for name, value := range all {
		s := selftest.Status(value)
		want, ok := worst[s]
		require.True(t, ok, "the test does not know how %s counts", name)
		r := selftest.Report{Checks: []selftest.Result{{Name: selftest.CheckTCP, Status: selftest.OK}, {Name: selftest.CheckTLS, Status: s}}}
		assert.Equal(t, want, r.Status(), name)
		assert.NotEmpty(t, r.With(s), name)
		assert.Contains(t, r.String(), value, name)
	}
}
