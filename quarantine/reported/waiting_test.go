package reported_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// survey returns what Waiting returns, and leaves the reports held.
func survey(ctx context.Context, w *reported.Watcher) (got []string, errs []error) {
	for report, err := range w.Waiting(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got = append(got, report.Subject)
	}
	return got, errs
}

// TestWaiting: what is there is handed out at once, in order, and nothing is waited for.
func TestWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		watcher := w.process().watcher(&reported.Options{Positions: unused{t}})
		began := time.Now()
		got, errs := survey(t.Context(), watcher)
		assert.Empty(t, errs)
		assert.Empty(t, got)
		assert.Zero(t, time.Since(began), "an empty folder is known to be empty at once")

		var want []string
		for i := range 150 {
			w.report(i)
			want = append(want, fmt.Sprintf("report %d", i))
			time.Sleep(time.Second)
		}
		began = time.Now()
		for report, err := range watcher.Waiting(t.Context()) {
			require.NoError(t, err)
			got = append(got, report.Subject)
			if len(got)%2 == 0 {
				require.NoError(t, report.Acknowledge(t.Context()))
			} else {
				require.NoError(t, report.Release(t.Context()))
			}
		}
		assert.Equal(t, want, got)
		assert.Zero(t, time.Since(began))
		assert.Len(t, w.done(), 75)
	})
}

// TestWaitingIsHeld: the lease is renewed while the loop runs, and reports that others hold
// are told of.
func TestWaitingIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		time.Sleep(time.Second)
		w.report(2)
		one, other := w.process().watcher(nil), w.process().watcher(&reported.Options{Pause: time.Minute})
		for report, err := range one.Waiting(t.Context()) {
			require.NoError(t, err)
			if report.Subject == "report 1" {
				continue
			}
			time.Sleep(17 * time.Minute)
			got, errs := survey(t.Context(), other)
			assert.Empty(t, got)
			require.Len(t, errs, 1)
			left, ok := errors.AsType[*reported.LeftError](errs[0])
			require.True(t, ok, "%v", errs)
			assert.Equal(t, 2, left.Reports)
			assert.False(t, left.More)
			assert.WithinRange(t, left.Until, time.Now(), time.Now().Add(5*time.Minute))
			assert.ErrorContains(t, left, "2 waiting reports cannot be had before ")
			require.NoError(t, report.Acknowledge(t.Context()))
		}
		got, errs := survey(t.Context(), other)
		assert.Empty(t, got)
		require.Len(t, errs, 1)
		assert.ErrorContains(t, errs[0], "a waiting report cannot be had before ")
		time.Sleep(6 * time.Minute)
		got, errs = survey(t.Context(), other)
		assert.Empty(t, errs)
		assert.Equal(t, []string{"report 1"}, got, "its lease has run out")
	})
}

// TestWaitingForOne: with ids, the other reports are not even marked.
func TestWaitingForOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		ids := make(map[string]string)
		for i := range 4 {
			w.report(i)
			time.Sleep(time.Second)
		}
		watcher := w.process().watcher(&reported.Options{Pause: time.Millisecond})
		for report, err := range watcher.Waiting(t.Context()) {
			require.NoError(t, err)
			ids[report.Subject] = report.ID
			require.NoError(t, report.Release(t.Context()))
		}
		w.report(4) // has no id yet
		time.Sleep(time.Second)
		marks := w.marks()
		var got []string
		for report, err := range watcher.Waiting(t.Context(), ids["report 2"], ids["report 1"], driver.NewOperation()) {
			require.NoError(t, err)
			got = append(got, report.Subject)
		}
		assert.Equal(t, []string{"report 1", "report 2"}, got)
		assert.Equal(t, marks+2, w.marks())
		_, errs := survey(t.Context(), w.process().watcher(nil))
		require.Len(t, errs, 1)
		assert.ErrorContains(t, errs[0], "2 waiting reports")
		for range watcher.Waiting(t.Context(), driver.NewOperation()) {
			t.Error("no such report waits")
		}
	})
}

// TestWaitingFails: no report is silently left out.
func TestWaitingFails(t *testing.T) {
	for name, c := range map[string]struct {
		when ewstest.When
		got  int
	}{
		"the folder cannot be found":     {ewstest.When{Operation: ews.OpGetFolder}, 0},
		"the folder cannot be looked at": {ewstest.When{Operation: ews.OpSyncFolderItems}, 0},
		"a report cannot be marked":      {ewstest.When{Operation: ews.OpUpdateItem, Times: 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ewstest.Options{})
				for i := range 3 {
					w.report(i)
				}
				w.Fail(c.when, ewstest.MemberCode("ErrorAccessDenied"))
				got, errs := survey(t.Context(), w.process().watcher(nil))
				assert.Len(t, got, c.got)
				require.Len(t, errs, 1)
				assert.Equal(t, "ErrorAccessDenied", driver.CodeOf(errs[0]))
			})
		})
	}
	t.Run("the context ends", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, ewstest.Options{})
			w.report(1)
			w.report(2)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			why := errors.New("the operator has left")
			var errs []error
			for _, err := range w.process().watcher(nil).Waiting(ctx) {
				if err != nil {
					errs = append(errs, err)
				}
				cancel(why)
			}
			require.Len(t, errs, 1)
			assert.ErrorIs(t, errs[0], why)
		})
	})
}

// TestWaitingIsLeft: whoever leaves the loop early leaves nothing running.
func TestWaitingIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		w.report(2)
		for report, err := range w.process().watcher(nil).Waiting(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, report.Acknowledge(t.Context()))
			break
		}
		assert.Len(t, w.inbox(), 1)
		assert.Len(t, w.done(), 1)
	})
}

// TestWaitingBesideChanges: a report whose note others change all the time is tried some
// times, and then told of.
func TestWaitingBesideChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		w.Fail(ewstest.When{Operation: ews.OpUpdateItem}, ewstest.MemberCode("ErrorIrresolvableConflict"))
		got, errs := survey(t.Context(), w.process().watcher(nil))
		assert.Empty(t, got)
		require.Len(t, errs, 1)
		assert.ErrorAs(t, errs[0], new(*reported.LeftError))
	})
}

// marks returns how many notes were written.
func (w *world) marks() (n int) {
	for _, r := range w.Requests() {
		if r.Operation == ews.OpUpdateItem {
			n++
		}
	}
	return n
}

// unused is a position that must not be asked for.
type unused struct{ t *testing.T }

func (u unused) Load(context.Context) ([]byte, error) {
	u.t.Error("the position was asked for")
	return nil, nil
}

func (u unused) Save(context.Context, []byte) error {
	u.t.Error("a position was saved")
	return nil
}
