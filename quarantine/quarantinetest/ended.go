package quarantinetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// call is one call of a driver.
type call struct {
	name  string
	write bool
	do    func(ctx context.Context) error
}

// calls returns every call that concerns one item.
func calls(lab Lab, c driver.Carriage) []call {
	all := []call{
		{"Find", false, func(ctx context.Context) error {
			found, err := c.From.Find(ctx, driver.Query{MessageID: c.Item.MessageID})
			if err == nil && len(found.Unsearched) > 0 {
				return errors.New(found.Unsearched[0].Reason)
			}
			if err == nil && len(found.Items) == 0 {
				return errMissed
			}
			return err
		}},
		{"Inspect", false, func(ctx context.Context) error {
			_, err := c.From.Inspect(ctx, c.Item.ID)
			return err
		}},
		{"Home", false, func(ctx context.Context) error {
			_, err := c.From.Home(ctx, driver.Folder{})
			return err
		}},
		{"Mark", true, func(ctx context.Context) error {
			read := !c.Item.Read
			_, err := c.From.Mark(ctx, c.Item, driver.Change{Clear: true, Read: &read})
			return err
		}},
		{"Remove", true, func(ctx context.Context) error { return c.From.Remove(ctx, c.Item) }},
		{"Folder", true, func(ctx context.Context) error {
			_, err := c.To.Folder(ctx, driver.FolderRequest{Names: []string{"Made late"}, Create: true})
			return err
		}},
		{"Carry", true, func(ctx context.Context) error {
			_, err := lab.Strategy().Carry(ctx, c)
			return err
		}},
	}
	if r, ok := driver.As[driver.Reader](c.From); ok {
		all = append(all, call{"Content", false, func(ctx context.Context) error {
			_, err := r.Content(ctx, c.Item)
			return err
		}})
	}
	if s, ok := driver.As[driver.Shelver](c.From); ok {
		all = append(all, call{"Shelve", true, func(ctx context.Context) error {
			_, err := s.Shelve(ctx, c.Item, nil)
			return err
		}})
	}
	if p, ok := driver.As[driver.Prober](c.From); ok {
		all = append(all, call{"Probe", false, p.Probe})
	}
	return all
}

// errMissed is the result of a call of Find that shows no item and does not report that.
var errMissed = errors.New("quarantinetest: the item was left out")

// state describes where a message is, and its copies.
func state(t *testing.T, lab Lab, id string) string {
	t.Helper()
	var all []string
	for _, box := range []string{lab.User(), lab.Quarantine()} {
		for _, m := range lab.Messages(t, box) {
			if m.MessageID == id {
				all = append(all, fmt.Sprintf("%s/%s read %t, stamped %t, recoverable %t", box, m.Folder, m.Read, m.Stamped, m.Recoverable))
			}
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// endedSendsNothing makes each call with a context that has ended.
func endedSendsNothing(t *testing.T, lab Lab) {
	lab.Deliver(t, message(theID))
	c := stampedCarriage(t, lab, theID, 0)
	before := state(t, lab, theID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, call := range calls(lab, c) {
		if err := call.do(ctx); err == nil {
			t.Errorf("%s with a context that has ended returned no error", call.name)
		}
		if after := state(t, lab, theID); after != before {
			t.Fatalf("%s with a context that has ended changed\n%s\nto\n%s", call.name, before, after)
		}
	}
	if f, err := c.To.Folder(t.Context(), driver.FolderRequest{Names: []string{"Made late"}}); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Folder with a context that has ended created %+v (%v)", f, err)
	}
}

// lostAnswers loses the answer to each request of each call in turn, before and after the
// request has been carried out. Drivers may wait before they read again, so the calls are
// tested in parallel.
func (s suite) lostAnswers(t *testing.T) {
	lab := s.newLab(t)
	if _, ok := lab.(Faulty); !ok {
		t.Log("the lab is not Faulty: nothing is known of lost answers")
		return
	}
	lab.Deliver(t, message(theID))
	for i, kind := range calls(lab, stampedCarriage(t, lab, theID, 0)) {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			s.play(t, func(t *testing.T) {
				l := &losses{lab: s.newLab(t), kind: i}
				for range maxWays {
					l.each(t)
					if kind.name != "Carry" {
						break
					}
					c := l.fresh(t)
					carried, err := l.lab.Strategy().Carry(t.Context(), c)
					if err != nil {
						break // no way is left
					}
					l.except = append(l.except, carried.Way)
				}
			})
		})
	}
}

// losses are the losses of the answers of one call.
type losses struct {
	lab    Lab
	kind   int // index of the call
	except []driver.Way
	n      int // messages delivered
}

// fresh delivers a message.
func (l *losses) fresh(t *testing.T) driver.Carriage {
	t.Helper()
	l.n++
	id := fmt.Sprintf("<lost%d@evil.example>", l.n)
	l.lab.Deliver(t, message(id))
	c := stampedCarriage(t, l.lab, id, 0)
	c.Except = slices.Clone(l.except)
	return c
}

// each loses the answer to each request.
func (l *losses) each(t *testing.T) {
	t.Helper()
	for skip, more := 0, true; more && skip < maxRequests; skip++ {
		more = false
		for _, acted := range []bool{false, true} {
			c := l.fresh(t)
			kind := calls(l.lab, c)[l.kind]
			before := state(t, l.lab, c.Item.MessageID)
			struck := l.lab.(Faulty).Lose(t, skip, acted)
			err := kind.do(t.Context())
			if !struck() {
				continue
			}
			more = true
			what := fmt.Sprintf("%s except %q, whose request %d had no answer (carried out: %t),", kind.name, l.except, skip, acted)
			checkLost(t, l.lab, what, kind, c, before, err)
		}
	}
}

// maxRequests is how many requests of a call lose their answers.
const maxRequests = 20

// checkLost compares what a call reports with what it did.
func checkLost(t *testing.T, lab Lab, what string, kind call, c driver.Carriage, before string, err error) {
	t.Helper()
	after := state(t, lab, c.Item.MessageID)
	switch {
	case errors.Is(err, errMissed):
		t.Errorf("%s returned nothing, and does not say that a folder was not searched", what)
	case errors.Is(err, driver.ErrUnreachable), !kind.write && errors.Is(err, driver.ErrGone):
		t.Errorf("%s returned %v: nothing is known", what, err)
	case !kind.write && after != before:
		t.Errorf("%s changed\n%s\nto\n%s", what, before, after)
	case err != nil && after != before && driver.Untouched(err):
		t.Errorf("%s says that nothing was changed (%v), but changed\n%s\nto\n%s", what, err, before, after)
	case err != nil && after != before && driver.Answered(err):
		t.Errorf("%s says that the server has answered: %v", what, err)
	}
	if n := len(visible(t, lab, lab.Quarantine(), c.Item.MessageID)); n > 1 {
		t.Errorf("%s made %d copies", what, n)
	}
}
