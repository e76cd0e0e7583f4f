package quarantinetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// service returns a Service that uses a strategy in a lab, with short waits.
func service(t *testing.T, lab Lab, strategy driver.Strategy, journal quarantine.Journal) *quarantine.Service {
	t.Helper()
	// No request that the suite cuts off takes effect later.
	s, err := quarantine.New(strategy, lab.Quarantine(), &quarantine.Options{
		Journal: journal, Wait: time.Millisecond, SearchLag: 5 * time.Millisecond, WriteDoubt: 150 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func target(lab Lab) quarantine.Target {
	return quarantine.Target{Mailbox: lab.User(), MessageID: theID, Reason: "phishing"}
}

// quarantined runs Quarantine, which must have the wanted outcome.
func quarantined(t *testing.T, s *quarantine.Service, tg quarantine.Target, want quarantine.Outcome, items int) *quarantine.Receipt {
	t.Helper()
	r, err := s.Quarantine(t.Context(), tg)
	checked(t, "Quarantine", r, err, want, items)
	return r
}

func checked(t *testing.T, what string, r *quarantine.Receipt, err error, want quarantine.Outcome, items int) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if r.Outcome() != want || len(r.Items) != items || r.Err() != nil {
		t.Fatalf("%s returned %s with %d items (%v), want %s with %d", what, r.Outcome(), len(r.Items), r.Err(), want, items)
	}
	for _, it := range r.Items {
		if it.Residue != "" {
			t.Errorf("%s left a residue: %s", what, it.Residue)
		}
	}
}

// counted checks how many copies of the message are at each end, and that only those in
// quarantine carry a stamp.
func counted(t *testing.T, lab Lab, withUser, inQuarantine int) {
	t.Helper()
	atUser, inVault := visible(t, lab, lab.User(), theID), visible(t, lab, lab.Quarantine(), theID)
	if len(atUser) != withUser || len(inVault) != inQuarantine {
		t.Fatalf("the message is with the user %d times and in quarantine %d times, want %d and %d", len(atUser), len(inVault), withUser, inQuarantine)
	}
	for _, m := range atUser {
		if m.Stamped {
			t.Error("the user's message carries a stamp")
		}
	}
	for _, m := range inVault {
		if !m.Stamped {
			t.Error("the message in quarantine carries no stamp")
		}
	}
}

func thereAndBack(t *testing.T, lab Lab) {
	m := message(theID)
	m.Folder, m.Read, m.Attachment = "Projects", true, "invoice.pdf"
	lab.Deliver(t, m)
	lab.Deliver(t, message(otherID))
	journal := &quarantine.MemoryJournal{}
	s := service(t, lab, lab.Strategy(), journal)
	tg := target(lab)

	r, err := s.Find(t.Context(), tg)
	checked(t, "Find", r, err, quarantine.Found, 1)
	counted(t, lab, 1, 0)

	receipt := quarantined(t, s, tg, quarantine.Quarantined, 1)
	if !receipt.Items[0].WasRead {
		t.Error("the receipt says that the message was unread")
	}
	counted(t, lab, 0, 1)
	quarantined(t, s, tg, quarantine.AlreadyQuarantined, 1)
	counted(t, lab, 0, 1)

	listed := 0
	for it, err := range s.List(t.Context(), quarantine.ListRequest{Mailbox: lab.User()}) {
		if err != nil {
			t.Fatal(err)
		}
		if it.Reason != tg.Reason {
			t.Errorf("the reason in quarantine is %q, want %q", it.Reason, tg.Reason)
		}
		listed++
	}
	if listed != 1 {
		t.Errorf("List returned %d items, want 1", listed)
	}

	r, err = s.Restore(t.Context(), receipt)
	checked(t, "Restore", r, err, quarantine.Restored, 1)
	counted(t, lab, 1, 0)
	m.Stamped = false
	back := visible(t, lab, lab.User(), theID)[0]
	if back.Folder != m.Folder || back.Read != m.Read || !back.Received.Equal(m.Received) || back.Attachment != m.Attachment {
		t.Errorf("the message came back as %+v, want %+v", back, m)
	}
	r, err = s.Restore(t.Context(), receipt)
	checked(t, "Restore again", r, err, quarantine.AlreadyRestored, 1)
	counted(t, lab, 1, 0)

	// Now restore from the item alone.
	quarantined(t, s, tg, quarantine.Quarantined, 1)
	r, err = service(t, lab, lab.Strategy(), nil).RestoreMessage(t.Context(), tg)
	checked(t, "RestoreMessage", r, err, quarantine.Restored, 1)
	counted(t, lab, 1, 0)

	if n := intents(t, journal); n != 0 {
		t.Errorf("the journal has %d intents, want 0", n)
	}
	if n := len(visible(t, lab, lab.User(), otherID)); n != 1 {
		t.Errorf("another message was found %d times, want once", n)
	}
}

// intents returns how many intents a journal has.
func intents(t *testing.T, j quarantine.Journal) (n int) {
	t.Helper()
	for _, err := range j.Pending(t.Context()) {
		if err != nil {
			t.Errorf("Pending: %v", err)
		}
		n++
	}
	return n
}

func everyCopy(t *testing.T, lab Lab) {
	for _, folder := range []string{"", "", "Projects"} {
		m := message(theID)
		m.Folder = folder
		lab.Deliver(t, m)
	}
	s := service(t, lab, lab.Strategy(), nil)
	receipt := quarantined(t, s, target(lab), quarantine.Quarantined, 3)
	counted(t, lab, 0, 3)
	r, err := s.Restore(t.Context(), receipt)
	checked(t, "Restore", r, err, quarantine.Restored, 3)
	counted(t, lab, 3, 0)
	projects := 0
	for _, m := range visible(t, lab, lab.User(), theID) {
		if m.Folder == "Projects" {
			projects++
		}
	}
	if projects != 1 {
		t.Errorf("%d copies came back to their folder, want 1", projects)
	}
}

func folderGone(t *testing.T, lab Lab) {
	m := message(theID)
	m.Folder = "Projects"
	lab.Deliver(t, m)
	s := service(t, lab, lab.Strategy(), nil)
	receipt := quarantined(t, s, target(lab), quarantine.Quarantined, 1)
	lab.DeleteFolder(t, "Projects")
	r, err := s.Restore(t.Context(), receipt)
	checked(t, "Restore", r, err, quarantine.Restored, 1)
	counted(t, lab, 1, 0)
	if got := visible(t, lab, lab.User(), theID)[0].Folder; got != "Projects" {
		t.Errorf("the message came back to %q, want its folder re-created", got)
	}
}

// hooked calls its function before each call to Carry.
type hooked struct {
	driver.Strategy
	before func()
}

func (h hooked) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	h.before()
	return h.Strategy.Carry(ctx, c)
}

func userMovesMeanwhile(t *testing.T, lab Lab) {
	lab.Deliver(t, message(theID))
	var once sync.Once
	s := service(t, lab, hooked{lab.Strategy(), func() {
		once.Do(func() { lab.UserMoves(t, theID, "Elsewhere") })
	}}, nil)
	quarantined(t, s, target(lab), quarantine.Quarantined, 1)
	counted(t, lab, 0, 1)
}

func nobodyIsTold(t *testing.T, lab Lab) {
	m := message(theID)
	m.ReadReceipt = true
	lab.Deliver(t, m)
	s := service(t, lab, lab.Strategy(), nil)
	receipt := quarantined(t, s, target(lab), quarantine.Quarantined, 1)
	r, err := s.Restore(t.Context(), receipt)
	checked(t, "Restore", r, err, quarantine.Restored, 1)
	if visible(t, lab, lab.User(), theID)[0].Read {
		t.Error("the message came back read")
	}
	if n := lab.Notices(t); n != 0 {
		t.Errorf("%d notices were sent, want 0", n)
	}
}

func twoAtOnce(t *testing.T, lab Lab) {
	lab.Deliver(t, message(theID))
	var wg sync.WaitGroup
	for range 4 {
		s := service(t, lab, lab.Strategy(), nil) // each acts as a separate process
		wg.Go(func() {
			if r, err := s.Quarantine(t.Context(), target(lab)); err != nil {
				t.Errorf("Quarantine: %v", err)
			} else {
				for _, it := range r.Items {
					if it.Outcome == quarantine.Failed || it.Outcome == quarantine.NotBegun {
						t.Logf("one of several concurrent runs failed, which is allowed: %v", it.Err)
					}
				}
			}
		})
	}
	wg.Wait()
	counted(t, lab, 0, 1)
}
