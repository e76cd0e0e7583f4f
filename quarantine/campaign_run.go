package quarantine

import (
	"context"
	"iter"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Campaign is a run over many targets that can be watched and paused while it lasts. Make
// one with [Router.NewCampaign] for each run: its counts are not reset. Its methods may
// be called concurrently.
type Campaign struct {
	router *Router
	name   string
	tally  tally
	gate   gate
}

// CampaignOptions configures a [Campaign]. nil or the zero value means the defaults.
type CampaignOptions struct {
	// Name makes the run one that can be started again, as with
	// [Router.QuarantineCampaign], and is the name of the campaign there. Default:
	// nothing is remembered.
	Name string

	// Total is how many targets will come, so that [Campaign.Progress] can tell how
	// many are left and how long they will take. It is not a limit. Default: not known
	// until the last one has been read.
	Total int
}

// NewCampaign returns a campaign that has not begun. It does no I/O. If its name is
// invalid, or a journal that it needs is unsuitable, its loop yields that error and
// nothing else.
func (r *Router) NewCampaign(opts *CampaignOptions) *Campaign {
	c := &Campaign{router: r}
	if opts != nil {
		c.name, c.tally.total = opts.Name, max(opts.Total, 0)
	}
	return c
}

// Quarantine is [Router.QuarantineAll], or [Router.QuarantineCampaign] if the campaign has
// a name.
func (c *Campaign) Quarantine(ctx context.Context, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	return c.loop(ctx, targets, "quarantine", (*Service).Quarantine)
}

// Find is [Router.FindAll]: nothing is changed. A campaign with a name leaves out what
// it has finished, as Quarantine does, and remembers nothing new.
func (c *Campaign) Find(ctx context.Context, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	return c.loop(ctx, targets, "find", (*Service).Find)
}

// Pause keeps the campaign from beginning more targets until Resume is called. Targets in
// progress finish, and the loop yields them. The loop then waits; if its context ends, it
// still ends. Pausing twice has the same effect as pausing once.
//
// A loop that can pause by itself does not need Pause: while its body does not return,
// what is in progress finishes, and nothing more is begun.
func (c *Campaign) Pause() { c.tally.pause(c.gate.close()) }

// Resume lets a paused campaign continue. It does nothing if the campaign is not paused.
func (c *Campaign) Resume() { c.tally.resume(c.gate.open()) }

// Progress returns how far the campaign has got. It costs next to nothing, so a
// program can call it each time it redraws.
func (c *Campaign) Progress() Progress { return c.tally.progress() }

type doing func(*Service, context.Context, Target) (*Receipt, error)

func (c *Campaign) loop(ctx context.Context, targets iter.Seq[Target], action string, do doing) iter.Seq2[*Receipt, error] {
	if c.name != "" {
		if err := c.router.checkCampaign(c.name); err != nil {
			return func(yield func(*Receipt, error) bool) { yield(nil, err) }
		}
	}
	return gather(ctx, func(ctx context.Context, emit func(*Receipt, error)) { c.each(ctx, targets, action, do, emit) })
}

// each runs the action for each target.
func (c *Campaign) each(ctx context.Context, targets iter.Seq[Target], action string, do doing, emit func(*Receipt, error)) {
	c.tally.start()
	defer c.tally.stop()
	r := c.router
	tell := func(out *Receipt, err error) {
		if c.name != "" && action == "quarantine" && err == nil && out.finished() {
			err = c.mark(ctx, out)
		}
		c.tally.ended(out, err)
		emit(out, err)
	}
	count, failures := r.newCount(), r.newStreaks()
	left := false // something may not have been read
	var early *kept
	if c.name != "" {
		early = c.newKept(ctx, action, emit)
		defer early.close() // also if something panics
	}
	cut := c.newCall(failures).run(ctx, func(yield func(job) bool) {
		for t := range c.fresh(ctx, targets, action, emit, early, &left) {
			if !yield(c.job(t, action, do, tell, count)) {
				return
			}
		}
	})
	c.held(ctx, action, count, failures, tell)
	if early != nil {
		early.close()
	}
	if cut || left {
		emit(nil, context.Cause(ctx))
	}
}

// job returns the first job for a target: targets with criteria are only counted.
func (c *Campaign) job(t Target, action string, do doing, tell func(*Receipt, error), count *count) job {
	if !t.byCriteria() {
		return job{target: t, action: action, do: do, end: tell}
	}
	var found driver.Findings
	return job{
		target: t, action: "find",
		do: func(s *Service, ctx context.Context, t Target) (out *Receipt, err error) {
			out, found, err = s.find(ctx, t)
			return out, err
		},
		end: func(out *Receipt, err error) {
			if err != nil {
				out.Action = action
				tell(out, err)
				return
			}
			count.add(counted{out, found})
		},
	}
}

// held continues with the targets that have been counted.
func (c *Campaign) held(ctx context.Context, action string, count *count, failures *streaks, tell func(*Receipt, error)) {
	again := func(h counted, err error) {
		was := h.receipt
		tell(&Receipt{Action: action, Server: was.Server, Strategy: was.Strategy, Target: was.Target, Items: []ReceiptItem{}}, err)
	}
	switch {
	case count.err != nil:
		for _, h := range count.held {
			again(h, count.err)
		}
	case action == "find":
		for _, h := range count.held {
			tell(h.receipt, nil)
		}
	case ctx.Err() != nil:
		for _, h := range count.held {
			again(h, notBegun(context.Cause(ctx)))
		}
	default:
		begun := 0
		cut := c.newCall(failures).run(ctx, func(yield func(job) bool) {
			for _, h := range count.held {
				begun++
				if !yield(job{target: h.receipt.Target, action: action, do: h.quarantine, end: tell}) {
					return
				}
			}
		})
		if cut {
			for _, h := range slices.Clone(count.held)[begun:] {
				again(h, notBegun(context.Cause(ctx)))
			}
		}
	}
}

// fresh yields the targets to work on. If the context has ended when a repeated target
// comes, the rest is not read, and left is set.
func (c *Campaign) fresh(ctx context.Context, targets iter.Seq[Target], action string, emit func(*Receipt, error), early *kept, left *bool) iter.Seq[Target] {
	return func(yield func(Target) bool) {
		var before *seen
		if !c.router.opts.Repeats {
			before = newSeen()
		}
		for t := range targets {
			if before != nil && !before.add(t) {
				c.tally.repeated()
				if *left = ctx.Err() != nil; *left {
					return
				}
				continue
			}
			c.tally.read()
			if c.name != "" && ctx.Err() == nil && c.isFinished(ctx, t, action, emit, early) {
				continue
			}
			if !yield(t) {
				return
			}
		}
		c.tally.all()
	}
}

// isFinished reports whether an earlier run has finished a target, or whether that cannot
// be determined. Either way the target is not run, and its result is yielded here or
// later.
func (c *Campaign) isFinished(ctx context.Context, t Target, action string, emit func(*Receipt, error), early *kept) bool {
	out, mark, err := c.finished(ctx, t)
	switch {
	case err != nil:
		out, err = &Receipt{Action: action, Target: t, Items: []ReceiptItem{}}, c.unread(err)
		c.tally.ended(out, err)
	case out != nil:
		c.tally.kept(out)
	case mark != nil:
		early.add(*mark)
		return true
	default:
		early.start()
		return false
	}
	emit(out, err)
	return true
}
