package fleet_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// brittle is a driver with a fault: it panics at requests that contain a text.
type brittle struct {
	http.RoundTripper
	text   []byte
	sound  atomic.Bool // it has been fixed
	struck atomic.Int32
}

const secretOfPanic = "a secret that the panic had in hand"

// RoundTrip panics, or passes the request on.
func (b *brittle) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || b.sound.Load() {
		return b.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(body, b.text) {
		b.struck.Add(1)
		panic(secretOfPanic)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return b.RoundTripper.RoundTrip(r)
}

// poisoned returns a lab in which requests about the first of some mailboxes panic. All
// mailboxes are one job.
func poisoned(t *testing.T) (l *campaignLab, b *brittle, all []string) {
	t.Helper()
	l = newCampaignLab(t)
	for i := range 12 {
		a := fmt.Sprintf("user%02d@example.test", i)
		l.AddMailbox(a, nil)
		l.deliver(a)
		all = append(all, a)
	}
	b = &brittle{RoundTripper: l.Direct(), text: []byte(all[0])}
	l.transport = b
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(all...)})
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `UPDATE fleet_targets SET part = 0; UPDATE fleet_campaigns SET parts = 1;
		DELETE FROM river_job; INSERT INTO river_job (args, kind, max_attempts, queue, state) VALUES ('{"campaign":"case-1","part":0}', 'fleet_take', 12, 'fleet_take', 'available')`)
	require.NoError(t, err)
	return l, b, all
}

// A driver or a hook that panics at one message does not keep the others of its job from
// being taken, nor from being put back. What became of it is reported as not known; when
// the fault is fixed, it is put back like the others.
func TestPanic(t *testing.T) {
	t.Parallel()
	l, b, all := poisoned(t)
	log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond, MaxTries: 3})
	s := l.done(t, "case-1")
	assert.Equal(t, map[quarantine.Outcome]int{quarantine.Quarantined: 11, quarantine.Undecided: 1}, s.Outcomes)
	assert.Equal(t, [2]int{1, 11}, [2]int{l.copies(all...), l.copies(kept)})
	told, err := l.campaigns.Targets(t.Context(), "case-1", fleet.TargetFilter{Problems: true}, 10)
	require.NoError(t, err)
	require.Len(t, told, 1)
	assert.Equal(t, all[0], told[0].Target.Mailbox)
	assert.Contains(t, told[0].Problem, "see the log of the workers")
	log.says(t, "panic in a job")
	log.says(t, all[0])

	b.sound.Store(true)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s = l.done(t, "case-1")
	assert.Equal(t, [2]int{11, 0}, [2]int{s.Restored, s.Unrestored})
	assert.Equal(t, [2]int{12, 0}, [2]int{l.copies(all...), l.copies(kept)})
	assert.NotContains(t, log.String(), secretOfPanic)
}

// The same while they are put back.
func TestPanicAtRestore(t *testing.T) {
	t.Parallel()
	l, b, all := poisoned(t)
	b.sound.Store(true)
	log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond, MaxTries: 3})
	assert.Equal(t, 12, l.done(t, "case-1").Taken)
	b.sound.Store(false)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{11, 1}, [2]int{s.Restored, s.Unrestored})
	assert.Equal(t, [2]int{11, 1}, [2]int{l.copies(all...), l.copies(kept)})
	b.sound.Store(true)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s = l.done(t, "case-1")
	assert.Equal(t, [2]int{12, 0}, [2]int{s.Restored, s.Unrestored})
	assert.Equal(t, [2]int{12, 0}, [2]int{l.copies(all...), l.copies(kept)})
	assert.NotContains(t, log.String(), secretOfPanic)
}

// A panic at an intent that a crash has left does not keep the rest of the recovery from its work.
func TestPanicAtRecovery(t *testing.T) {
	t.Parallel()
	l, _, all := poisoned(t)
	left := intent(0)
	left.Server, left.Quarantine, left.Target.Mailbox = "lab", kept, all[0]
	c, err := l.journal.Begin(t.Context(), left, "a process that has died", time.Hour)
	require.NoError(t, err)
	_, err = l.journal.Renew(t.Context(), c, 0)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `DELETE FROM river_job`) // the recovery notices
	require.NoError(t, err)
	log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond, MaxTries: 3})
	log.says(t, "panic in a job")
	assert.Equal(t, 11, l.done(t, "case-1").Taken)
}

// A panic in the watch for reports does not end the process: it is reported, and the watch
// continues.
func TestPanicAtReports(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	reports := l.reports()
	l.report(alice, bob)
	b := &brittle{RoundTripper: l.Direct(), text: []byte("SyncFolderItems")}
	l.transport = b
	l.watch(t, fleet.ReportWatchOptions{})
	require.Eventually(t, func() bool {
		watches, err := reports.Watches(t.Context())
		return err == nil && len(watches) == 1 && bytes.Contains([]byte(watches[0].Problem), []byte("see the log"))
	}, time.Minute, 20*time.Millisecond)
	b.sound.Store(true)
	l.kept(t, reports, 1)
}
