package reported_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestWatch: reports come in order of arrival, both existing and new ones, and are in
// Reported/Done afterwards.
func TestWatch(t *testing.T) {
	for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2016, ewstest.ExchangeOnline} {
		t.Run(version.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ewstest.Options{Version: version})
				for i := range 3 {
					w.report(i)
					time.Sleep(time.Minute)
				}
				began := time.Now()
				go func() {
					time.Sleep(20*time.Minute + 7*time.Second)
					w.report(3)
				}()
				var got []string
				for report, err := range w.process().watcher(nil).Watch(t.Context()) {
					require.NoError(t, err)
					got = append(got, report.Subject)
					assert.Len(t, report.ID, 26)
					assert.Equal(t, "bob@example.test", report.From)
					assert.WithinDuration(t, time.Now(), report.Received, 30*time.Minute)
					message, err := report.Open(t.Context())
					require.NoError(t, err)
					text, err := io.ReadAll(message)
					require.NoError(t, err)
					require.NoError(t, message.Close())
					assert.Contains(t, string(text), "please look")
					require.NoError(t, report.Acknowledge(t.Context()))
					require.NoError(t, report.Acknowledge(t.Context()))
					assert.ErrorIs(t, report.Release(t.Context()), reported.ErrNotHeld)
					if len(got) == 4 {
						break
					}
				}
				assert.Equal(t, []string{"report 0", "report 1", "report 2", "report 3"}, got)
				assert.Less(t, time.Since(began), 20*time.Minute+8*time.Second, "the bell rang")
				assert.ElementsMatch(t, got, w.done())
				assert.Empty(t, w.inbox())
			})
		})
	}
}

// TestWatchWithoutABell: a delegate may not subscribe, so the interval counts.
func TestWatchWithoutABell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		watcher, err := reported.New(w.process().mailbox(true), &reported.Options{Interval: 30 * time.Second, MarkOnly: true})
		require.NoError(t, err)
		time.AfterFunc(10*time.Minute+time.Second, func() { w.report(1) })
		got, errs := collect(t.Context(), watcher, 10*time.Minute+32*time.Second)
		assert.Empty(t, errs)
		assert.Equal(t, []string{"report 1"}, got)
		assert.Equal(t, got, w.inbox(), "it is only marked")
		got, errs = collect(t.Context(), watcher, time.Hour)
		assert.Empty(t, errs)
		assert.Empty(t, got)
	})
}

// TestRelease: a released report is handed out again after the pause, with the same id; one
// that is neither acknowledged nor released when the loop is left, when its lease has run
// out.
func TestRelease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		watcher := w.process().watcher(&reported.Options{Pause: 3 * time.Minute})
		var first reported.Report
		var at time.Time
		for report, err := range watcher.Watch(t.Context()) {
			require.NoError(t, err)
			if first.ID == "" {
				first, at = report, time.Now()
				require.NoError(t, report.Release(t.Context()))
				assert.ErrorIs(t, report.Acknowledge(t.Context()), reported.ErrNotHeld)
				continue
			}
			assert.Equal(t, first.ID, report.ID)
			assert.InDelta(t, 180, time.Since(at).Seconds(), 2)
			at = time.Now()
			break
		}
		for report, err := range watcher.Watch(t.Context()) {
			require.NoError(t, err)
			assert.Equal(t, first.ID, report.ID)
			assert.InDelta(t, 300, time.Since(at).Seconds(), 2)
			break
		}
	})
}

// TestLeaseIsRenewed: while a loop runs, nobody else receives the reports that it holds,
// however long that takes, and whatever happens to them meanwhile.
func TestLeaseIsRenewed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		holder := w.process()
		ctx, cancel := context.WithCancel(t.Context())
		holder.killed = cancel
		held := make(chan reported.Report)
		go func() {
			for report, err := range holder.watcher(nil).Watch(ctx) {
				if err == nil {
					held <- report
				}
			}
			close(held)
		}()
		report := <-held
		other := w.process().watcher(nil)
		got, errs := collect(t.Context(), other, 20*time.Minute)
		assert.Empty(t, got)
		assert.Empty(t, errs)
		// Somebody reads it.
		w.box.SetRead(w.box.Folder(ews.FolderInbox).Messages()[0].ID, true)
		got, errs = collect(t.Context(), other, 20*time.Minute)
		assert.Empty(t, got)
		assert.Empty(t, errs)
		holder.kill()
		for range held {
		}
		began := time.Now()
		again := reported.Report{}
		for r, err := range other.Watch(t.Context()) {
			require.NoError(t, err)
			again = r
			require.NoError(t, r.Acknowledge(t.Context()))
			break
		}
		assert.Equal(t, report.ID, again.ID)
		assert.LessOrEqual(t, time.Since(began), 5*time.Minute+2*time.Second)
		assert.Error(t, report.Acknowledge(t.Context()))
	})
}

// TestPositions: a watch continues where the last one was, with few requests; the saved
// position may be damaged, or old.
func TestPositions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		kept := new(keptPosition)
		opts := &reported.Options{Positions: kept}
		for i := range 5 {
			w.report(i)
		}
		held := 0
		for _, err := range w.process().watcher(opts).Watch(t.Context()) {
			require.NoError(t, err)
			if held++; held == 5 {
				break // nothing is acknowledged, nor is the last position saved
			}
		}
		got, errs := collect(t.Context(), w.process().watcher(opts), 10*time.Minute)
		assert.Len(t, got, 5)
		assert.Empty(t, errs)
		old := kept.text
		w.report(5)
		for _, position := range []string{old, "", "{", strings.Replace(old, `"state":"`, `"state":"xx`, 1), `{"version":1}`} {
			kept.text = position
			got, errs = collect(t.Context(), w.process().watcher(opts), 2*time.Minute)
			assert.Empty(t, errs)
			if position == old {
				assert.Equal(t, []string{"report 5"}, got)
			} else {
				assert.Empty(t, got)
			}
		}
	})
}

type keptPosition struct{ text string }

func (k *keptPosition) Load(context.Context) ([]byte, error) { return []byte(k.text), nil }

func (k *keptPosition) Save(_ context.Context, b []byte) error {
	k.text = string(b)
	return nil
}

// TestRequestsOfAReport counts what a report costs.
func TestRequestsOfAReport(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		for i := range 50 {
			w.report(i)
		}
		w.ResetRequests()
		got, errs := collect(t.Context(), w.process().watcher(nil), 30*time.Second)
		assert.Empty(t, errs)
		assert.Len(t, got, 50)
		counts := map[ews.Operation]int{}
		for _, r := range w.Requests() {
			counts[r.Operation]++
		}
		t.Log(counts)
		assert.LessOrEqual(t, len(w.Requests()), 50*6+20)
		synctest.Wait()
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ewstest.Options{})
	box := w.process().mailbox(false)
	for says, opts := range map[string]reported.Options{
		"MarkOnly is set together with Done": {MarkOnly: true, Done: []string{"x"}},
		"Lease is 1s":                        {Lease: time.Second},
		"Lease is 2h":                        {Lease: 2 * time.Hour},
		"MarkWait":                           {MarkWait: 2 * time.Minute},
		"Pause is -1s":                       {Pause: -time.Second},
		"Pause is 2h":                        {Pause: 2 * time.Hour},
		"Interval is -1s":                    {Interval: -time.Second},
		"Answer.Text is nil":                 {Answer: &reported.Answer{}},
		"Keys[1] is shorter than 16":         {Keys: [][]byte{oldKey, []byte("short")}},
		"SealedSince is set without Keys":    {SealedSince: time.Now()},
	} {
		_, err := reported.New(box, &opts)
		assert.ErrorContains(t, err, says)
	}
	_, err := reported.New(nil, nil)
	assert.ErrorContains(t, err, "mailbox is nil")
}
