package quarantinetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func stampFor(lab Lab) *driver.Stamp {
	return &driver.Stamp{
		Operation: "aaaaaaaaaaaaaaaaaaaaaaaaa2", Mailbox: strings.ToLower(lab.User()),
		Folder:    driver.Folder{Base: "inbox", Below: "Bills", Path: "/Posteingang/Bills"},
		Direction: driver.ToQuarantine, At: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Reason: "test",
	}
}

// the returns the only item in a mailbox that a query finds.
func the(t *testing.T, m driver.Mailbox, q driver.Query) driver.Item {
	t.Helper()
	found, err := m.Find(t.Context(), q)
	if err != nil {
		t.Fatalf("Find(%+v): %v", q, err)
	}
	if len(found.Items) != 1 || len(found.Unsearched) != 0 {
		t.Fatalf("Find(%+v) returned %d items and left %d folders unsearched, want 1 and 0", q, len(found.Items), len(found.Unsearched))
	}
	return found.Items[0]
}

func none(t *testing.T, m driver.Mailbox, q driver.Query) {
	t.Helper()
	found, err := m.Find(t.Context(), q)
	if err != nil {
		t.Fatalf("Find(%+v): %v", q, err)
	}
	if len(found.Items) != 0 || len(found.Unsearched) != 0 {
		t.Fatalf("Find(%+v) returned %d items and left %d folders unsearched, want none", q, len(found.Items), len(found.Unsearched))
	}
}

// user delivers the message and one more, and returns the mailbox and the item.
func user(t *testing.T, lab Lab) (driver.Mailbox, driver.Item) {
	t.Helper()
	lab.Deliver(t, message(theID))
	lab.Deliver(t, message(otherID))
	m := lab.Strategy().Mailbox(lab.User())
	return m, the(t, m, driver.Query{MessageID: theID})
}

func findByMessageID(t *testing.T, lab Lab) {
	for _, folder := range []string{"", "Projects"} {
		m := message(theID)
		m.Folder = folder
		lab.Deliver(t, m)
	}
	lab.Deliver(t, message(otherID))
	m := lab.Strategy().Mailbox(lab.User())
	for _, id := range []string{theID, strings.Trim(theID, "<>"), " " + theID + " "} {
		found, err := m.Find(t.Context(), driver.Query{MessageID: id})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Items) != 2 {
			t.Fatalf("Find(%q) returned %d items, want 2", id, len(found.Items))
		}
		for _, it := range found.Items {
			if it.ID == "" || it.MessageID != theID || it.Folder.ID == "" || it.Folder.Path == "" || !it.Received.Equal(received) || it.Read || it.Stamp != nil {
				t.Errorf("Find(%q) returned an incomplete item: %+v", id, it)
			}
		}
	}
}

func findNothing(t *testing.T, lab Lab) {
	m := lab.Strategy().Mailbox(lab.User())
	none(t, m, driver.Query{MessageID: theID})
	none(t, m, driver.Query{Operation: stampFor(lab).Operation})
	none(t, m, driver.Query{Stamped: true})
	lab.Deliver(t, message(otherID))
	none(t, m, driver.Query{MessageID: theID})
	none(t, m, driver.Query{MessageID: strings.ToUpper(otherID)})
}

func findByStamp(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	stamp := stampFor(lab)
	if _, err := m.Mark(t.Context(), it, driver.Change{Stamp: stamp}); err != nil {
		t.Fatal(err)
	}
	other := stampFor(lab)
	other.Operation = "bbbbbbbbbbbbbbbbbbbbbbbbb3"
	if _, err := m.Mark(t.Context(), the(t, m, driver.Query{MessageID: otherID}), driver.Change{Stamp: other}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []driver.Query{
		{Operation: stamp.Operation},
		{Operation: stamp.Operation, Origin: stamp.Mailbox},
		{MessageID: theID, Origin: stamp.Mailbox},
		{MessageID: theID, Stamped: true},
	} {
		got := the(t, m, q)
		if got.MessageID != theID || got.Stamp == nil || *got.Stamp != wanted(*stamp, got) {
			t.Errorf("Find(%+v) returned %+v with stamp %+v, want stamp %+v", q, got, got.Stamp, stamp)
		}
	}
	none(t, m, driver.Query{Operation: stamp.Operation, Origin: "nobody@example.test"})
	none(t, m, driver.Query{Operation: stamp.Operation, MessageID: otherID})
}

// wanted returns the stamp as it should be read back; the path in it is only for display.
func wanted(s driver.Stamp, got driver.Item) driver.Stamp {
	if got.Stamp != nil {
		s.Folder.Path = got.Stamp.Folder.Path
	}
	return s
}

// findByTime finds an item without using its Message-ID.
func findByTime(t *testing.T, lab Lab) {
	lab.Deliver(t, message(theID))
	later := message(otherID)
	later.Received = received.Add(time.Second)
	lab.Deliver(t, later)
	m := lab.Strategy().Mailbox(lab.User())
	if got := the(t, m, driver.Query{Received: received}); got.MessageID != theID {
		t.Errorf("Find by the time %s returned %s, want %s", received, got.MessageID, theID)
	}
	the(t, m, driver.Query{Received: received.Add(time.Second), MessageID: otherID})
	the(t, m, driver.Query{Received: received.Add(300 * time.Millisecond), MessageID: theID}) // to the second
	none(t, m, driver.Query{Received: received.Add(-time.Second)})
	none(t, m, driver.Query{Received: received, MessageID: otherID})
}

func inspectWhole(t *testing.T, lab Lab) {
	m := message(theID)
	m.Attachment = "invoice.pdf"
	lab.Deliver(t, m)
	box := lab.Strategy().Mailbox(lab.User())
	it := the(t, box, driver.Query{MessageID: theID})
	if !it.HasAttachments {
		t.Error("Find does not say that the item has attachments")
	}
	it, err := box.Inspect(t.Context(), it.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(it.Attachments) != 1 || it.Attachments[0].Name != "invoice.pdf" || it.Attachments[0].Size == 0 {
		t.Errorf("Inspect returned attachments %+v, want invoice.pdf with a size", it.Attachments)
	}
	if it.MessageID != theID || it.Class == "" || it.Size == 0 {
		t.Errorf("Inspect returned an incomplete item: %+v", it)
	}
}

func inspectGone(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	if err := m.Remove(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Inspect(t.Context(), it.ID); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Inspect of an item that is gone: %v, want ErrGone", err)
	}
}

func markSetAndClear(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	stamp := stampFor(lab)
	it, err := m.Mark(t.Context(), it, driver.Change{Stamp: stamp})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the next Mark must accept the item that Mark returned
		if it, err = m.Mark(t.Context(), it, driver.Change{Stamp: stamp}); err != nil {
			t.Fatal(err)
		}
	}
	if fresh, err := m.Inspect(t.Context(), it.ID); err != nil || fresh.Stamp == nil || *fresh.Stamp != wanted(*stamp, fresh) {
		t.Fatalf("after Mark the stamp is %+v (%v), want %+v", fresh.Stamp, err, stamp)
	}
	if it, err = m.Mark(t.Context(), it, driver.Change{Clear: true}); err != nil {
		t.Fatal(err)
	}
	if fresh, err := m.Inspect(t.Context(), it.ID); err != nil || fresh.Stamp != nil {
		t.Fatalf("after Clear the stamp is %+v (%v), want none", fresh.Stamp, err)
	}
	if _, err = m.Mark(t.Context(), it, driver.Change{Clear: true}); err != nil {
		t.Fatalf("Clear of an item without a stamp: %v", err)
	}
}

func markConflict(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	if it.Version == "" {
		t.Log("the strategy has no versions: two processes may overwrite each other's stamp")
		return
	}
	if _, err := m.Mark(t.Context(), it, driver.Change{Stamp: stampFor(lab)}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Mark(t.Context(), it, driver.Change{Clear: true}); !errors.Is(err, driver.ErrConflict) {
		t.Errorf("Mark with an old version: %v, want ErrConflict", err)
	}
	if fresh, err := m.Inspect(t.Context(), it.ID); err != nil || fresh.Stamp == nil || *fresh.Stamp != wanted(*stampFor(lab), fresh) {
		t.Errorf("after a Mark that was refused the stamp is %+v (%v), want %+v", fresh.Stamp, err, stampFor(lab))
	}
}

func markGone(t *testing.T, lab Lab) {
	m, it := user(t, lab)
	if err := m.Remove(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Mark(t.Context(), it, driver.Change{Stamp: stampFor(lab)}); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Mark of an item that is gone: %v, want ErrGone", err)
	}
}

func markReadState(t *testing.T, lab Lab) {
	m := message(theID)
	m.ReadReceipt = true
	lab.Deliver(t, m)
	box := lab.Strategy().Mailbox(lab.User())
	it := the(t, box, driver.Query{MessageID: theID})
	for _, read := range []bool{true, false, true, true} {
		var err error
		if it, err = box.Mark(t.Context(), it, driver.Change{Read: &read}); err != nil {
			t.Fatal(err)
		}
		if got := the(t, box, driver.Query{MessageID: theID}); got.Read != read || it.Read != read {
			t.Errorf("after Mark(Read: %t) the item's read state is %t", read, got.Read)
		}
	}
	if n := lab.Notices(t); n != 0 {
		t.Errorf("%d notices were sent, want 0", n)
	}
}

func folderCreate(t *testing.T, lab Lab) {
	m := lab.Strategy().Mailbox(lab.Quarantine())
	want := driver.FolderRequest{Names: []string{"Quarantine, 100% / safe|", "alice@example.test"}, Create: true}
	first, err := m.Folder(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	second, err := m.Folder(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if first.ID == "" || first.ID != second.ID {
		t.Errorf("the folder's id is %q, then %q", first.ID, second.ID)
	}
	want.Create = false
	third, err := m.Folder(t.Context(), want)
	if err != nil || third.ID != first.ID {
		t.Errorf("the created folder was not found: %q, %v", third.ID, err)
	}
}

func folderMissing(t *testing.T, lab Lab) {
	m := lab.Strategy().Mailbox(lab.Quarantine())
	for _, want := range []driver.FolderRequest{
		{Names: []string{"No such folder"}},
		{Names: []string{"No such", "folder"}},
		{},
	} {
		if f, err := m.Folder(t.Context(), want); !errors.Is(err, driver.ErrGone) {
			t.Errorf("Folder(%+v) returned %+v, %v, want ErrGone", want, f, err)
		}
	}
}

func folderHome(t *testing.T, lab Lab) {
	msg := message(theID)
	msg.Folder = "Projects"
	lab.Deliver(t, msg)
	lab.Deliver(t, message(otherID))
	m := lab.Strategy().Mailbox(lab.User())
	home := func(was driver.Folder) driver.Folder {
		t.Helper()
		got, err := m.Home(t.Context(), was)
		if err != nil || got.ID == "" || got.Path == "" {
			t.Fatalf("Home(%+v) returned %+v, %v", was, got, err)
		}
		return got
	}
	inbox := the(t, m, driver.Query{MessageID: otherID}).Folder
	was := the(t, m, driver.Query{MessageID: theID}).Folder
	if was.Recoverable || inbox.Recoverable {
		t.Errorf("%+v or %+v claims to be in Recoverable Items", was, inbox)
	}
	if got := home(was); got.ID != was.ID || got.Path != was.Path {
		t.Errorf("Home of an existing folder returned %+v, want %+v", got, was)
	}
	for _, none := range []driver.Folder{{}, {ID: was.ID + "x"}} {
		if got := home(none); got.ID != inbox.ID || got.Path != inbox.Path {
			t.Errorf("Home(%+v) returned %+v, want the Inbox %+v", none, got, inbox)
		}
	}
	lab.DeleteFolder(t, "Projects")
	first := home(was)
	if first.ID == inbox.ID || first.Path != was.Path {
		t.Errorf("Home did not re-create the path %s: %+v", was.Path, first)
	}
	if again := home(was); again.ID != first.ID {
		t.Errorf("Home created the path twice: %+v, %+v", first, again)
	}
}

func removeForGood(t *testing.T, lab Lab) {
	msg := message(theID)
	msg.ReadReceipt = true
	lab.Deliver(t, msg)
	m := lab.Strategy().Mailbox(lab.User())
	it := the(t, m, driver.Query{MessageID: theID})
	if err := m.Remove(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if left := lab.Messages(t, lab.User()); len(left) != 0 {
		t.Errorf("the user still has, or can recover, %+v", left)
	}
	if err := m.Remove(t.Context(), it); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Remove of an item that is gone: %v, want ErrGone", err)
	}
	if n := lab.Notices(t); n != 0 {
		t.Errorf("%d notices were sent, want 0", n)
	}
}
