package quarantinetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// shown returns the only message in a mailbox with that id, as its owner sees it.
func shown(t *testing.T, lab Lab, mailbox, id string) Message {
	t.Helper()
	all := visible(t, lab, mailbox, id)
	if len(all) != 1 {
		t.Fatalf("%s is %d times in %s, want once", id, len(all), mailbox)
	}
	return all[0]
}

// markWholeStamp stores stamps in which every field has a value, in each direction.
func markWholeStamp(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser, driver.Surplus} {
		stamp := fullStamp(lab)
		stamp.Direction, stamp.Rebuilt = d, d == driver.ToUser
		var err error
		if it, err = m.Mark(t.Context(), it, driver.Change{Stamp: stamp}); err != nil {
			t.Fatal(err)
		}
		fresh, err := m.Inspect(t.Context(), it.ID)
		for what, got := range map[string]driver.Item{"Inspect": fresh, "Find": the(t, m, driver.Query{MessageID: theID}), "Mark": it} {
			if err != nil || got.Stamp == nil || *got.Stamp != wanted(*stamp, got) && (what != "Mark" || *got.Stamp != *stamp) {
				t.Errorf("%s returned the stamp\n%+v (%v), want\n%+v", what, got.Stamp, err, stamp)
			}
		}
		the(t, m, driver.Query{Operation: stamp.Operation, Stamped: true})
	}
	the(t, m, driver.Query{Origin: lab.User()})
	the(t, m, driver.Query{Origin: strings.ToUpper(lab.User())}) // case does not matter
	the(t, m, driver.Query{Stamped: true})
	it, err := m.Mark(t.Context(), it, driver.Change{Clear: true})
	if err != nil {
		t.Fatal(err)
	}
	if it.Stamp != nil || shown(t, lab, lab.User(), theID).Stamped {
		t.Error("after Clear, properties of the stamp are left on the item")
	}
	none(t, m, driver.Query{Stamped: true})
}

// markTogether changes several things in one write, and nothing else.
func markTogether(t *testing.T, lab Lab) {
	m := message(theID)
	m.Importance, m.Category, m.Attachment = "High", "Orange category", "invoice.pdf"
	lab.Deliver(t, m)
	box := lab.Strategy().Mailbox(lab.User())
	it := the(t, box, driver.Query{MessageID: theID})
	expect := func(what string, change driver.Change, want Message) {
		t.Helper()
		var err error
		if it, err = box.Mark(t.Context(), it, change); err != nil {
			t.Fatalf("Mark of %s: %v", what, err)
		}
		got := shown(t, lab, lab.User(), theID)
		want.ReadReceipt, got.ReadReceipt = false, false
		want.Received, got.Received = want.Received.UTC(), got.Received.UTC()
		if got != want {
			t.Errorf("after Mark of %s the message is\n%+v, want\n%+v", what, got, want)
		}
		if it.Read != want.Read || (it.Stamp != nil) != want.Stamped {
			t.Errorf("Mark of %s returned an item with read: %t, stamp: %+v; want %t, %t", what, it.Read, it.Stamp, want.Read, want.Stamped)
		}
	}
	yes, no := true, false
	m.Stamped = true
	expect("a stamp", driver.Change{Stamp: fullStamp(lab)}, m)
	m.Read = true
	expect("the read state", driver.Change{Read: &yes}, m)
	m.Stamped, m.Read, m.Header = false, false, "one"
	expect("clearing, the read state and a header", driver.Change{Clear: true, Read: &no, SetHeader: driver.Header{Name: HeaderName, Value: "one"}}, m)
	m.Stamped, m.Read, m.Header = true, true, ""
	expect("a stamp, the read state and no header", driver.Change{Stamp: fullStamp(lab), Read: &yes, DropHeader: HeaderName}, m)
	expect("nothing", driver.Change{}, m)
}

// markHeader sets a header, replaces it, and removes it.
func markHeader(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	for _, c := range []struct {
		change driver.Change
		want   string
	}{
		{driver.Change{SetHeader: driver.Header{Name: HeaderName, Value: "one"}}, "one"},
		{driver.Change{SetHeader: driver.Header{Name: HeaderName, Value: "another: <2>; größer"}}, "another: <2>; größer"},
		{driver.Change{DropHeader: HeaderName}, ""},
		{driver.Change{DropHeader: HeaderName}, ""},
	} {
		var err error
		if it, err = m.Mark(t.Context(), it, c.change); err != nil {
			t.Fatalf("Mark(%+v): %v", c.change, err)
		}
		if got := shown(t, lab, lab.User(), theID).Header; got != c.want {
			t.Errorf("after Mark(%+v) the header is %q, want %q", c.change, got, c.want)
		}
		if got := shown(t, lab, lab.User(), otherID).Header; got != "" {
			t.Errorf("Mark(%+v) gave another message the header %q", c.change, got)
		}
	}
}

// removeOnlyThat removes one of two copies, and nothing that has changed since it was
// read.
func removeOnlyThat(t *testing.T, lab Lab) {
	m, first := user(t, lab)
	twin := message(theID)
	twin.Folder = "Projects"
	lab.Deliver(t, twin)
	if err := m.Remove(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if left := shown(t, lab, lab.User(), theID); left.Folder != "Projects" {
		t.Errorf("Remove left the copy in %q, want that in Projects", left.Folder)
	}
	shown(t, lab, lab.User(), otherID)

	it := the(t, m, driver.Query{MessageID: theID})
	yes := true
	if _, err := m.Mark(t.Context(), it, driver.Change{Read: &yes}); err != nil {
		t.Fatal(err)
	}
	err := m.Remove(t.Context(), it)
	switch left := len(visible(t, lab, lab.User(), theID)); {
	case err != nil && !errors.Is(err, driver.ErrConflict):
		t.Errorf("Remove of an item that has changed: %v, want ErrConflict", err)
	case (err != nil) != (left == 1):
		t.Errorf("Remove of an item that has changed returned %v, but %d are left", err, left)
	}

	other := the(t, m, driver.Query{MessageID: otherID})
	lab.UserMoves(t, otherID, "Elsewhere")
	if _, err := m.Inspect(t.Context(), other.ID); err == nil {
		return // ids survive moves
	}
	if err := m.Remove(t.Context(), other); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Remove of an item that its owner has moved: %v, want ErrGone", err)
	}
	shown(t, lab, lab.User(), otherID)
}

// folderNames tells names with a slash from paths.
func folderNames(t *testing.T, lab Lab) {
	m := lab.Strategy().Mailbox(lab.Quarantine())
	one, err := m.Folder(t.Context(), driver.FolderRequest{Names: []string{"In/Out 100%"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if one.Path != "/In%2FOut 100%25" {
		t.Errorf("the path of the folder In/Out 100%% is %q, want /In%%2FOut 100%%25", one.Path)
	}
	for _, names := range [][]string{{"In"}, {"In", "Out 100%"}, {"In/Out 100%", "Below"}, {"Out 100%"}} {
		if f, err := m.Folder(t.Context(), driver.FolderRequest{Names: names}); !errors.Is(err, driver.ErrGone) {
			t.Errorf("Folder(%q) returned %+v, %v, want ErrGone", names, f, err)
		}
	}
	below, err := m.Folder(t.Context(), driver.FolderRequest{Names: []string{"In/Out 100%", "Below"}, Create: true})
	if err != nil || below.ID == one.ID || below.Path != one.Path+"/Below" {
		t.Errorf("the folder below it is %+v (%v)", below, err)
	}
	if again, err := m.Folder(t.Context(), driver.FolderRequest{Names: []string{"In/Out 100%"}}); err != nil || again.ID != one.ID {
		t.Errorf("the folder above it is now %+v (%v), want %+v", again, err, one)
	}
	if f, err := m.Folder(t.Context(), driver.FolderRequest{Create: true}); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Folder without names returned %+v, %v, want ErrGone", f, err)
	}
}
