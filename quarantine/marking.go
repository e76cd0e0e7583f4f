package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// mark puts the stamp on the item. It reports whether the item had a stamp of
// an earlier run in the same direction, whose copy may be at the other end.
func (p *passage) mark(ctx context.Context) (resumed bool, err error) {
	for attempt := 0; ; attempt++ {
		resumed = p.prepare()
		if err := p.begin(ctx); err != nil {
			return true, err
		}
		m := Mark{Stamp: &p.stamp}
		if p.direction == ToUser {
			m.Read = &p.stamp.Read
			// Off before it travels: made of the MIME form, the copy would have
			// it among the headers it was received with, where it stays.
			m.DropHeader = p.s.quarantineHeader.Name
		}
		marked, err := p.from.Mark(ctx, p.item, m)
		if err == nil {
			p.item = marked
			return resumed, nil
		}
		if ctx.Err() != nil {
			return true, context.Cause(ctx)
		}
		// To mark is safe to repeat, but with the change key it has now.
		fresh, lookErr := p.from.Inspect(ctx, p.item.ID)
		if errors.Is(lookErr, ErrGone) {
			return resumed, lookErr
		}
		if lookErr != nil {
			return true, errors.Join(err, lookErr)
		}
		if fresh.Folder.Path == "" || fresh.Folder.ID == p.item.Folder.ID {
			fresh.Folder = p.item.Folder
		}
		p.item = fresh
		if p.marked(fresh) && !errors.Is(err, ErrConflict) {
			return resumed, nil // only the answer was lost
		}
		if attempt == p.s.attempts || !errors.Is(err, ErrConflict) && !Temporary(err) && Untouched(err) {
			return resumed, err
		}
		if err := p.s.pause(ctx, attempt); err != nil {
			return true, err
		}
	}
}

// marked reports whether an item carries the stamp of this run.
func (p *passage) marked(it Item) bool {
	return it.Stamp != nil && it.Stamp.Operation == p.stamp.Operation && it.Stamp.Direction == p.direction
}

// prepare decides on the stamp.
func (p *passage) prepare() (resumed bool) {
	had := p.item.Stamp
	if p.direction == ToUser {
		p.stamp = *had
		p.stamp.Direction = ToUser
		return had.Direction == ToUser
	}
	p.stamp = Stamp{
		Operation: newOperation(), Mailbox: p.from.Address(), Folder: p.item.Folder,
		Direction: ToQuarantine, Read: p.item.Read, At: time.Now(), Reason: p.target.Reason,
	}
	// A stamp of another mailbox is somebody else's, or forged.
	p.own = true
	if had == nil || p.fresh || !strings.EqualFold(had.Mailbox, p.from.Address()) || p.taken(had.Operation) {
		return false
	}
	p.stamp.Operation, p.own = had.Operation, false
	return had.Direction == ToQuarantine
}

// begin writes the intent, unless it stands there already.
func (p *passage) begin(ctx context.Context) error {
	if p.begun == p.stamp.Operation {
		return nil
	}
	if p.begun != "" {
		// Another process was quicker; its name for the operation counts.
		if err := p.s.journal.Finish(ctx, p.begun); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	err := p.s.journal.Begin(ctx, Intent{
		Operation: p.stamp.Operation, Direction: p.direction, Target: p.target,
		From: Place{p.from.Address(), p.item.Folder, p.item.ID}, MessageID: p.item.MessageID, Received: p.item.Received, At: time.Now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	p.begun = p.stamp.Operation
	return nil
}
