package passage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mark stamps the item. It reports whether the item already had a stamp from an
// earlier run in the same direction, whose copy may be at the other end.
func (p *Passage) mark(ctx context.Context) (resumed bool, err error) {
	for attempt := 0; ; attempt++ {
		resumed = p.prepare()
		if err := p.begin(ctx); err != nil {
			return true, err
		}
		m := driver.Change{Stamp: &p.stamp}
		if p.Direction == driver.ToUser {
			m.Read = &p.stamp.Read
			// Remove it before the item travels: a copy made from the MIME form would
			// keep it for good, among the headers it was received with.
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
		// Marking can be repeated safely, but needs the item's current version.
		fresh, lookErr := p.From.Inspect(ctx, p.Item.ID)
		if errors.Is(lookErr, driver.ErrGone) {
			return resumed, lookErr
		}
		if lookErr != nil {
			return true, &driver.Error{
				Err: errors.Join(err, lookErr), Untouched: driver.Untouched(err) && driver.Untouched(lookErr),
				Temporary: driver.Temporary(err) || driver.Temporary(lookErr), Cause: driver.CauseOf(lookErr), Code: driver.CodeOf(lookErr),
			}
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

// marked reports whether an item carries this run's stamp.
func (p *Passage) marked(it driver.Item) bool {
	return it.Stamp != nil && it.Stamp.Operation == p.stamp.Operation && it.Stamp.Direction == p.Direction
}

// prepare chooses the stamp.
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
	// A stamp that names another mailbox belongs to someone else, or is forged.
	p.own = true
	if had == nil || p.fresh || !strings.EqualFold(had.Mailbox, p.From.Address()) || p.NameInUse(had.Operation) {
		return false
	}
	p.stamp.Operation, p.own = had.Operation, false
	return had.Direction == driver.ToQuarantine
}

// begin writes the intent, unless it has been written already.
func (p *Passage) begin(ctx context.Context) error {
	if p.begun == p.stamp.Operation {
		return nil
	}
	if p.begun != "" {
		// Another process was quicker; its operation name counts.
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
