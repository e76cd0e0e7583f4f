package quarantine

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// call works through jobs in many mailboxes, on all servers concurrently. It reads as
// many jobs ahead as the window holds. Those of one mailbox are begun one after another,
// as many at a time as its server has slots for, so that what a driver reads there serves
// several of them; then it is the next mailbox's turn. A mailbox that the server has
// asked to leave alone loses its turn and its slots until then.
type call struct {
	router   *Router
	campaign *Campaign
	failures *streaks
	places   chan struct{} // the window: held by jobs that were read and have not ended
	asking   chan struct{} // held while looking for the server of a mailbox
	all      crew

	mu     sync.Mutex
	visits map[string]*visit // by mailbox in lower case
	lanes  map[*route]*lane
}

// job is the work on one target.
type job struct {
	target Target
	action string
	do     func(*Service, context.Context, Target) (*Receipt, error)
	end    func(*Receipt, error) // called with the result
}

func (c *Campaign) newCall(failures *streaks) *call {
	r := c.router
	return &call{
		router: r, campaign: c, failures: failures,
		places: make(chan struct{}, r.opts.Window), asking: make(chan struct{}, aheadOfSlots*r.opts.PerServer*len(r.routes)),
		visits: make(map[string]*visit), lanes: make(map[*route]*lane),
	}
}

// run does jobs, and returns when all have ended. Each job that was read gets a result,
// even if the context ends; cut means that some may not have been read because it did. If
// one panics, no more are read, and run panics once the others are done.
func (c *call) run(ctx context.Context, jobs iter.Seq[job]) (cut bool) {
	defer c.all.Wait()
	if ctx.Err() != nil {
		return true
	}
	for j := range jobs {
		if c.all.broken() {
			return false
		}
		if err := take(ctx, c.places); err != nil {
			j.notBegun(err)
			return true
		}
		c.add(ctx, j)
		if ctx.Err() != nil {
			return true
		}
	}
	return false
}

// add gives a job to the visit of its mailbox.
func (c *call) add(ctx context.Context, j job) {
	key := strings.ToLower(j.target.Mailbox)
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.visits[key]
	if v == nil {
		v = &visit{key: key, seats: make(map[*seat]struct{})}
		c.visits[key] = v
	}
	v.waiting = append(v.waiting, j)
	if !v.led {
		v.led = true
		c.all.Go(func() { c.lead(ctx, v) })
	}
}

// lane returns the lane of the call on a server.
func (c *call) lane(rt *route) *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lanes[rt]
	if l == nil {
		l = newLane(c.router.opts.PerServer)
		c.lanes[rt] = l
	}
	return l
}

// work does a job that has a seat.
func (c *call) work(ctx context.Context, v *visit, rt *route, s *seat, j job) {
	defer func() {
		s.leave()
		c.depart(v, s)
		<-c.places
	}()
	c.campaign.tally.begin()
	defer c.campaign.tally.end()
	watched := driver.Watched(ctx, func(spent driver.Spending) {
		c.campaign.tally.spend(spent)
		if spent.BackOff > 0 && strings.EqualFold(spent.Payer, j.target.Mailbox) {
			c.pause(v, time.Now().Add(spent.BackOff))
		}
	})
	out, err := c.one(watched, rt, s, j)
	s.worked()
	j.end(out, err)
}

// one handles one target on the server that it has a seat on or, if its mailbox has
// moved, on another one.
func (c *call) one(ctx context.Context, at *route, s *seat, j job) (*Receipt, error) {
	out, err := c.router.atMailbox(ctx, j.target, func(rt *route) (*Receipt, error) {
		at = rt
		if err := s.move(ctx, rt.slots); err != nil {
			return nil, notBegun(err)
		}
		return c.failures.tolerate(rt, func() (*Receipt, error) {
			ctx, cancel := c.router.timed(ctx)
			defer cancel()
			return j.do(rt.service, ctx, j.target)
		})
	})
	if out == nil {
		out = j.blank()
		out.Server, out.Strategy = at.name(), at.service.strategy.Name()
	}
	return out, err
}

// blank returns a receipt that contains only what was asked.
func (j job) blank() *Receipt {
	return &Receipt{Action: j.action, Target: j.target, Items: []ReceiptItem{}}
}

func (j job) notBegun(cause error) { j.end(j.blank(), notBegun(cause)) }

// notBegun returns the error for work that was not begun because a context had ended.
func notBegun(cause error) error { return fmt.Errorf("%w: %w", ErrNotBegun, cause) }

// timed bounds the work on one target.
func (r *Router) timed(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := r.opts.TargetFor
	if limit == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("the target took longer than %v: %w", limit, context.DeadlineExceeded))
}
