package quarantinetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carriage delivers the message, stamps it and prepares to carry it.
func carriage(t *testing.T, lab Lab, m Message) driver.Carriage {
	t.Helper()
	lab.Deliver(t, m)
	from, to := lab.Strategy().Mailbox(lab.User()), lab.Strategy().Mailbox(lab.Quarantine())
	it, err := from.Mark(t.Context(), the(t, from, driver.Query{MessageID: theID}), driver.Change{Stamp: stampFor(lab)})
	if err != nil {
		t.Fatal(err)
	}
	if it.Stamp == nil || it.Stamp.Operation != stampFor(lab).Operation {
		t.Fatalf("Mark returned the stamp %+v, want %+v", it.Stamp, stampFor(lab))
	}
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return driver.Carriage{From: from, Item: it, To: to, Folder: folder}
}

func carryStamp(t *testing.T, lab Lab) {
	lab.Deliver(t, message(otherID))
	c := carriage(t, lab, message(theID))
	carried, err := lab.Strategy().Carry(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if carried.Way == "" {
		t.Error("Carry does not report the way")
	}
	stamp := stampFor(lab)
	got := the(t, c.To, driver.Query{Operation: stamp.Operation, Origin: stamp.Mailbox, In: &c.Folder})
	if got.Stamp == nil || *got.Stamp != wanted(*stamp, got) {
		t.Errorf("the copy's stamp is %+v, want %+v", got.Stamp, stamp)
	}
	if carried.ItemID != "" && carried.ItemID != got.ID {
		t.Errorf("Carry says the copy is %q, but it is %q", carried.ItemID, got.ID)
	}
	_, err = c.From.Inspect(t.Context(), c.Item.ID)
	if carried.Moved && !errors.Is(err, driver.ErrGone) {
		t.Errorf("Carry says it moved the item, but the original: %v, want ErrGone", err)
	}
	if !carried.Moved && err != nil {
		t.Errorf("Carry says it left the original, but: %v", err)
	}
	if n := len(visible(t, lab, lab.User(), otherID)); n != 1 {
		t.Errorf("another message was found %d times, want once", n)
	}
}

func carryState(t *testing.T, lab Lab) {
	m := message(theID)
	m.Attachment = "invoice.pdf"
	m.ReadReceipt = true
	c := carriage(t, lab, m)
	before, err := c.From.Inspect(t.Context(), c.Item.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lab.Strategy().Carry(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	found := the(t, c.To, driver.Query{Operation: stampFor(lab).Operation, In: &c.Folder})
	after, err := c.To.Inspect(t.Context(), found.ID)
	if err != nil {
		t.Fatal(err)
	}
	if before.MessageID != after.MessageID || before.Class != after.Class || before.Read != after.Read ||
		!before.Received.Equal(after.Received) || !before.Sent.Equal(after.Sent) || len(before.Attachments) != len(after.Attachments) ||
		before.Importance != after.Importance {
		t.Errorf("the copy differs from the original:\n%+v\n%+v", after, before)
	}
	if n := lab.Notices(t); n != 0 {
		t.Errorf("%d notices were sent, want 0", n)
	}
}

// carryKeepsItsWord compares what Carried reports about the way with what Carry
// does.
func carryKeepsItsWord(t *testing.T, lab Lab) {
	m := message(theID)
	m.Attachment = "invoice.pdf"
	c := carriage(t, lab, m)
	before, err := c.From.Inspect(t.Context(), c.Item.ID)
	if err != nil {
		t.Fatal(err)
	}
	carried, err := lab.Strategy().Carry(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	found := the(t, c.To, driver.Query{Operation: stampFor(lab).Operation, In: &c.Folder})
	after, err := c.To.Inspect(t.Context(), found.ID)
	if err != nil {
		t.Fatal(err)
	}
	if carried.Faithful && (before.Subject != after.Subject || !slices.Equal(before.Attachments, after.Attachments)) {
		t.Errorf("Carry says the way is faithful, but the copy differs:\n%+v\n%+v", after, before)
	}
	if !carried.Once {
		return
	}
	if _, err := lab.Strategy().Carry(t.Context(), c); err == nil {
		t.Error("Carry says that an item can only be carried once, but carried it twice")
	}
	if n := len(lab.Messages(t, lab.Quarantine())); n != 1 {
		t.Errorf("%d messages are in quarantine, want 1", n)
	}
}

func carryGoneItem(t *testing.T, lab Lab) {
	c := carriage(t, lab, message(theID))
	if err := c.From.Remove(t.Context(), c.Item); err != nil {
		t.Fatal(err)
	}
	if _, err := lab.Strategy().Carry(t.Context(), c); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Carry of an item that is gone: %v, want ErrGone", err)
	}
	if n := len(lab.Messages(t, lab.Quarantine())); n != 0 {
		t.Errorf("%d messages arrived in quarantine, want 0", n)
	}
}

func carryGoneFolder(t *testing.T, lab Lab) {
	c := carriage(t, lab, message(theID))
	c.Folder.ID = c.Folder.ID[:len(c.Folder.ID)-1] // no folder has this id
	if _, err := lab.Strategy().Carry(t.Context(), c); err == nil {
		t.Error("Carry into a folder that does not exist succeeded")
	}
	if n := len(visible(t, lab, lab.User(), theID)); n != 1 {
		t.Errorf("the message was found %d times, want once", n)
	}
	if n := len(lab.Messages(t, lab.Quarantine())); n != 0 {
		t.Errorf("%d messages arrived in quarantine, want 0", n)
	}
}
