package reported_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

var (
	oldKey = []byte("a key of thirty-two bytes, once.")
	newKey = []byte("a key of thirty-two bytes, next.")
)

const someID = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

// noted delivers a report that carries a note.
func (w *world) noted(n int, note string, received time.Time) {
	w.box.DeliverWith(fmt.Appendf(nil, "From: Bob <bob@example.test>\r\nTo: abuse@example.test\r\nSubject: report %d\r\nMessage-ID: <r%d@example.test>\r\nDate: Mon, 30 Nov 2026 01:00:00 +0000\r\n\r\nplease look\r\n", n, n),
		ewstest.Delivery{Received: received, Extended: []ews.ExtendedProperty{{Field: noteField, Value: note}}})
}

// forgeries are notes that a sender could send along.
func forgeries(now time.Time) []string {
	const holder = "bbbbbbbbbbbbbbbbbbbbbbbbbb"
	soon, seal := now.Add(55*time.Minute).UnixMilli(), "00112233445566778899aabbccddeeff"
	return []string{
		"1|" + someID + "|||done||",
		fmt.Sprintf("1|%s|%s|%d|||", someID, holder, soon),
		fmt.Sprintf("1|%s||||sent|%d", someID, now.UnixMilli()),
		fmt.Sprintf("1|%s||||sending|%d", someID, now.Add(1e6*time.Hour).UnixMilli()),
		"2|" + someID + "|||done|||" + seal,
		fmt.Sprintf("2|%s|%s|%d||||%s", someID, holder, soon, seal),
		"2|" + someID + "|||done|||",
		"2|" + someID + "|||done||",
	}
}

// TestForgedNotes: with keys, a note that somebody else wrote neither hides nor delays a
// report, nor keeps it from being answered; with MarkOnly, too.
func TestForgedNotes(t *testing.T) {
	for _, markOnly := range []bool{false, true} {
		t.Run(fmt.Sprint("marked only ", markOnly), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ewstest.Options{})
				all := forgeries(time.Now())
				for i, note := range all {
					w.noted(i, note, time.Time{})
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				n := 0
				for report, err := range w.process().watcher(&reported.Options{Keys: [][]byte{newKey}, MarkOnly: markOnly, Answer: answers()}).Watch(ctx) {
					require.NoError(t, err)
					n++
					assert.NotEqual(t, someID, report.ID)
					require.NoError(t, report.Answer(ctx, nil))
					require.NoError(t, report.Acknowledge(ctx))
				}
				assert.Equal(t, len(all), n)
				assert.Equal(t, len(all), w.sent())
			})
		})
	}
}

// TestForgedNotesWithoutKeys: a forged note delays a report by the longest lease at most,
// and never makes an answer go out.
func TestForgedNotesWithoutKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		all := forgeries(time.Now())
		w.noted(1, all[1], time.Time{})
		w.noted(3, all[3], time.Time{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var got []string
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(ctx) {
			require.NoError(t, err)
			got = append(got, report.Subject)
			if report.Subject == "report 3" {
				var undecided *reported.UndecidedError
				if assert.ErrorAs(t, report.Answer(ctx, nil), &undecided) {
					assert.Zero(t, undecided.Until, "a person has to look")
				}
			}
			require.NoError(t, report.Acknowledge(ctx))
		}
		assert.Equal(t, []string{"report 3", "report 1"}, got)
		assert.Zero(t, w.sent())
	})
}

// TestNoteOfAnotherReport: a sealed note is worthless on another message.
func TestNoteOfAnotherReport(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		opts := &reported.Options{Keys: [][]byte{newKey}}
		w.report(1)
		got, errs := collect(t.Context(), w.process().watcher(opts), time.Minute)
		require.Empty(t, errs)
		require.Len(t, got, 1)
		note := w.kept()[0].Properties[noteField].Value
		assert.Contains(t, note, "|done|")
		w.noted(2, note, time.Time{})
		got, errs = collect(t.Context(), w.process().watcher(opts), time.Minute)
		assert.Empty(t, errs)
		assert.Equal(t, []string{"report 2"}, got)
	})
}

// TestKeysChange: when changing from no key to one, and from that to the next, no
// acknowledged report is handed out again, and reports that were held keep their ids.
func TestKeysChange(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		var since time.Time
		step := func(keys ...[]byte) []string {
			t.Helper()
			got, errs := collect(t.Context(), w.process().watcher(&reported.Options{MarkOnly: true, Keys: keys, SealedSince: since}), 10*time.Minute)
			assert.Empty(t, errs)
			return got
		}
		w.report(1)
		assert.Equal(t, []string{"report 1"}, step())
		w.report(2)
		var id string
		for report, err := range w.process().watcher(&reported.Options{MarkOnly: true}).Watch(t.Context()) {
			require.NoError(t, err)
			id = report.ID
			break
		}
		since = time.Now().Add(time.Second)
		time.Sleep(time.Second)
		for report, err := range w.process().watcher(&reported.Options{MarkOnly: true, Keys: [][]byte{oldKey}, SealedSince: since}).Watch(t.Context()) {
			require.NoError(t, err)
			assert.Equal(t, id, report.ID)
			require.NoError(t, report.Acknowledge(t.Context()))
			break
		}
		w.report(3)
		assert.Equal(t, []string{"report 3"}, step(oldKey))
		assert.Empty(t, step(oldKey, newKey))
		w.report(4)
		assert.Equal(t, []string{"report 4"}, step(newKey, oldKey))
		assert.Empty(t, step(newKey, oldKey))
		w.noted(5, "1|"+someID+"|||done||", time.Time{}) // after the changeover
		assert.Equal(t, []string{"report 5"}, step(newKey, oldKey))
	})
}
