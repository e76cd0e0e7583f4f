package passage

// row is a row of the table in the package comment.
type row string

// Rows of the table.
const (
	rowCarry     row = "carry"      // marked, and nothing came of what was sent
	rowAgain     row = "again"      // a move whose answer was lost can be repeated
	rowNextWay   row = "next way"   // a move that did nothing
	rowNewLease  row = "new lease"  // nothing came of the attempt, and nothing will
	rowUnderWay  row = "under way"  // another run's
	rowDoubt     row = "doubt"      // a copy may still arrive
	rowVanished  row = "vanished"   // a copy was made, and is not there
	rowProve     row = "prove"      // original and copy
	rowArrived   row = "arrived"    // copy alone
	rowNowhere   row = "nowhere"    // neither
	rowLookAgain row = "look again" // absence is not shown yet
)

// row returns which row of the table a sight is in.
func (p *Passage) row(s sight) row {
	original := s.source != nil
	switch {
	case len(s.copies) > 0 && original:
		return rowProve
	case len(s.copies) > 0 && s.noSource:
		return rowArrived
	case original && !p.adopted && !p.sent:
		return rowCarry
	case original && p.moves && p.inFlight:
		return rowAgain
	case original && !s.free && p.adopted:
		return rowUnderWay
	case original && !s.free:
		return rowDoubt
	case original && s.noCopy && p.succeeded && p.moves:
		return rowNextWay
	case original && s.noCopy && p.succeeded:
		return rowVanished
	case original && s.noCopy && !p.adopted && !p.inFlight:
		return rowCarry
	case original && s.noCopy:
		return rowNewLease
	case s.noSource && s.noCopy:
		return rowNowhere
	}
	return rowLookAgain
}

// free reports whether nothing of the attempt can arrive any more: everything
// that was sent has been answered, or it is too late.
func (p *Passage) free() bool {
	return !p.adopted && !p.inFlight || p.engine.expired(p.stamp)
}
