package reported_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// TestGraphWatch: over Graph, which has no bell, reports come in order of arrival, within
// the interval, and are in Reported/Done afterwards. Nobody is notified, and none is marked
// as read.
func TestGraphWatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		for i := range 3 {
			w.report(i)
			time.Sleep(time.Minute)
		}
		came := time.Now().Add(20*time.Minute + 7*time.Second)
		time.AfterFunc(time.Until(came), func() { w.report(3) })
		var got []string
		for report, err := range w.process().watcher(nil).Watch(t.Context()) {
			require.NoError(t, err)
			got = append(got, report.Subject)
			assert.Len(t, report.ID, 26)
			assert.Equal(t, "bob@example.test", report.From)
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
		assert.Less(t, time.Since(came), time.Minute+10*time.Second)
		assert.ElementsMatch(t, got, w.done())
		assert.Empty(t, w.inbox())
		for _, m := range w.kept() {
			assert.False(t, m.Read)
		}
		assert.Empty(t, w.graph.Notices())
	})
}

// TestGraphCosts: an hour without reports costs a request a minute, and a report eight.
func TestGraphCosts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		watcher := w.process().watcher(nil)
		w.report(0)
		time.AfterFunc(70*time.Minute, func() {
			w.graph.ResetRequests()
			w.report(1)
		})
		time.AfterFunc(10*time.Minute, w.graph.ResetRequests)
		time.AfterFunc(69*time.Minute+30*time.Second, func() {
			for _, r := range w.graph.Requests() {
				assert.Equal(t, graphtest.OpDeltaMessages, r.Operation)
			}
			assert.InDelta(t, 60, len(w.graph.Requests()), 1)
		})
		_, errs := collect(t.Context(), watcher, 72*time.Minute-time.Second)
		assert.Empty(t, errs)
		var asked []graphtest.Operation
		for _, r := range w.graph.Requests() {
			if r.Operation != graphtest.OpDeltaMessages {
				asked = append(asked, r.Operation)
			}
		}
		assert.Equal(t, []graphtest.Operation{
			graphtest.OpGetMessage,                            // is it anybody's?
			graphtest.OpGetMessage, graphtest.OpUpdateMessage, // taken
			graphtest.OpGetMessage,                            // and read back
			graphtest.OpGetMessage, graphtest.OpUpdateMessage, // acknowledged
			graphtest.OpGetMessage, graphtest.OpMoveMessage, // and moved
		}, asked)
	})
}

// TestGraphAttachedByName: a report whose message is stored elsewhere shows that.
func TestGraphAttachedByName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		w.box.Deliver([]byte("From: bob@example.test\r\nTo: abuse@example.test\r\nSubject: look\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n" +
			"--o\r\n\r\nit is in the cloud\r\n--o\r\nContent-Type: message/external-body; access-type=x-reference\r\nContent-Disposition: attachment; filename=mail.eml\r\n\r\n" +
			"X-Reference-AttachLongPathName: https://files.example/mail.eml\r\n\r\n--o--\r\n"))
		for report, err := range w.process().watcher(nil).Watch(t.Context()) {
			require.NoError(t, err)
			message, err := report.Open(t.Context())
			require.NoError(t, err)
			meant, err := understood.Parse(message)
			require.NoError(t, err)
			require.NoError(t, message.Close())
			require.Len(t, meant.Messages, 1)
			assert.Equal(t, understood.FormOpaque, meant.Messages[0].Form)
			assert.Equal(t, "mail.eml", meant.Messages[0].Name)
			assert.Contains(t, strings.Join(meant.Incomplete, "\n"), "message/external-body was not opened")
			break
		}
	})
}

// TestGraphTroubles: whatever happens to Graph, the folder or the mailbox during a watch,
// each report comes once, and within the interval once the trouble has ended.
func TestGraphTroubles(t *testing.T) {
	fail := func(w *world, lasts time.Duration, when graphtest.When, fault graphtest.Fault) {
		f := w.graph.Fail(when, fault)
		time.AfterFunc(lasts, f.Cancel)
	}
	for name, tt := range map[string]trouble{
		"nothing":       {tells: never},
		"Graph is away": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) { fail(w, 10*time.Minute, graphtest.When{}, graphtest.DropBefore) }},
		"Graph is busy": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			fail(w, 10*time.Minute, graphtest.When{}, graphtest.Throttled(time.Minute))
		}},
		"gateways give up": {lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			n := 0
			fail(w, 10*time.Minute, graphtest.When{Request: func(*graphtest.Request) bool { n++; return n%2 == 0 }}, graphtest.GatewayTimeout)
		}},
		"conflicts without a cause": {lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			n := 0
			fail(w, 10*time.Minute, graphtest.When{Operation: graphtest.OpUpdateMessage, Request: func(*graphtest.Request) bool { n++; return n%3 != 0 }}, graphtest.Conflict)
		}},
		"requests take effect late": {lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			for _, op := range []graphtest.Operation{graphtest.OpUpdateMessage, graphtest.OpMoveMessage} {
				n := 0
				fail(w, 10*time.Minute, graphtest.When{Operation: op, Request: func(*graphtest.Request) bool { n++; return n%3 == 0 }}, graphtest.Late(3*time.Minute))
			}
		}},
		"moves are doubled": {tells: never, lasts: 5 * time.Minute, happens: func(w *world, _ *process) {
			fail(w, 5*time.Minute, graphtest.When{Operation: graphtest.OpMoveMessage}, graphtest.MoveDoubled)
		}},
		"each delta tells all": {tells: never, lasts: 5 * time.Minute, happens: func(w *world, _ *process) {
			fail(w, 5*time.Minute, graphtest.When{}, graphtest.DeltaReplayed)
		}},
		"the links are lost": {tells: never, lasts: time.Minute, happens: func(w *world, _ *process) { w.graph.ForgetDeltas() }},
		"the links are lost, and again in the middle of a list": {lasts: 5 * time.Minute, happens: func(w *world, _ *process) {
			w.graph.LimitPages(2)
			for i := range 20 {
				w.report(1000 + i)
			}
			w.graph.ForgetDeltas()
			w.graph.Fail(graphtest.When{Operation: graphtest.OpDeltaMessages, Skip: 4, Times: 1}, graphtest.Status(410, "resyncRequired"))
		}},
		"links are refused as malformed": {tells: never, lasts: time.Minute, happens: func(w *world, _ *process) {
			w.graph.FailNext(graphtest.OpDeltaMessages, graphtest.Status(400, "BadRequest"))
		}},
		"the mailbox is moved": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			w.box.MoveAway(10 * time.Minute)
			w.graph.ForgetDeltas()
		}},
		"the folder of what is done is renamed": {tells: never, happens: func(w *world, _ *process) {
			w.folder("Done").Rename("Erledigt")
			w.folder("Reported").Rename("Gemeldet")
		}},
		"the folder of what is done is deleted": {tells: never, happens: func(w *world, _ *process) { w.folder("Done").Delete() }},
		"the watched folder is renamed": {tells: never, opts: reported.Options{Folder: []string{"Abuse"}}, happens: func(w *world, _ *process) {
			w.folder("Abuse").Rename("Missbrauch")
		}},
		"many come at once": {tells: never, lasts: 20 * time.Minute, happens: func(w *world, _ *process) {
			for i := range 120 { // more than fit on a page
				w.report(1000 + i)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newGraphWorld(t, nil)
				times := tt.play(t, w, 10*time.Second)
				switch {
				case strings.HasPrefix(name, "many"):
					assert.Len(t, times, 123)
				case strings.HasPrefix(name, "the links are lost,"):
					assert.Len(t, times, 23)
				}
				for _, n := range w.graph.Notices() {
					assert.Fail(t, "somebody was told", "%+v", n)
				}
			})
		})
	}
}

// TestGraphHostileNotes: notes that this package did not write do not hide a report.
func TestGraphHostileNotes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		id := strings.Repeat("a", 26)
		for i, note := range []string{"", "x", "1|||||||", "1|" + id + "||||bad|", "9|" + id + "||||done||", strings.Repeat("|", 250), strings.Repeat("x", 3000)} {
			w.box.DeliverWith(fmt.Appendf(nil, "From: bob@example.test\r\nSubject: report %d\r\n\r\n", i), ewstest.Delivery{
				Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{GUID: driver.NoteSet, Name: driver.NoteName, Type: ews.TypeString}, Value: note}},
			})
		}
		got, errs := collect(t.Context(), w.process().watcher(nil), 2*time.Minute)
		assert.Empty(t, errs)
		assert.Len(t, got, 7)
	})
}

// TestGraphPositions: after a restart only new reports are asked for, and waiting ones are
// handed out again; a link that was kept too long, or a recreated mailbox, costs work but
// no report.
func TestGraphPositions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		kept := new(keptPosition)
		opts := &reported.Options{Positions: kept}
		for i := range 5 {
			w.report(i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		for _, err := range w.process().watcher(opts).Watch(ctx) {
			require.NoError(t, err) // and never acknowledged
		}
		require.NotEmpty(t, kept.text)
		time.Sleep(10 * time.Minute)
		w.graph.ResetRequests()
		w.report(5)
		got, errs := collect(t.Context(), w.process().watcher(opts), 10*time.Minute)
		assert.Empty(t, errs)
		assert.ElementsMatch(t, []string{"report 0", "report 1", "report 2", "report 3", "report 4", "report 5"}, got)
		asked := w.graph.Requests()
		first := slices.IndexFunc(asked, func(r graphtest.Request) bool { return r.Operation == graphtest.OpDeltaMessages })
		require.GreaterOrEqual(t, first, 0)
		assert.Contains(t, asked[first].URL, "deltatoken", "it goes on where it was")

		w.report(6)
		w.graph.ForgetDeltas()
		got, errs = collect(t.Context(), w.process().watcher(opts), 10*time.Minute)
		assert.Empty(t, errs)
		assert.Equal(t, []string{"report 6"}, got)

		kept.text = strings.ReplaceAll(kept.text, w.graph.UserID(abuse), "00000000-0000-0000-0000-000000000000")
		w.report(7)
		got, errs = collect(t.Context(), w.process().watcher(opts), 10*time.Minute)
		assert.Empty(t, errs)
		assert.Equal(t, []string{"report 7"}, got)
	})
}

// TestGraphCrossesOver: a watcher over Graph does not hand out a report that one over EWS
// holds or has acknowledged; one that it has left is handed out with the same id.
func TestGraphCrossesOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		overEWS := *w
		overEWS.graph = nil
		opts := &reported.Options{MarkOnly: true}
		w.report(0)
		_, errs := collect(t.Context(), overEWS.process().watcher(opts), 2*time.Minute)
		require.Empty(t, errs)
		w.report(1)
		var left reported.Report
		for report, err := range overEWS.process().watcher(opts).Watch(t.Context()) {
			require.NoError(t, err)
			left = report // and its lease runs out
			break
		}
		began := time.Now()
		for report, err := range w.process().watcher(opts).Watch(t.Context()) {
			require.NoError(t, err)
			assert.Equal(t, left.ID, report.ID)
			assert.Equal(t, "report 1", report.Subject)
			assert.Greater(t, time.Since(began), 4*time.Minute)
			require.NoError(t, report.Acknowledge(t.Context()))
			break
		}
		got, errs := collect(t.Context(), overEWS.process().watcher(opts), 10*time.Minute)
		assert.Empty(t, errs)
		assert.Empty(t, got)
	})
}
