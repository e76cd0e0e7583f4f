package quarantine

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// view is one search of a user's mailbox, shared by several items that are looked for one
// after another: with a search for each, the cost would grow with the square of their
// number. It is valid until something is written there.
type view struct {
	found *driver.Findings // nil: not searched yet
	// alive are ids that were seen to exist after the search: what it shows under other
	// ids is a different item.
	alive map[string]bool
}

// exists notes that an item has been seen under its id since the search.
func (v *view) exists(id string) {
	if v.found != nil {
		v.alive[id] = true
	}
}

// viewed returns the items in a mailbox that may be the one that was taken.
func (s *Service) viewed(ctx context.Context, mailbox driver.Mailbox, t Target, was ReceiptItem, v *view) (driver.Findings, error) {
	if t.byCriteria() && was.Operation != "" {
		*v = view{} // each is searched for by what is known about it
		return s.likeTaken(ctx, mailbox, t, was)
	}
	if v.found == nil {
		found, err := s.likeTaken(ctx, mailbox, t, was)
		if err != nil {
			return found, err
		}
		*v = view{found: &found, alive: make(map[string]bool)}
	}
	return *v.found, nil
}

// uncounted returns one of several sightings that is not among the items in back,
// which count for other messages, or nil. An item in back may have been moved since,
// and be among the sightings under another id.
func (s *Service) uncounted(ctx context.Context, mailbox driver.Mailbox, sightings []driver.Item, back map[string]bool, v *view) (*driver.Item, error) {
	moved := 0
	for id := range back {
		if v.alive[id] {
			continue
		}
		it, err := s.engine.Inspect(ctx, mailbox, id)
		if err != nil {
			return nil, err
		}
		if it == nil && id != "" {
			moved++
		}
		if it != nil {
			v.exists(id)
		}
	}
	if moved == 0 {
		return &sightings[0], nil
	}
	for i, seen := range sightings {
		it, err := s.engine.Inspect(ctx, mailbox, seen.ID)
		if err != nil {
			return nil, err
		}
		if it == nil {
			continue
		}
		if moved--; moved < 0 {
			return &sightings[i], nil
		}
	}
	return nil, nil
}
