package fleet_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// Many processes decide about a report at the same time: all that quarantine it get the
// same, single campaign, and a dismissal is either refused or overruled.
func TestDecidedAtOnce(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	l.deliver(alice, bob)
	l.report(alice, bob)
	l.watch(t, fleet.ReportWatchOptions{})
	key := l.kept(t, reports, 1)[0].Key
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			own := fleet.NewReports(l.process(t, pgtest.Open(t, l.pool.Config())).campaigns)
			if i%4 == 3 {
				if _, err := own.Dismiss(t.Context(), key, fleet.Decision{By: "bert"}); err != nil {
					assert.ErrorIs(t, err, fleet.ErrDecided)
				}
				return
			}
			r, err := own.Quarantine(t.Context(), key, fleet.Decision{By: "anna"})
			assert.NoError(t, err)
			assert.Equal(t, "report-"+key, r.Campaign)
		})
	}
	all.Wait()
	one, err := reports.Report(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, [2]string{"quarantined", "anna"}, [2]string{string(one.State), one.By})
	var plans int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'fleet_plan'`).Scan(&plans))
	assert.Equal(t, 1, plans)
	l.work(t, fleet.WorkerOptions{}, nil)
	assert.Equal(t, 2, l.done(t, one.Campaign).Taken)
}

// A decision whose commit was not answered is repeated, and is stored once.
func TestDecisionCutAfterCommit(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	l.report(alice, bob)
	l.report(bob, alice)
	l.watch(t, fleet.ReportWatchOptions{})
	kept := l.kept(t, reports, 2)
	faults := new(pgtest.Faults)
	far := fleet.NewReports(l.process(t, pgtest.Open(t, faults.Install(l.pool.Config()))).campaigns)
	faults.CutAfter("COMMIT")
	_, err := far.Quarantine(t.Context(), kept[0].Key, fleet.Decision{By: "anna"})
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	again, err := far.Quarantine(t.Context(), kept[0].Key, fleet.Decision{By: "bert"})
	require.NoError(t, err)
	assert.Equal(t, "anna", again.By, "who was first")
	faults.CutAfter("COMMIT")
	_, err = far.Dismiss(t.Context(), kept[1].Key, fleet.Decision{By: "anna"})
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	again, err = far.Dismiss(t.Context(), kept[1].Key, fleet.Decision{By: "bert"})
	require.NoError(t, err)
	assert.Equal(t, "anna", again.By)
	var campaigns int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM fleet_campaigns`).Scan(&campaigns))
	assert.Equal(t, 1, campaigns)
}
