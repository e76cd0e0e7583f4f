package mailstore

// Departure is that an item left a folder.
type Departure struct {
	Folder     uint64 // number
	Number     uint64 // of the item there
	Since      uint64 // see [Item.Since]
	Associated bool
}

// maxDepartures is how many departures a mailbox remembers at least.
const maxDepartures = 20000

// departures are the last ones of a mailbox.
type departures struct {
	kept []Departure
	gone uint64 // how many are no longer kept
}

// Mark is a moment in the history of a mailbox: the numbers of the last item, the last
// change and the last departure.
type Mark struct{ Number, Change, Departure uint64 }

// Mark returns the present moment, and makes the mailbox remember departures from the
// first such moment on. It costs nothing before.
func (m *Mailbox) Mark() Mark {
	if m.departures == nil {
		m.departures = &departures{}
	}
	d := m.departures
	return Mark{Number: m.numbers, Change: m.org.changes, Departure: d.gone + uint64(len(d.kept))}
}

// Since returns the departures after a moment. It reports false if some of them are no
// longer known, or if there was no such moment.
func (m *Mailbox) Since(k Mark) ([]Departure, bool) {
	d := m.departures
	if d == nil || k.Departure < d.gone || k.Departure > d.gone+uint64(len(d.kept)) || k.Number > m.numbers || k.Change > m.org.changes {
		return nil, false
	}
	return d.kept[k.Departure-d.gone:], true
}

// depart remembers that an item leaves its folder.
func (it *Item) depart() {
	d := it.Folder.Mailbox.departures
	if d == nil {
		return
	}
	if len(d.kept) >= 2*maxDepartures {
		d.gone += uint64(len(d.kept) - maxDepartures)
		d.kept = append(make([]Departure, 0, 2*maxDepartures), d.kept[len(d.kept)-maxDepartures:]...)
	}
	d.kept = append(d.kept, Departure{Folder: it.Folder.number, Number: it.number, Since: it.Since(), Associated: it.Associated})
}

// Since returns a number that orders the items of a mailbox by when they came to their
// folder. An item that was replaced by another one under its id passes its own on.
func (it *Item) Since() uint64 {
	if it.since != 0 {
		return it.since
	}
	return it.arrival
}

// ReadOnly reports whether nothing has changed in the item since a change number but,
// at most, whether it is read.
func (it *Item) ReadOnly(change uint64) bool { return it.edited <= change }
