package mailstore

// Departure records that an item left a folder.
type Departure struct {
	Folder     uint64 // number
	Number     uint64 // of the item in that folder
	Since      uint64 // see [Item.Since]
	Associated bool
}

// maxDepartures is the least number of departures that a mailbox remembers.
const maxDepartures = 20000

// departures are the latest departures in a mailbox.
type departures struct {
	kept []Departure
	gone uint64 // how many are no longer kept
}

// Mark is a moment in the history of a mailbox: the numbers of the last item, the last
// change and the last departure.
type Mark struct{ Number, Change, Departure uint64 }

// Mark returns the present moment. The mailbox remembers departures from the first call
// on; before that, they cost nothing.
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

// depart records that an item leaves its folder.
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

// Since returns a number that orders the items of a mailbox by when they came into their
// folders. An item that replaces another under its id inherits the number.
func (it *Item) Since() uint64 {
	if it.since != 0 {
		return it.since
	}
	return it.arrival
}

// ReadOnly reports whether nothing in the item but its read state has changed since a
// change number.
func (it *Item) ReadOnly(change uint64) bool { return it.edited <= change }
