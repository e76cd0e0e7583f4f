package quarantine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// lately remembers what a service has carried so recently that a search may not
// show it yet.
type lately struct {
	lag time.Duration

	mu      sync.Mutex
	arrived map[arrival][]arrived
	count   int // upper bound on how many are remembered
	forget  int // the count at which old ones are forgotten everywhere, if more than manyArrivals
}

// arrival is an end: items in quarantine that came from a mailbox, or items that
// were put back there.
type arrival struct {
	direction driver.Direction
	mailbox   string // of the user, in lower case
}

type arrived struct {
	messageID, itemID string
	at                time.Time
}

// manyArrivals is the number of remembered items at which those that are too old are
// forgotten everywhere, and not only at the end in question. If twice the number left the
// last time is more, that is the threshold: a campaign carries several thousand items in
// the time that they are remembered, and must not look at all of them for each.
const manyArrivals = 1024

// add remembers that an item has been carried: it is no longer at one end under
// the id from, and is at the other under the id to.
func (l *lately) add(direction driver.Direction, mailbox, messageID, from, to string) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	mailbox = strings.ToLower(mailbox)
	there, away := arrival{direction, mailbox}, arrival{driver.ToUser, mailbox}
	if direction == driver.ToUser {
		away.direction = driver.ToQuarantine
	}
	l.keep(away, func(a arrived) bool { return a.itemID != from })
	l.arrived[there] = append(l.arrived[there], arrived{strings.Clone(messageID), strings.Clone(to), now}) // they may be substrings of a whole answer
	if l.count++; l.count < max(l.forget, manyArrivals) {
		return
	}
	l.count = 0
	for end := range l.arrived {
		l.keep(end, func(arrived) bool { return true })
		l.count += len(l.arrived[end])
	}
	l.forget = 2 * l.count
}

// keep forgets items that are too old or not wanted.
func (l *lately) keep(end arrival, wanted func(arrived) bool) {
	left := slices.DeleteFunc(l.arrived[end], func(a arrived) bool { return time.Since(a.at) > l.lag || !wanted(a) })
	if l.arrived[end] = left; len(left) == 0 {
		delete(l.arrived, end)
	}
}

// carried reports whether this service has recently carried an item to an end, where it has
// this id, and has seen that nothing is left at the other end.
func (l *lately) carried(direction driver.Direction, mailbox, id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.arrived[arrival{direction, strings.ToLower(mailbox)}], func(a arrived) bool { return a.itemID == id })
}

// unseen returns until when a search for a target may fail to show something that
// this service has carried to that end: the zero time if the items it found include
// everything. Items already in the receipt of the present run need not be among them.
func (l *lately) unseen(direction driver.Direction, t Target, items []driver.Item, has []ReceiptItem) (until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := arrival{direction, strings.ToLower(t.Mailbox)}
	l.keep(end, func(arrived) bool { return true })
	for _, a := range l.arrived[end] {
		same := t.byCriteria() || driver.MeansMessageID(t.MessageID, a.messageID)
		known := slices.ContainsFunc(has, func(ri ReceiptItem) bool { return ri.To.ItemID == a.itemID })
		if same && !known && !slices.ContainsFunc(items, func(it driver.Item) bool { return it.ID == a.itemID }) {
			until = a.at.Add(l.lag)
		}
	}
	return until
}

// shown searches one end for a target. If the search does not show something that
// this service has just carried there, and the receipt does not have it, shown
// searches again once a search must show it.
func (s *Service) shown(ctx context.Context, direction driver.Direction, t Target, search func(context.Context) (driver.Findings, error), has ...ReceiptItem) (driver.Findings, error) {
	found, err := search(ctx)
	if err != nil {
		return found, err
	}
	until := s.lately.unseen(direction, t, found.Items, has)
	if until.IsZero() {
		return found, nil
	}
	if err := s.engine.Sleep(ctx, time.Until(until)); err != nil {
		return found, err
	}
	return search(ctx)
}
