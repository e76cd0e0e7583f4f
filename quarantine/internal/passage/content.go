package passage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// proveByContent compares a copy with the original by content, as both are in this look.
// It reports known as false, without an error, if the driver cannot read both. If the
// server cannot, an item that this installation has sent by a way that keeps every
// property is compared by its properties alone.
//
// Properties of a rebuilt copy other than its identity do not count: a server
// computes its size again, and may rename its attachments. If the original is
// gone, the content last read from it counts or, if none was read, identity and
// size; these do not decide, and known is false, if the way keeps every property
// or this run has not marked the item.
func (p *Passage) proveByContent(ctx context.Context, original *driver.Item, c driver.Item, faithful bool) (why string, known bool, err error) {
	there, ok := driver.As[driver.Reader](p.From)
	here, also := driver.As[driver.Reader](p.To)
	unread := original == nil && p.content == nil
	if !ok || !also || unread && (faithful || p.marked.IsZero()) {
		return "", false, nil
	}
	was := p.Item
	if original != nil {
		was = *original
	}
	why = identityDiffers(was, c, faithful)
	switch {
	case why == "" && faithful:
		why = Differs(was, c, faithful)
	case why == "" && unread && c.Size < Smallest(was.Size, 2<<10, false):
		why = fmt.Sprintf("it is %d bytes long instead of %d", c.Size, was.Size)
	}
	if why != "" || unread {
		return why, true, nil
	}
	// One answer can be wrong, and what differs is put aside: so it must differ twice.
	for again := false; ; again = true {
		if p.content == nil {
			read, err := p.readContent(ctx, there, was)
			if err != nil {
				return "", true, p.needed(err, original, faithful)
			}
			p.content, p.digest = &read, read.Digest()
		}
		read, err := p.readContent(ctx, here, c)
		if err != nil {
			return "", true, p.needed(err, original, faithful)
		}
		if why = read.Differs(*p.content); why == "" || again {
			return why, true, nil
		}
		if original != nil {
			p.content = nil
		}
	}
}

// needed returns the error from reading content, or nil if the proof can do without
// the content: the server does not return it, the way keeps every property, nobody
// else has sent the item, and it is not known to have changed since.
func (p *Passage) needed(err error, original *driver.Item, faithful bool) error {
	changed := original != nil && p.version != "" && (p.version != original.Version || p.sentID != original.ID)
	if p.trusted && faithful && !changed && unreadable(err) {
		return nil
	}
	return err
}

// SameContent reports whether two items of a mailbox have the same content, as far as
// the driver can read it, and whether it can.
func (e *Engine) SameContent(ctx context.Context, m driver.Mailbox, a, b driver.Item) (same, known bool, err error) {
	r, ok := driver.As[driver.Reader](m)
	if !ok {
		return false, false, nil
	}
	p := e.New(Passage{})
	first, err := p.readContent(ctx, r, a)
	if err != nil {
		return false, true, err
	}
	second, err := p.readContent(ctx, r, b)
	return err == nil && first.Differs(second) == "", true, err
}

// readContent reads the content of an item, retrying as needed.
func (p *Passage) readContent(ctx context.Context, m driver.Reader, it driver.Item) (driver.Content, error) {
	for attempt := 0; ; attempt++ {
		c, err := m.Content(ctx, it)
		if err == nil || errors.Is(err, driver.ErrGone) || !driver.Temporary(err) || !p.engine.again(ctx, attempt, err) {
			return c, err
		}
	}
}

// unreadable reports whether the server does not return the content of such an item,
// which can happen for a contact or a task.
func unreadable(err error) bool {
	return err != nil && driver.Answered(err) && !driver.Temporary(err) && !errors.Is(err, driver.ErrGone)
}
