package passage

// row is a row of the table in the package comment.
type row string

// Rows of the table.
const (
	rowProve     row = "prove"
	rowArrived   row = "arrived"
	rowCarry     row = "carry"
	rowAgain     row = "again"
	rowUnderWay  row = "under way"
	rowDoubt     row = "doubt"
	rowNextWay   row = "next way"
	rowVanished  row = "vanished"
	rowNewLease  row = "new lease"
	rowNowhere   row = "nowhere"
	rowLookAgain row = "look again"
)

// state is what is known of one end.
type state string

// States of an end.
const (
	whatever state = ""      // does not matter
	there    state = "there" // seen in this look
	shown    state = "shown" // absent, as has been shown
)

// rule is a row with its condition.
type rule struct {
	original, copied state
	and              string // the condition in words, as in the package comment
	holds            func(*Passage, sight) bool
	row              row
}

// rules is the table. The first rule that fits applies.
var rules = []rule{
	{there, there, "", nil, rowProve},
	{shown, there, "", nil, rowArrived},
	{there, whatever, "sent nothing yet", func(p *Passage, _ sight) bool { return !p.adopted && !p.sent }, rowCarry},
	{there, whatever, "moved, not answered, and in time", func(p *Passage, _ sight) bool { return p.moves && p.inFlight && p.inTime() }, rowAgain},
	{there, whatever, "another's attempt, its lease runs", func(p *Passage, s sight) bool { return p.adopted && !s.free }, rowUnderWay},
	{there, whatever, "not answered, the lease runs", func(p *Passage, s sight) bool { return p.inFlight && !s.free }, rowDoubt},
	{there, shown, "moved, and answered with success", func(p *Passage, _ sight) bool { return p.succeeded && p.moves }, rowNextWay},
	{there, shown, "copied, and answered with success", func(p *Passage, _ sight) bool { return p.succeeded }, rowVanished},
	{there, shown, "answered with an error", func(p *Passage, _ sight) bool { return !p.adopted && !p.inFlight }, rowCarry},
	{there, shown, "the lease is over", nil, rowNewLease},
	{shown, shown, "", nil, rowNowhere},
}

// row returns the row of the table that fits a sight.
func (p *Passage) row(s sight) row {
	original := stateOf(s.source != nil, s.noSource)
	copied := stateOf(len(s.copies) > 0, s.noCopy)
	for _, r := range rules {
		if (r.original == whatever || r.original == original) && (r.copied == whatever || r.copied == copied) && (r.holds == nil || r.holds(p, s)) {
			return p.saw(r)
		}
	}
	return p.saw(rule{row: rowLookAgain})
}

// saw reports a rule that fits.
func (p *Passage) saw(r rule) row {
	if p.engine.Saw != nil {
		p.engine.Saw(r.String())
	}
	return r.row
}

// String returns the row and, since several rows share a name, its condition.
func (r rule) String() string {
	if r.and == "" {
		return string(r.row)
	}
	return string(r.row) + " (" + r.and + ")"
}

func stateOf(seen, absent bool) state {
	switch {
	case seen:
		return there
	case absent:
		return shown
	}
	return whatever
}

// free reports whether nothing of the attempt can arrive any more, and no request can
// still remove the original: everything that was sent has been answered, or it is too
// late.
func (p *Passage) free() bool {
	return !p.adopted && !p.inFlight && !p.removing || p.engine.expired(p.stamp)
}

// Rows returns the rows of the table, in order, as they are passed to [Engine].Saw.
func Rows() []string {
	var all []string
	for _, r := range rules {
		all = append(all, r.String())
	}
	return append(all, string(rowLookAgain))
}
