package reported_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestTroubles: whatever happens to the server, the folder or the mailbox during a watch,
// each report comes once, and within the interval once the trouble has ended.
func TestTroubles(t *testing.T) {
	for name, tt := range map[string]trouble{
		"nothing": {tells: never},
		"each connection is cut": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			for range 20 {
				w.FailNext(ews.OpGetStreamingEvents, ewstest.DropBefore, ewstest.DropAfter)
			}
		}},
		"subscriptions are refused": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			w.Fail(ewstest.When{Operation: ews.OpSubscribe, Times: 10}, ewstest.FaultCode("ErrorServerBusy"))
			w.Fail(ewstest.When{Operation: ews.OpGetStreamingEvents, Times: 5}, ewstest.DropBefore)
		}},
		"subscriptions are lost": {tells: never, happens: func(w *world, _ *process) {
			w.Fail(ewstest.When{Operation: ews.OpGetStreamingEvents, Times: 1}, ewstest.MemberCode("ErrorInvalidSubscription"))
		}},
		"the server is away": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			f := w.Fail(ewstest.When{}, ewstest.DropBefore)
			time.AfterFunc(10*time.Minute, f.Cancel)
		}},
		"answers are lost": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			for _, op := range []ews.Operation{ews.OpSyncFolderItems, ews.OpGetItem, ews.OpUpdateItem, ews.OpMoveItem} {
				f := w.Fail(ewstest.When{Operation: op, Probability: 0.5}, ewstest.DropAfter)
				time.AfterFunc(10*time.Minute, f.Cancel)
			}
		}},
		"requests take effect late": {lasts: 10 * time.Minute, happens: func(w *world, _ *process) {
			for _, op := range []ews.Operation{ews.OpUpdateItem, ews.OpMoveItem} {
				f := w.Fail(ewstest.When{Operation: op, Probability: 0.3}, ewstest.Late(3*time.Minute))
				time.AfterFunc(10*time.Minute, f.Cancel)
			}
		}},
		"the server is restarted": {tells: always, lasts: 2 * time.Minute, happens: func(w *world, p *process) {
			f := w.Fail(ewstest.When{}, ewstest.DropBefore)
			time.AfterFunc(2*time.Minute, f.Cancel)
			w.Fail(ewstest.When{Operation: ews.OpGetStreamingEvents, Times: 1}, ewstest.MemberCode("ErrorInvalidSubscription"))
			p.cut()
		}},
		"a connection is cut": {tells: never, happens: func(_ *world, p *process) { p.cut() }},
		"the state expires": {tells: never, happens: func(w *world, _ *process) {
			w.Fail(ewstest.When{Operation: ews.OpSyncFolderItems, Times: 1}, ewstest.MemberCode("ErrorInvalidSyncStateData"))
		}, lasts: 2 * time.Minute},
		"the mailbox is moved": {tells: always, lasts: 10 * time.Minute, happens: func(w *world, _ *process) { w.box.MoveAway(10 * time.Minute) }},
		"the folder of what is done is renamed": {tells: never, happens: func(w *world, _ *process) {
			w.folder("Done").Rename("Erledigt")
			w.folder("Reported").Rename("Gemeldet")
		}},
		"the folder of what is done is deleted": {tells: never, happens: func(w *world, _ *process) { w.folder("Done").Delete() }},
		"the watched folder is renamed": {tells: never, opts: reported.Options{Folder: []string{"Abuse"}}, happens: func(w *world, _ *process) {
			w.folder("Abuse").Rename("Missbrauch")
		}},
		"many come at once": {tells: never, happens: func(w *world, _ *process) {
			for i := range 520 { // more than fit in an answer
				w.report(1000 + i)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				times := tt.play(t, newWorld(t, ewstest.Options{}), time.Second)
				if name == "many come at once" {
					assert.Len(t, times, 523)
				}
			})
		})
	}
}

// TestHostileNotes: notes that this package did not write, or that claim something
// impossible, do not hide a report.
func TestHostileNotes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		id := strings.Repeat("a", 26)
		far := fmt.Sprint(time.Now().Add(1000 * time.Hour).UnixMilli())
		for i, note := range []string{"", "x", "1|||||||", "1|" + id + "||||bad|", "1|" + id + "|" + id + "|" + far + "|||", "9|" + id + "||||done||", strings.Repeat("|", 250)} {
			w.box.DeliverWith(fmt.Appendf(nil, "From: bob@example.test\r\nSubject: report %d\r\n\r\n", i), ewstest.Delivery{
				Extended: []ews.ExtendedProperty{{Field: noteField, Value: note}},
			})
		}
		got, errs := collect(t.Context(), w.process().watcher(nil), 2*time.Minute)
		assert.Empty(t, errs)
		assert.Len(t, got, 7)
	})
}
