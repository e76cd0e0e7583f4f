package quarantinetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errCut is the error of an interrupted strategy.
var errCut = errors.New("quarantinetest: the call was cut off")

// interrupted interrupts a quarantine, and then a restore, before and after each call to
// the strategy in turn, runs it again, and counts copies.
func (s suite) interrupted(t *testing.T) {
	for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
		for _, acted := range []bool{false, true} {
			name := map[driver.Direction]string{driver.ToQuarantine: "Quarantine", driver.ToUser: "Restore"}[direction]
			name += map[bool]string{false: "/BeforeItActed", true: "/AfterItActed"}[acted]
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for n := 0; ; n++ {
					more := true
					if !t.Run(fmt.Sprintf("Call%02d", n), func(t *testing.T) {
						s.play(t, func(t *testing.T) { more = interrupt(t, s.newLab(t), direction, n, acted) })
					}) {
						return
					}
					if !more {
						break
					}
					if n > 200 {
						t.Fatal("a single message takes more than 200 calls")
					}
				}
			})
		}
	}
}

// interrupt runs once with the n-th call and all later calls cut off, as in a crash, and
// then again without interruption. It reports whether there was an n-th call.
func interrupt(t *testing.T, lab Lab, direction driver.Direction, n int, acted bool) bool {
	m := message(theID)
	m.Folder, m.ReadReceipt = "Projects", true
	lab.Deliver(t, m)
	journal := &quarantine.MemoryJournal{}
	whole := service(t, lab, lab.Strategy(), journal)
	cut := &cutter{Strategy: lab.Strategy(), left: n, acted: acted}
	broken := service(t, lab, cut, journal)
	tg := target(lab)

	if direction == driver.ToQuarantine {
		_, _ = broken.Quarantine(cut.context(t), tg)
	} else {
		receipt := quarantined(t, whole, tg, quarantine.Quarantined, 1)
		_, _ = broken.Restore(cut.context(t), receipt)
	}
	journal.Restart() // the process that was cut off is gone
	recovered(t, whole)
	if n := intents(t, journal); n != 0 {
		t.Fatalf("the journal has %d intents after Recover, want 0", n)
	}
	// The caller tries again.
	if direction == driver.ToQuarantine {
		if r, err := whole.Quarantine(t.Context(), tg); err != nil || !r.Outcome().Done() {
			t.Fatalf("Quarantine once more: %v, %v", err, r)
		}
		counted(t, lab, 0, 1)
	} else {
		if r, err := whole.RestoreMessage(t.Context(), tg); err != nil || !r.Outcome().Done() {
			t.Fatalf("RestoreMessage once more: %v, %v", err, r)
		}
		counted(t, lab, 1, 0)
		if back := visible(t, lab, lab.User(), theID)[0]; back.Folder != "Projects" || back.Read {
			t.Errorf("the message came back as %+v", back)
		}
	}
	if got := lab.Notices(t); got != 0 {
		t.Errorf("%d notices were sent, want 0", got)
	}
	return cut.struck
}

// recovered runs the recovery until nothing is undecided.
func recovered(t *testing.T, s *quarantine.Service) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		waiting := false
		for r, err := range s.Recover(t.Context()) {
			if err != nil {
				t.Fatalf("Recover: %v", err)
			}
			if r.Outcome() == quarantine.Undecided && time.Now().Before(deadline) {
				waiting = true
			} else if r.Err() != nil {
				t.Fatalf("Recover: %v", r.Err())
			}
		}
		if !waiting {
			return
		}
	}
}

// cutter lets a number of calls through and cuts off all later calls, the first of them
// either before or after it has acted.
type cutter struct {
	driver.Strategy
	acted  bool
	cancel context.CancelCauseFunc

	mu     sync.Mutex
	left   int
	struck bool
}

// context returns a context that ends when the cutter strikes.
func (c *cutter) context(t *testing.T) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	c.cancel = cancel
	return ctx
}

// call passes one call on or cuts it off.
func (c *cutter) call(act func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.struck {
		return errCut
	}
	if c.left > 0 {
		c.left--
		act()
		return nil
	}
	c.struck = true
	if c.acted {
		act()
	}
	c.cancel(errCut)
	return errCut
}

func (c *cutter) Mailbox(address string) driver.Mailbox {
	return cutMailbox{c.Strategy.Mailbox(address), c}
}

func (c *cutter) Carry(ctx context.Context, carriage driver.Carriage) (carried driver.Carried, err error) {
	ctx = context.WithoutCancel(ctx)
	if cut := c.call(func() { carried, err = c.Strategy.Carry(ctx, carriage) }); cut != nil {
		return driver.Carried{}, cut
	}
	return carried, err
}

type cutMailbox struct {
	driver.Mailbox
	c *cutter
}

func (m cutMailbox) Find(ctx context.Context, q driver.Query) (found driver.Findings, err error) {
	if cut := m.c.call(func() { found, err = m.Mailbox.Find(context.WithoutCancel(ctx), q) }); cut != nil {
		return driver.Findings{}, cut
	}
	return found, err
}

func (m cutMailbox) Inspect(ctx context.Context, id string) (it driver.Item, err error) {
	if cut := m.c.call(func() { it, err = m.Mailbox.Inspect(context.WithoutCancel(ctx), id) }); cut != nil {
		return driver.Item{}, cut
	}
	return it, err
}

func (m cutMailbox) Mark(ctx context.Context, item driver.Item, mark driver.Change) (it driver.Item, err error) {
	if cut := m.c.call(func() { it, err = m.Mailbox.Mark(context.WithoutCancel(ctx), item, mark) }); cut != nil {
		return item, cut
	}
	return it, err
}

func (m cutMailbox) Remove(ctx context.Context, item driver.Item) (err error) {
	if cut := m.c.call(func() { err = m.Mailbox.Remove(context.WithoutCancel(ctx), item) }); cut != nil {
		return cut
	}
	return err
}

func (m cutMailbox) Home(ctx context.Context, was driver.Folder) (f driver.Folder, err error) {
	if cut := m.c.call(func() { f, err = m.Mailbox.Home(context.WithoutCancel(ctx), was) }); cut != nil {
		return driver.Folder{}, cut
	}
	return f, err
}

func (m cutMailbox) Folder(ctx context.Context, want driver.FolderRequest) (f driver.Folder, err error) {
	if cut := m.c.call(func() { f, err = m.Mailbox.Folder(context.WithoutCancel(ctx), want) }); cut != nil {
		return driver.Folder{}, cut
	}
	return f, err
}
