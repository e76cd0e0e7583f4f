package passage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mark puts the stamp on the item. It reports whether the item had a stamp of
// an earlier run in the same direction, whose copy may be at the other end.
func (p *Passage) mark(ctx context.Context) (resumed bool, err error) {
	for attempt := 0; ; attempt++ {
		resumed = p.prepare()
		if err := p.begin(ctx); err != nil {
			return true, err
		}
		m := driver.Change{Stamp: &p.stamp}
		if p.Direction == driver.ToUser {
			m.Read = &p.stamp.Read
			// Off before it travels: made of the MIME form, the copy would have
			// it among the headers it was received with, where it stays.
			m.DropHeader = p.engine.QuarantineHeader.Name
		}
		marked, err := p.From.Mark(ctx, p.Item, m)
		if err == nil {
			p.Item = marked
			return resumed, nil
		}
		if ctx.Err() != nil {
			return true, context.Cause(ctx)
		}
		// To mark is safe to repeat, but with the change key it has now.
		fresh, lookErr := p.From.Inspect(ctx, p.Item.ID)
		if errors.Is(lookErr, driver.ErrGone) {
			return resumed, lookErr
		}
		if lookErr != nil {
			return true, errors.Join(err, lookErr)
		}
		if fresh.Folder.Path == "" || fresh.Folder.ID == p.Item.Folder.ID {
			fresh.Folder = p.Item.Folder
		}
		p.Item = fresh
		if p.marked(fresh) && !errors.Is(err, driver.ErrConflict) {
			return resumed, nil // only the answer was lost
		}
		if attempt == p.engine.Attempts || !errors.Is(err, driver.ErrConflict) && !driver.Temporary(err) && driver.Untouched(err) {
			return resumed, err
		}
		if err := p.engine.pause(ctx, attempt); err != nil {
			return true, err
		}
	}
}

// marked reports whether an item carries the stamp of this run.
func (p *Passage) marked(it driver.Item) bool {
	return it.Stamp != nil && it.Stamp.Operation == p.stamp.Operation && it.Stamp.Direction == p.Direction
}

// prepare decides on the stamp.
func (p *Passage) prepare() (resumed bool) {
	had := p.Item.Stamp
	if p.Direction == driver.ToUser {
		p.stamp = *had
		p.stamp.Direction = driver.ToUser
		return had.Direction == driver.ToUser
	}
	p.stamp = driver.Stamp{
		Operation: driver.NewOperation(), Mailbox: p.From.Address(), Folder: p.Item.Folder,
		Direction: driver.ToQuarantine, Read: p.Item.Read, At: time.Now(), Reason: p.Reason,
	}
	// A stamp of another mailbox is somebody else's, or forged.
	p.own = true
	if had == nil || p.fresh || !strings.EqualFold(had.Mailbox, p.From.Address()) || p.NameInUse(had.Operation) {
		return false
	}
	p.stamp.Operation, p.own = had.Operation, false
	return had.Direction == driver.ToQuarantine
}

// begin writes the intent, unless it stands there already.
func (p *Passage) begin(ctx context.Context) error {
	if p.begun == p.stamp.Operation {
		return nil
	}
	if p.begun != "" {
		// Another process was quicker; its name for the operation counts.
		if err := p.Ledger.Finish(ctx, p.begun); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	it := p.Item
	it.Mailbox = p.From.Address()
	err := p.Ledger.Begin(ctx, p.stamp, it)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	p.begun = p.stamp.Operation
	return nil
}
