package quarantine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// trailFrom is where a message went from a target.
type trailFrom struct {
	from  Target
	trail *ForwardTrail
	err   error
}

// follow plans the copies that forwards and replies of the targets made.
func (p *planner) follow(ctx context.Context) error {
	if p.req.Forwards == nil || len(p.plan.Targets) == 0 {
		return nil
	}
	starts, err := p.starts(ctx)
	if err != nil {
		return fmt.Errorf("planning: searching for messages to follow: %w", err)
	}
	p.begin(PlanFollowing, "", len(starts))
	var mu sync.Mutex
	var trails []trailFrom
	err = spread(ctx, p.r.opts.PerServer*len(p.r.routes), slices.Values(starts), func(t Target) {
		p.count(begun)
		trail, err := p.r.FollowForwards(ctx, t, p.req.Forwards)
		p.count(done(err))
		mu.Lock()
		defer mu.Unlock()
		trails = append(trails, trailFrom{t, trail, err})
	})
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("planning: following forwards: %w", err)
	}
	slices.SortStableFunc(trails, func(a, b trailFrom) int {
		return cmp.Or(strings.Compare(a.from.Mailbox, b.from.Mailbox), strings.Compare(a.from.MessageID, b.from.MessageID))
	})
	for _, t := range trails {
		if t.err != nil {
			p.lost(t.from, t.err)
			continue
		}
		p.trail(t.from, t.trail)
	}
	return nil
}

// starts returns the messages to follow. Those described by criteria are searched for
// first, within the same limits that apply to taking them.
func (p *planner) starts(ctx context.Context) ([]Target, error) {
	var starts, described []Target
	for _, t := range p.plan.Targets {
		if t.Target.byCriteria() {
			described = append(described, t.Target)
		} else {
			starts = append(starts, t.Target)
		}
	}
	if len(described) == 0 {
		return starts, nil
	}
	seen := make(map[planKey]bool)
	p.begin(PlanSearching, "", len(described))
	for receipt, err := range p.r.FindAll(ctx, slices.Values(described)) {
		if receipt == nil {
			return nil, err
		}
		p.count(begun)
		p.count(done(err))
		if err != nil {
			p.lost(receipt.Target, err)
			continue
		}
		for _, u := range receipt.Unsearched {
			p.lost(receipt.Target, fmt.Errorf("%s was not searched for messages to follow: %s", cmp.Or(u.Folder.Path, "the mailbox"), u.Reason))
		}
		for _, it := range receipt.Items {
			t := receipt.Target
			t.Criteria, t.MessageID = Criteria{}, it.MessageID
			if err := t.Validate(); err != nil {
				p.lost(receipt.Target, fmt.Errorf("the Message-ID of a copy in %s cannot be searched for: %w", cmp.Or(it.Folder, "an unnamed folder"), err))
			} else if !seen[keyOf(t)] {
				seen[keyOf(t)] = true
				starts = append(starts, t)
			}
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return starts, nil
}

// lost notes that it is not known where the message of a target went.
func (p *planner) lost(t Target, err error) {
	p.leave(Unplanned{Kind: UnplannedUnknown, Address: t.Mailbox, MessageID: t.MessageID, Criteria: t.Criteria}, err)
}

// trail plans what was found by following one message.
func (p *planner) trail(from Target, trail *ForwardTrail) {
	for _, c := range trail.Copies {
		p.add(c.Target, Origin{Kind: OriginForward, From: c.From, Parent: c.Parent, By: c.By, Depth: c.Depth})
	}
	why := Origin{Kind: OriginForward, From: from.Mailbox, Parent: from.MessageID}
	for _, address := range trail.External {
		p.leave(Unplanned{Kind: UnplannedOutside, Address: address, MessageID: from.MessageID, Why: why}, nil)
	}
	for _, u := range trail.Unfollowed {
		id := cmp.Or(u.MessageID, from.MessageID)
		p.leave(Unplanned{Kind: UnplannedUnknown, Address: u.Address, MessageID: id, Why: why}, &Failure{Message: u.Reason})
	}
}
