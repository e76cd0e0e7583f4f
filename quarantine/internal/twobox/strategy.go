package twobox

import (
	"context"
	"errors"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// strategy is the driver for a system, as one process has it.
type strategy struct {
	system *System
	ways   []driver.Way
}

// Strategy returns a driver for the system that carries in the given ways, in that order.
func (s *System) Strategy(ways ...driver.Way) driver.Strategy { return strategy{s, ways} }

// Name returns "twobox".
func (strategy) Name() string { return "twobox" }

// System returns "twobox".
func (strategy) System() string { return "twobox" }

// Mailbox returns access to a mailbox.
func (t strategy) Mailbox(address string) driver.Mailbox { return mailbox{t.system, address} }

// Carry takes an item to the other mailbox, in the first way that the server does not
// refuse.
func (t strategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	s := t.system
	s.Due()
	if err := ended(ctx); err != nil {
		return driver.Carried{}, err
	}
	for _, way := range t.ways {
		if slices.Contains(c.Except, way) || c.Only != "" && c.Only != way || s.Refuses[way] {
			continue
		}
		carried := driver.Carried{Way: way, Faithful: way != driver.WayMIME, Once: way == driver.WayMove}
		to := slices.IndexFunc(s.Folders, func(f Folder) bool { return f.Box == c.To.Address() && f.ID == c.Folder.ID })
		if to < 0 {
			return carried, refusal(driver.ErrGone)
		}
		if way == driver.WayMove {
			_, err := s.send(flight{kind: moves, box: c.From.Address(), item: c.Item, to: to})
			carried.Moved = err == nil
			return carried, err
		}
		o := s.byID(c.From.Address(), c.Item.ID)
		if o == nil {
			return carried, refusal(driver.ErrGone)
		}
		made := *o
		made.Box, made.Folder, made.Cut = c.To.Address(), to, made.Cut || s.Cuts
		if way == driver.WayMIME {
			made.Stamp = nil
			if c.Item.Stamp != nil {
				rebuilt := *c.Item.Stamp
				rebuilt.Rebuilt = true
				made.Stamp = &rebuilt
			}
		}
		if s.StampsLost {
			made.Stamp = nil
		}
		copied, err := s.send(flight{kind: brings, to: to, made: &made})
		if err == nil {
			carried.ItemID = copied.ID
		}
		return carried, err
	}
	return driver.Carried{}, refusal(errors.New("no other way to carry it is left"))
}

// ended returns an error if the context of a call has ended: then nothing is sent. As
// with the driver for EWS, the error does not say that the context has ended.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return &driver.Error{Err: context.Cause(ctx), Temporary: errors.Is(ctx.Err(), context.DeadlineExceeded)}
}
