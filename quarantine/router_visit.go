package quarantine

import (
	"context"
	"time"
)

// turnOfSlots is how many targets a mailbox may begin in one turn for each slot. So one with
// thousands of targets keeps those with a few waiting only while its slots are filled that
// many times, and not until all its targets in the window have been begun.
const turnOfSlots = 4

// visit is the work on one mailbox within the window of a call. Its fields are guarded
// by the mutex of the call.
type visit struct {
	key     string // the address in lower case
	waiting []job
	led     bool               // a goroutine is beginning what is waiting
	seats   map[*seat]struct{} // of those in progress
	until   time.Time          // until then the server wants the mailbox left alone
}

// lead begins what is waiting in a mailbox until nothing is left.
func (c *call) lead(ctx context.Context, v *visit) {
	for c.left(v) {
		if ctx.Err() != nil {
			c.dismiss(ctx, v)
			continue
		}
		rt, err := c.locate(ctx, v)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.fail(v, err)
		default:
			c.round(ctx, v, rt)
			c.rest(ctx, v)
		}
	}
}

// left reports whether something is waiting. If not, the visit ends, and is forgotten
// once nothing is in progress either.
func (c *call) left(v *visit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(v.waiting) > 0 {
		return true
	}
	v.led = false
	c.tidy(v)
	return false
}

// depart removes one seat from a visit.
func (c *call) depart(v *visit, s *seat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(v.seats, s)
	c.tidy(v)
}

func (c *call) tidy(v *visit) {
	if !v.led && len(v.seats) == 0 {
		delete(c.visits, v.key)
	}
}

// locate returns the server of a mailbox.
func (c *call) locate(ctx context.Context, v *visit) (*route, error) {
	if err := take(ctx, c.asking); err != nil {
		return nil, err
	}
	defer func() { <-c.asking }()
	c.mu.Lock()
	address := v.waiting[0].target.Mailbox // some servers distinguish upper and lower case
	c.mu.Unlock()
	return c.router.locate(ctx, address)
}

// round waits for the mailbox's turn, and begins what is waiting there by then, or a part of
// it, each target as soon as there is a seat for it.
func (c *call) round(ctx context.Context, v *visit, rt *route) {
	l := c.lane(rt)
	if take(ctx, l.turn) != nil {
		return
	}
	defer func() { <-l.turn }()
	for range min(c.count(v), turnOfSlots*c.router.opts.PerServer) {
		if c.pausing(v) > 0 || c.campaign.gate.pass(ctx) != nil {
			return
		}
		s, err := sit(ctx, l, rt.slots)
		if err != nil {
			return
		}
		// The wait for a seat may have been long.
		if c.pausing(v) > 0 || c.campaign.gate.shut() {
			s.lend() // it was not used, so its time must not count
			s.leave()
			return
		}
		j := c.next(v, s)
		c.all.Go(func() { c.work(ctx, v, rt, s, j) })
	}
}

func (c *call) count(v *visit) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(v.waiting)
}

// next takes the first waiting job, which now has a seat.
func (c *call) next(v *visit, s *seat) job {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := v.waiting[0]
	v.waiting[0] = job{}
	v.waiting = v.waiting[1:]
	v.seats[s] = struct{}{}
	return j
}

// pause leaves a mailbox alone for a while. Its targets in progress wait as well, so
// their seats are lent to others.
func (c *call) pause(v *visit, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until.After(v.until) {
		v.until = until
	}
	for s := range v.seats {
		s.lend()
	}
}

// pausing returns how long a mailbox is to be left alone.
func (c *call) pausing(v *visit) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Until(v.until)
}

// rest waits until a mailbox may be visited again.
func (c *call) rest(ctx context.Context, v *visit) {
	wait := c.pausing(v)
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// dismiss ends what is waiting and will not be begun, since the context has ended.
func (c *call) dismiss(ctx context.Context, v *visit) {
	for _, j := range c.drop(v) {
		j.notBegun(context.Cause(ctx))
		<-c.places
	}
}

// fail ends what is waiting in a mailbox whose server is not known.
func (c *call) fail(v *visit, err error) {
	for _, j := range c.drop(v) {
		j.end(j.blank(), err)
		<-c.places
	}
}

func (c *call) drop(v *visit) []job {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := v.waiting
	v.waiting = nil
	return all
}
