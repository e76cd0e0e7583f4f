package passage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// writeMarkAtLeast writes the mark. If the server refuses that while the mark removes a
// header, it writes the rest: giving a message back matters more than the header.
func (p *Passage) writeMarkAtLeast(ctx context.Context, m driver.Change) (driver.Item, error) {
	marked, err := p.writeMark(ctx, m)
	if m.DropHeader == "" || ctx.Err() != nil || !refusedAsSuch(err) {
		return marked, err
	}
	refusal := err
	m.DropHeader = ""
	if marked, err = p.writeMark(ctx, m); err == nil {
		p.headerStays(refusal)
	}
	return marked, err
}

// refusedAsSuch reports whether a server has refused a change for good, and not because of
// what became of the item: it may allow part of it.
func refusedAsSuch(err error) bool {
	return err != nil && driver.Untouched(err) && driver.Answered(err) && !driver.Temporary(err) &&
		!errors.Is(err, driver.ErrConflict) && !errors.Is(err, driver.ErrGone) && !errors.Is(err, driver.ErrUnreachable)
}

// headerStays reports that the header of quarantine could not be removed.
func (p *Passage) headerStays(refusal error) {
	if p.headed {
		return
	}
	p.headed = true
	p.residues = append(p.residues, fmt.Sprintf("the header %s was not removed: %v", p.engine.QuarantineHeader.Name, refusal))
}
