package quarantinetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// maxWays is how many ways to carry an item the suite tries.
const maxWays = 8

// operation returns the n-th name of an operation or an attempt.
func operation(n int) string {
	return strings.Repeat(string(rune('a'+n)), 25) + "5"
}

// carriageOf is [carriage] of an adorned message with a Message-ID and a stamp of its own.
func carriageOf(t *testing.T, lab Lab, id string, n int) driver.Carriage {
	t.Helper()
	m := adorned()
	m.MessageID, m.ReadReceipt, m.Read, m.Header = id, true, n%2 == 0, "kept"
	lab.Deliver(t, m)
	return stampedCarriage(t, lab, id, n)
}

func stampedCarriage(t *testing.T, lab Lab, id string, n int) driver.Carriage {
	t.Helper()
	from, to := lab.Strategy().Mailbox(lab.User()), lab.Strategy().Mailbox(lab.Quarantine())
	stamp := fullStamp(lab)
	stamp.Operation, stamp.Attempt = operation(n), operation(n+1)
	it, err := from.Mark(t.Context(), the(t, from, driver.Query{MessageID: id}), driver.Change{Stamp: stamp})
	if err != nil {
		t.Fatal(err)
	}
	if it.Stamp == nil || it.Stamp.Operation != stamp.Operation {
		t.Fatalf("Mark returned the stamp %+v, want %+v", it.Stamp, stamp)
	}
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return driver.Carriage{From: from, Item: it, To: to, Folder: folder}
}

// carryEachWay carries a message in each way that the strategy has, and checks what the
// owners of both mailboxes then see.
func carryEachWay(t *testing.T, lab Lab) {
	lab.Deliver(t, message(otherID))
	var ways []driver.Way
	for n := range maxWays {
		id := fmt.Sprintf("<way%d@evil.example>", n)
		c := carriageOf(t, lab, id, n)
		c.Except = ways
		before := originalOf(t, lab, c)
		carried, err := lab.Strategy().Carry(t.Context(), c)
		if err != nil {
			if n == 0 || !driver.Untouched(err) {
				t.Fatalf("Carry except %q: %v, want an error that says that nothing was changed, once no way is left", ways, err)
			}
			break
		}
		if slices.Contains(ways, carried.Way) {
			t.Fatalf("Carry except %q went by %q", ways, carried.Way)
		}
		ways = append(ways, carried.Way)
		checkCopy(t, lab, c, carried, before)
	}
	for n, way := range ways {
		id := fmt.Sprintf("<only%d@evil.example>", n)
		c := carriageOf(t, lab, id, n+maxWays)
		c.Only = way
		before := originalOf(t, lab, c)
		carried, err := lab.Strategy().Carry(t.Context(), c)
		if err != nil || carried.Way != way {
			t.Fatalf("Carry only by %q went by %q: %v", way, carried.Way, err)
		}
		checkCopy(t, lab, c, carried, before)
	}
	if n := len(visible(t, lab, lab.User(), otherID)); n != 1 {
		t.Errorf("another message was found %d times, want once", n)
	}
	if n := lab.Notices(t); n != 0 {
		t.Errorf("%d notices were sent, want 0", n)
	}
}

// original is a message before it is carried.
type original struct {
	Message
	content driver.Content // if the strategy can read it
}

func originalOf(t *testing.T, lab Lab, c driver.Carriage) original {
	t.Helper()
	o := original{Message: shown(t, lab, lab.User(), c.Item.MessageID)}
	if user, _, ok := contents(lab); ok {
		var err error
		if o.content, err = user.Content(t.Context(), c.Item); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// checkCopy compares a copy with the original, and with what Carry reports about it.
func checkCopy(t *testing.T, lab Lab, c driver.Carriage, carried driver.Carried, was original) {
	t.Helper()
	before := was.Message
	what := fmt.Sprintf("by %q", carried.Way)
	found := the(t, c.To, driver.Query{Operation: c.Item.Stamp.Operation, In: &c.Folder})
	if carried.ItemID != "" && carried.ItemID != found.ID {
		t.Errorf("%s: Carry says the copy is %q, but it is %q", what, carried.ItemID, found.ID)
	}
	stamp := *c.Item.Stamp
	stamp.Rebuilt = !carried.Faithful
	if found.Stamp == nil || *found.Stamp != wanted(stamp, found) {
		t.Errorf("%s: the copy's stamp is\n%+v, want\n%+v", what, found.Stamp, stamp)
	}
	if gone := len(visible(t, lab, lab.User(), before.MessageID)) == 0; gone != carried.Moved {
		t.Errorf("%s: Carry says that the original was moved away: %t; it was: %t", what, carried.Moved, gone)
	}
	after := shown(t, lab, lab.Quarantine(), before.MessageID)
	for _, m := range []*Message{&before, &after} {
		m.Folder, m.ReadReceipt, m.Stamped, m.Received = "", false, true, m.Received.UTC()
		if !carried.Faithful {
			m.Text = strings.TrimSpace(m.Text)
		}
	}
	if !driver.SameTime(before.Received, after.Received) {
		t.Errorf("%s: the copy was received at %v, the original at %v", what, after.Received, before.Received)
	}
	after.Received = before.Received
	if after != before {
		t.Errorf("%s: the copy is\n%+v, the original\n%+v", what, after, before)
	}
	if _, vault, ok := contents(lab); ok {
		if content, err := vault.Content(t.Context(), found); err != nil || content.Differs(was.content) != "" {
			t.Errorf("%s: the content of the copy differs: %s (%v)", what, content.Differs(was.content), err)
		}
	}
	if carried.Once {
		c.Only = carried.Way
		if _, err := lab.Strategy().Carry(t.Context(), c); err == nil || len(visible(t, lab, lab.Quarantine(), before.MessageID)) != 1 {
			t.Errorf("%s: Carry says that it cannot make a second copy, but another call returned %v", what, err)
		}
	}
	whole, err := c.To.Inspect(t.Context(), found.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !driver.SameTime(whole.Sent, c.Item.Sent) || whole.Class != c.Item.Class {
		t.Errorf("%s: the copy is of class %s, sent at %v; the original %s, %v", what, whole.Class, whole.Sent, c.Item.Class, c.Item.Sent)
	}
}

// carryNoWayLeft asks for a way that does not exist.
func carryNoWayLeft(t *testing.T, lab Lab) {
	c := carriage(t, lab, message(theID))
	c.Only = "by pigeon"
	if carried, err := lab.Strategy().Carry(t.Context(), c); !driver.Untouched(err) {
		t.Errorf("Carry only in a way that does not exist went by %q: %v, want an error that says that nothing was changed", carried.Way, err)
	}
	shown(t, lab, lab.User(), theID)
	if n := len(lab.Messages(t, lab.Quarantine())); n != 0 {
		t.Errorf("%d messages arrived in quarantine, want 0", n)
	}
}
