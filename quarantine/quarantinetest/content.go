package quarantinetest

import (
	"errors"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// contents returns the readers for the content of items at both ends, if the strategy has
// them.
func contents(lab Lab) (user, vault driver.Reader, ok bool) {
	user, one := driver.As[driver.Reader](lab.Strategy().Mailbox(lab.User()))
	vault, two := driver.As[driver.Reader](lab.Strategy().Mailbox(lab.Quarantine()))
	return user, vault, one && two
}

// contentOfACopy checks that a copy has the content of the original, whichever way it was
// carried, and that marking it changes nothing.
func contentOfACopy(t *testing.T, lab Lab) {
	user, vault, ok := contents(lab)
	if !ok {
		return
	}
	m := message(theID)
	m.Attachment = "invoice.pdf"
	c := carriage(t, lab, m)
	before, err := user.Content(t.Context(), c.Item)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lab.Strategy().Carry(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	copied := the(t, c.To, driver.Query{Operation: stampFor(lab).Operation, In: &c.Folder})
	after, err := vault.Content(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	if why := after.Differs(before); why != "" || after.Digest() != before.Digest() {
		t.Errorf("the content of the copy differs from that of the original: %s", why)
	}
	if _, err := c.To.Mark(t.Context(), copied, driver.Change{Clear: true}); err != nil {
		t.Fatal(err)
	}
	copied = the(t, c.To, driver.Query{MessageID: theID})
	if after, err = vault.Content(t.Context(), copied); err != nil || after.Digest() != before.Digest() {
		t.Errorf("a mark has changed the content (%v)", err)
	}
}

// contentDiffers checks that messages with other subjects, texts or attachments do not have
// the same content.
func contentDiffers(t *testing.T, lab Lab) {
	user, _, ok := contents(lab)
	if !ok {
		return
	}
	attached, renamed, reworded := message("<attached@good.example>"), message(otherID), message("<reworded@good.example>")
	attached.Attachment, renamed.Subject, reworded.Text = "invoice.pdf", "You have not won", "Do not click here."
	box := lab.Strategy().Mailbox(lab.User())
	seen := make(map[string]string)
	for _, m := range []Message{message(theID), attached, renamed, reworded} {
		lab.Deliver(t, m)
		c, err := user.Content(t.Context(), the(t, box, driver.Query{MessageID: m.MessageID}))
		if err != nil {
			t.Fatal(err)
		}
		if other, again := seen[c.Digest()]; again {
			t.Errorf("%s and %s have the same content", m.MessageID, other)
		}
		seen[c.Digest()] = m.MessageID
	}
}

func contentGone(t *testing.T, lab Lab) {
	user, _, ok := contents(lab)
	if !ok {
		return
	}
	lab.Deliver(t, message(theID))
	box := lab.Strategy().Mailbox(lab.User())
	it := the(t, box, driver.Query{MessageID: theID})
	if err := box.Remove(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if _, err := user.Content(t.Context(), it); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Content of a message that is gone: %v, want ErrGone", err)
	}
}
