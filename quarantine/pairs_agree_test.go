package quarantine_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// exchangeStage is ewstest, seen through the driver for EWS.
type exchangeStage struct {
	*world
	t       testing.TB
	options worldOptions
}

// beginExchange sets the scene in ewstest.
func (x *play) beginExchange(t *testing.T, o worldOptions) {
	w := newWorld(t, o)
	x.stage = &exchangeStage{w, t, o}
	x.book, x.dead = &intentBook{}, new(atomic.Bool)
	for _, box := range []string{alice, vault} {
		w.Mailbox(box).AddFolder(nil, "Zebra")
	}
	for i := range x.copies {
		w.Mailbox(alice).DeliverWith(append(eml(theID, "Invoice"), tagOf(i)+"\r\n"...),
			ewstest.Delivery{Received: time.Date(1999, 12, 31, 8, 30, 0, 0, time.UTC)})
	}
	time.Sleep(time.Hour)
	x.prepare(t)
}

func (e *exchangeStage) strategy() driver.Strategy { return e.newStrategy(e.t, e.options) }

func (e *exchangeStage) rename() {
	v := e.Mailbox(vault)
	for _, f := range v.Folders() {
		if f.Path() == "/Quarantine" {
			assert.NoError(e.t, v.Person("analyst").RenameFolder(f, "Old quarantine"))
		}
	}
}

func (e *exchangeStage) delay(d time.Duration, by detour.Kind) {
	op := map[detour.Kind]ews.Operation{detour.Mark: ews.OpUpdateItem, detour.Remove: ews.OpDeleteItem, detour.Shelve: ews.OpMoveItem, detour.Carry: carriesBy(e.options)}
	e.FailNext(op[by], ewstest.Late(d))
}

func (e *exchangeStage) person(box string, what deed) int {
	b := e.Mailbox(box)
	on := slices.DeleteFunc(e.in(box, theID), func(m *ewstest.Message) bool { return m.Folder == "/Surplus" })
	if (what == purges || what == edits) && len(on) > 1 {
		on = on[:1]
	}
	if what == recovers {
		on = slices.DeleteFunc(b.Messages(), func(m *ewstest.Message) bool {
			return m.MessageID != theID || m.Distinguished != ews.FolderRecoverableItemsDeletions
		})
	}
	p := b.Person("")
	for _, m := range on {
		var err error
		zebra := b.AddFolder(nil, "Zebra")
		switch {
		case what == recovers:
			_, err = p.Recover(m)
		case what == files && m.Folder == "/Zebra":
			_, err = p.File(m, b.Folder(ews.FolderInbox))
		case what == files:
			_, err = p.File(m, zebra)
		case what == discards && m.Folder != "/Deleted Items":
			_, err = p.Delete(m)
		case what == duplicates:
			_, err = p.Copy(m, zebra)
		case what == edits:
			_, err = p.Edit(m, ewstest.Edit{Body: fmt.Sprintf("%s edited at %s", tagOf(0), time.Now())})
		case what == flags:
			_, err = p.Flag(m, ews.Flag{Status: "Flagged"})
		case what == reads && m.Read:
			_, err = p.MarkUnread(m)
		case what == reads:
			_, err = p.MarkRead(m)
		case what == purges:
			b.DeleteMessage(m.ID)
		}
		assert.NoError(e.t, err)
	}
	return len(on)
}

func (e *exchangeStage) count(message int) (user, taken, aside int) {
	for _, m := range append(e.in(alice, theID), e.in(vault, theID)...) {
		switch {
		case !bytes.Contains(m.MIME, []byte(tagOf(message))):
		case m.Folder == "/Surplus", surplus(m):
			aside++
		case m.Mailbox == alice:
			user++
		default:
			taken++
		}
	}
	return user, taken, aside
}

// surplus reports whether a message carries the stamp of a message that was put aside.
func surplus(m *ewstest.Message) bool {
	for field, value := range m.Properties {
		if field.Name == driver.StampState && strings.Contains(fmt.Sprint(value), "1|s|") {
			return true
		}
	}
	return false
}

// ending is what is compared.
type ending struct {
	calls []detour.Kind
	said  []string
	at    string
}

// ended plays a history with one thing that goes differently.
func ended(t *testing.T, w pairWorld, begin func(*testing.T, *play), what ...twist) (e ending, x *play) {
	synctest.Test(t, func(t *testing.T) {
		x = &play{pairWorld: w, saw: func(string) {}}
		begin(t, x)
		x.twists = what
		x.next(t, ask)
		e.calls = x.calls
		e.at = fmt.Sprint(x.count(0))
		x.settle(t)
		e.said, e.at = x.said, e.at+" "+fmt.Sprint(x.count(0))
	})
	return e, x
}

// TestExploreAgree compares the model with ewstest: whatever can go differently in
// both ends alike in both, with the same calls, the same outcomes, and the messages
// in the same places.
func TestExploreAgree(t *testing.T) {
	t.Parallel()
	var histories atomic.Int64
	part := shareOf(t, share{211, 1})
	if *whole {
		part = share{7, 1}
	}
	t.Run("worlds", func(t *testing.T) {
		for number, a := range accesses {
			ways := a.ways
			switch {
			case a.impersonation && len(ways) == 0:
				ways = []driver.Way{driver.WayTransfer, driver.WayMIME}
			case len(ways) == 0:
				ways = []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
			}
			for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
				t.Run(fmt.Sprintf("%s/%s", a.name, direction), func(t *testing.T) {
					t.Parallel()
					w := pairWorld{ways: ways, direction: direction, copies: 1, journal: true}
					model := func(t *testing.T, x *play) {
						x.begin(t)
						x.model.RemovesUnchecked = true
					}
					exchange := func(t *testing.T, x *play) { x.beginExchange(t, patient(a.worldOptions)) }
					calm, _ := ended(t, w, model)
					all := append([]twist{{part: -1}}, instances(0, 0, calm.calls)...)
					played := pairs{number: number}
					for i, s := range all {
						// The driver for EWS cannot tell that it sent nothing if the time
						// for sending had passed when it was called; the model can.
						overdue := i > 0 && s.what.name == "the doubt runs out" && calm.calls[s.nth] == detour.Carry && !s.after
						if i > 0 && (overdue || s.what.model || !played.takes(part.singles, &played.singles)) {
							continue
						}
						what := []twist{s}
						if i == 0 {
							what = nil
						}
						inModel, x := ended(t, w, model, what...)
						inExchange, y := ended(t, w, exchange, what...)
						histories.Add(1)
						if !assert.Equal(t, inExchange, inModel) || x.findings != (findings{}) {
							t.Errorf("%s: %v\n  in the model:\n  %s\n  in ewstest:\n  %s", w, what, strings.Join(x.story, "\n  "), strings.Join(y.story, "\n  "))
						}
					}
				})
			}
		}
	})
	t.Logf("explore: worlds=%d histories=%d, in the model and in ewstest alike", 2*len(accesses), histories.Load())
}
