package gather

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Defaults of [Options].
const (
	DefaultInFlight = 4
	DefaultMost     = 50
)

// Options are the options of [Strategy]. Nil or the zero value means the defaults.
type Options struct {
	// InFlight is how many calls of one kind, or batches of them, may be under way in one
	// mailbox before further calls wait to go together. With 1, the second call waits
	// half a round trip on average; with more, fewer calls share a request. In the mailbox
	// that its message comes from, a call that transfers no content waits as with 1.
	// Default: DefaultInFlight; negative values count as 1.
	InFlight int

	// Most is the largest number of calls that go together. Default: DefaultMost;
	// negative values count as 1.
	Most int

	// Always makes a batch of each call, even of one that is alone. It serves to test the
	// batches of a driver with suites that make one call at a time. Default: false.
	Always bool
}

// Strategy returns a strategy whose calls share requests as far as s can handle several
// items at once: see the package documentation. The options may be nil. It keeps little about
// mailboxes in which no call is under way: for up to 1,024 of them, when many calls last went
// together there.
func Strategy(s driver.Strategy, opts *Options) driver.Strategy {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.InFlight = max(1, cmp.Or(o.InFlight, DefaultInFlight))
	o.Most = max(1, cmp.Or(o.Most, DefaultMost))
	c, cs := &crowds{at: make(map[string]time.Time)}, &convoys{of: make(map[*driver.Task]*convoy)}
	g := &gathering{
		Strategy: s,
		finds:    newLanes[driver.Query, driver.Findings](o, c, cs, false),
		inspects: newLanes[string, driver.Item](o, c, cs, false),
		sweeps:   newLanes[string, []driver.Item](o, c, cs, false),
		contents: newLanes[driver.Item, driver.Content](o, c, cs, false),
		marks:    newLanes[driver.Marking, driver.Item](o, c, cs, true),
		removes:  newLanes[driver.Item, struct{}](o, c, cs, true),
		homes:    newLanes[driver.Folder, driver.Folder](o, c, cs, true),
		carries:  newLanes[driver.Carriage, driver.Carried](o, c, cs, true),
	}
	g.carries.large, g.contents.large = true, true
	g.carries.lost = func(c driver.Carried) driver.Carried {
		// The way is the one that the item would go. It is not certain that it goes only
		// once.
		c.Once, c.Moved, c.ItemID = false, false, ""
		return c
	}
	if all, ok := s.(driver.BatchCarrier); ok {
		g.carryAll = all.CarryAll
	}
	return g
}

// gathering is the strategy that [Strategy] returns.
type gathering struct {
	driver.Strategy
	carryAll func(context.Context, []driver.Carriage) []driver.Reply[driver.Carried] // nil: one by one

	finds    *lanes[driver.Query, driver.Findings]
	inspects *lanes[string, driver.Item]
	sweeps   *lanes[string, []driver.Item]
	contents *lanes[driver.Item, driver.Content]
	marks    *lanes[driver.Marking, driver.Item]
	removes  *lanes[driver.Item, struct{}]
	homes    *lanes[driver.Folder, driver.Folder]
	carries  *lanes[driver.Carriage, driver.Carried]
}

// Mailbox returns access to a mailbox. It does no I/O.
func (g *gathering) Mailbox(address string) driver.Mailbox {
	return newMailbox(g, g.Strategy.Mailbox(address))
}

// Carry carries an item, together with others between the same ends.
func (g *gathering) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	c.From, c.To = bare(c.From), bare(c.To)
	one := func(ctx context.Context, c driver.Carriage) (driver.Carried, error) { return g.Strategy.Carry(ctx, c) }
	if g.carryAll == nil {
		return one(ctx, c)
	}
	ends := key(c.From.Address(), strings.ToLower(c.To.Address()), c.Folder.ID, string(c.Only), fmt.Sprint(c.Except))
	return g.carries.call(ctx, ends, c, one, g.carryAll)
}

// key returns the key of calls that may go together: those in one mailbox that also have
// the parts in common.
func key(address string, parts ...string) laneKey {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(strconv.Itoa(len(p)) + ":" + p)
	}
	return laneKey{strings.ToLower(address), b.String()}
}
