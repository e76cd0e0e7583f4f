package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// followFlags tell whether to follow forwards, and how far.
type followFlags struct {
	follow bool
	bounds quarantine.ForwardOptions
}

func (f *followFlags) add(flags *flag.FlagSet) {
	flags.BoolVar(&f.follow, "follow-forwards", false, "include forwards and replies sent from these mailboxes, wherever they went")
	addNumber(flags, &f.bounds.MaxDepth, "forward-depth", 3, 1, 100, "maximum `NUMBER` of times a message is followed from one mailbox to the next")
	addNumber(flags, &f.bounds.MaxCopies, "forward-max", 500, 1, 1_000_000, "maximum `NUMBER` of copies to find for each message and starting mailbox")
}

// follower adds to a plan the copies that forwards and replies of its targets made.
type follower struct {
	*session
	router  *quarantine.Router
	bounds  quarantine.ForwardOptions
	workers int

	plan  *plan
	known map[string]bool // messages by mailbox that are in the plan, and asides
}

// forwards follows the messages of all targets of a plan. Call it before any is
// taken away, because some traces go with them.
func (s *session) forwards(ctx context.Context, r *quarantine.Router, p *plan, bounds quarantine.ForwardOptions, workers int) error {
	f := &follower{session: s, router: r, bounds: bounds, workers: workers, plan: p, known: make(map[string]bool)}
	if p.origins == nil {
		p.origins = make(map[quarantine.Target]origin)
	}
	for _, t := range p.targets {
		f.isNew("", t.Mailbox, t.MessageID)
	}
	type trail struct {
		from quarantine.Target
		*quarantine.ForwardTrail
		err error
	}
	starts := f.starts(ctx)
	trails := make([]trail, 0, len(starts))
	shown := s.follow("following forwards", len(starts), workers)
	for found := range inParallel(ctx, workers, slices.Values(starts), func(t quarantine.Target) trail {
		shown.begin()
		found, err := r.FollowForwards(ctx, t, &bounds)
		shown.finish(err == nil)
		return trail{t, found, err}
	}) {
		trails = append(trails, found)
	}
	shown.ended()
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted while following forwards; nothing was changed: %w", context.Cause(ctx))
	}
	slices.SortFunc(trails, func(a, b trail) int {
		return cmp.Or(strings.Compare(a.from.Mailbox, b.from.Mailbox), strings.Compare(a.from.MessageID, b.from.MessageID))
	})
	for _, found := range trails {
		if found.err != nil {
			f.lost(found.from, found.err)
			continue
		}
		f.take(found.from, found.ForwardTrail)
	}
	return nil
}

// starts returns the messages to follow. Those described by criteria are searched
// for first, within the same limits as for taking them.
func (f *follower) starts(ctx context.Context) []quarantine.Target {
	var starts, described []quarantine.Target
	for _, t := range f.plan.targets {
		if t.Criteria.IsZero() {
			starts = append(starts, t)
		} else {
			described = append(described, t)
		}
	}
	if len(described) == 0 {
		return starts
	}
	seen := make(map[quarantine.Target]bool)
	shown := f.follow("searching for messages to follow", len(described), f.workers)
	defer shown.ended()
	for receipt, err := range f.router.FindAll(ctx, slices.Values(described)) {
		if receipt == nil {
			break // interrupted
		}
		shown.begin()
		shown.finish(err == nil)
		if err != nil {
			f.lost(receipt.Target, err)
			continue
		}
		for _, it := range receipt.Items {
			t := quarantine.Target{Mailbox: receipt.Target.Mailbox, MessageID: it.MessageID, Reason: receipt.Target.Reason, Reference: receipt.Target.Reference}
			if err := t.Validate(); err != nil {
				f.lost(receipt.Target, fmt.Errorf("the Message-ID of a copy in %s cannot be searched for: %w", place(it), err))
			} else if !seen[t] {
				seen[t] = true
				starts = append(starts, t)
			}
		}
	}
	return starts
}

// isNew reports whether a message in a mailbox is met for the first time, either as
// a target or with the given outcome.
func (f *follower) isNew(as quarantine.Outcome, mailbox, messageID string) bool {
	key := string(as) + "\x00" + strings.ToLower(mailbox) + "\x00" + strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(messageID), "<"), ">")
	if f.known[key] {
		return false
	}
	f.known[key] = true
	return true
}

// lost records that it is not known where a message went.
func (f *follower) lost(t quarantine.Target, err error) {
	text := err.Error()
	if e, ok := errors.AsType[*quarantine.LimitError](err); ok {
		text = fmt.Sprintf("%v: more than %d %s; raise -forward-max, or start with fewer mailboxes", quarantine.ErrTooManyHits, e.Limit, e.What)
	}
	f.plan.asides = append(f.plan.asides, result{
		Mailbox: t.Mailbox, MessageID: t.MessageID, Criteria: t.Criteria, Outcome: unknown, Error: "its recipients are not all known: " + text,
	})
}

// take adds what was found by following one message.
func (f *follower) take(from quarantine.Target, trail *quarantine.ForwardTrail) {
	for _, c := range trail.Copies {
		if !f.isNew("", c.Mailbox, c.MessageID) {
			continue
		}
		f.plan.targets = append(f.plan.targets, c.Target)
		f.plan.origins[c.Target] = origin{Forward: &forward{From: c.From, Parent: c.Parent, By: c.By, Depth: c.Depth}}
	}
	step := origin{Forward: &forward{From: from.Mailbox, Parent: from.MessageID}}
	for _, address := range trail.External {
		if f.isNew(outside, address, from.MessageID) {
			f.plan.asides = append(f.plan.asides, result{Mailbox: address, MessageID: from.MessageID, Outcome: outside, origin: step})
		}
	}
	for _, u := range trail.Unfollowed {
		if !f.isNew(unknown, u.Address, u.MessageID) {
			continue
		}
		f.plan.asides = append(f.plan.asides, result{Mailbox: u.Address, MessageID: cmp.Or(u.MessageID, from.MessageID), Outcome: unknown, Error: u.Reason, origin: step})
	}
}
