package quarantinetest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// arrivals reads until there is no more, and returns the items that came and went.
func arrivals(t *testing.T, w driver.Watchable, folder driver.Folder, state string) (came map[string]driver.Arrival, went map[string]bool, next string) {
	t.Helper()
	came, went = make(map[string]driver.Arrival), make(map[string]bool)
	for range 100 {
		a, err := w.Arrivals(t.Context(), folder, state)
		if err != nil {
			t.Fatalf("Arrivals: %v", err)
		}
		for _, item := range a.Items {
			if item.Gone {
				went[item.ItemID] = true
			} else {
				came[item.ItemID] = item
			}
		}
		if state = a.State; !a.More {
			return came, went, state
		}
	}
	t.Fatal("Arrivals: there is always more")
	return nil, nil, ""
}

// watchArrivals checks that items that enter or leave a folder are reported once.
func watchArrivals(t *testing.T, lab Lab) {
	box := lab.Strategy().Mailbox(lab.User())
	w, ok := driver.As[driver.Watchable](box)
	if !ok {
		return
	}
	inbox, err := box.Home(t.Context(), driver.Folder{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, empty := arrivals(t, w, inbox, "")
	lab.Deliver(t, message(theID))
	it := the(t, box, driver.Query{MessageID: theID})
	came, went, state := arrivals(t, w, inbox, empty)
	if a, found := came[it.ID]; len(came) != 1 || len(went) != 0 || !found || !a.Received.Equal(it.Received) {
		t.Errorf("Arrivals after a delivery: %+v came, %v went; want %s, received at %v", came, went, it.ID, it.Received)
	}
	lab.Deliver(t, message(otherID))
	if came, went, _ := arrivals(t, w, inbox, state); len(came) != 1 || len(went) != 0 || came[it.ID].ItemID != "" {
		t.Errorf("Arrivals after another delivery: %+v came, %v went; want only the other", came, went)
	}
	if came, _, _ := arrivals(t, w, inbox, ""); len(came) != 2 {
		t.Errorf("Arrivals without a state: %d came, want 2", len(came))
	}
	lab.UserMoves(t, theID, "elsewhere")
	if came, went, _ := arrivals(t, w, inbox, state); !went[it.ID] || len(came) != 1 {
		t.Errorf("Arrivals after a move: %+v came, %v went; want the other, %s", came, went, it.ID)
	}
	if _, err := w.Arrivals(t.Context(), inbox, "no state of this system"); !errors.Is(err, driver.ErrStateExpired) {
		t.Errorf("Arrivals since nonsense: %v, want ErrStateExpired", err)
	}
}

// watchNotes checks that of two callers that have read the same version, one writes a
// note.
func watchNotes(t *testing.T, lab Lab) {
	box := lab.Strategy().Mailbox(lab.User())
	w, ok := driver.As[driver.Watchable](box)
	if !ok {
		return
	}
	before := lab.Notices(t)
	lab.Deliver(t, message(theID))
	it := the(t, box, driver.Query{MessageID: theID})
	read, note, err := w.Noted(t.Context(), it.ID)
	if err != nil || note != "" || read.ID != it.ID || read.Version == "" || read.Folder.ID != it.Folder.ID ||
		read.Subject != it.Subject || !strings.Contains(read.Sender, "@") || !read.Received.Equal(it.Received) {
		t.Errorf("Noted of a new message: %+v, %q, %v", read, note, err)
	}
	long := strings.Repeat("n", driver.MaxNote)
	written, err := w.SetNote(t.Context(), read, long)
	if err != nil {
		t.Fatalf("SetNote: %v", err)
	}
	if _, err := w.SetNote(t.Context(), read, "other"); !errors.Is(err, driver.ErrConflict) {
		t.Errorf("SetNote of what has changed: %v, want ErrConflict", err)
	}
	again, note, err := w.Noted(t.Context(), written.ID)
	if err != nil || note != long || again.Read || again.Stamp != nil {
		t.Errorf("Noted after SetNote and a conflict: %+v, a note of %d characters, %v", again, len(note), err)
	}
	if _, err := w.SetNote(t.Context(), written, "next"); err != nil {
		t.Errorf("SetNote of what SetNote returned: %v", err)
	}
	message, err := w.Open(t.Context(), again)
	if err == nil {
		_, err = io.Copy(io.Discard, message)
		message.Close()
	}
	if err != nil {
		t.Errorf("Open: %v", err)
	}
	lab.UserMoves(t, theID, "elsewhere")
	if moved := the(t, box, driver.Query{MessageID: theID}); moved.ID != it.ID {
		if _, _, err := w.Noted(t.Context(), written.ID); !errors.Is(err, driver.ErrGone) {
			t.Errorf("Noted of what is gone: %v, want ErrGone", err)
		}
		if _, err := w.SetNote(t.Context(), written, "x"); !errors.Is(err, driver.ErrGone) {
			t.Errorf("SetNote of what is gone: %v, want ErrGone", err)
		}
	}
	if n := lab.Notices(t) - before; n != 0 {
		t.Errorf("notes have sent %d notices", n)
	}
}
