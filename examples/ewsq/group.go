package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// plan makes a plan from the flags: a target for each member of a group, and for each copy
// made by a forward. Call it before anything is taken, because some traces of forwards
// disappear with the messages.
func (s *session) plan(ctx context.Context, r *quarantine.Router, f *takeFlags, named *targets, reason string) (plan, error) {
	shown := &planProgress{s: s, workers: f.pace.atOnce(s.selected) * len(s.selected)}
	req := quarantine.PlanRequest{Targets: slices.Collect(named.all()), SkipServers: true, Progress: shown.step}
	group := f.targetFlags.group
	if group != "" {
		req.Groups = []quarantine.GroupTarget{{Group: group, Target: f.target("", reason)}}
		req.Expand = &f.group.bounds
	}
	if f.follow.follow {
		req.Forwards = &f.follow.bounds
	}
	made, err := r.Plan(ctx, req)
	shown.ended()
	switch {
	case err != nil && ctx.Err() != nil && shown.stage != quarantine.PlanExpanding:
		return plan{}, fmt.Errorf("interrupted while following forwards; nothing was changed: %w", context.Cause(ctx))
	case err != nil:
		return plan{}, err
	}
	p := plan{targets: named, origins: make(map[targetKey]origin)}
	if p.targets == nil {
		p.targets = &targets{}
	}
	for _, t := range made.Targets {
		why := t.Why[0]
		switch why.Kind {
		case quarantine.OriginNamed:
			continue // already in p.targets, as often as it was named
		case quarantine.OriginGroup:
			p.origins[keyOf(t.Target)] = origin{Group: why.Via}
		case quarantine.OriginForward:
			p.origins[keyOf(t.Target)] = origin{Forward: &forward{From: why.From, Parent: why.Parent, By: why.By, Depth: why.Depth}}
		}
		p.targets.add(t.Target)
	}
	for _, u := range made.Unplanned {
		if _, partly := u.Err.(*quarantine.Failure); u.Err != nil && u.Why.Kind == quarantine.OriginGroup && !partly {
			return plan{}, inGroupFlags(u.Err)
		}
		p.asides = append(p.asides, aside(u))
	}
	return p, nil
}

// aside returns the result for an address that cannot be a target.
func aside(u quarantine.Unplanned) result {
	r := result{Server: u.Server, Mailbox: u.Address, MessageID: u.MessageID, Criteria: u.Criteria, Outcome: outside}
	if u.Kind == quarantine.UnplannedUnknown {
		r.Outcome, r.Error = unknown, u.Err.Error()
	}
	switch u.Why.Kind {
	case quarantine.OriginGroup:
		r.Group = cmp.Or(u.Why.Via, u.Why.Group)
	case quarantine.OriginForward:
		r.Forward = &forward{From: u.Why.From, Parent: u.Why.Parent}
	default:
		if e, ok := errors.AsType[*quarantine.LimitError](u.Err); ok {
			r.Error = fmt.Sprintf("%v: more than %d %s; raise -forward-max, or start with fewer mailboxes", quarantine.ErrTooManyHits, e.Limit, e.What)
		}
		r.Error = "its recipients are not all known: " + r.Error
	}
	return r
}

// planProgress shows how far a plan has got.
type planProgress struct {
	s       *session
	workers int

	mu    sync.Mutex
	stage quarantine.PlanStage
	shown *progress
	last  quarantine.PlanStep
}

func (p *planProgress) step(step quarantine.PlanStep) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if step.Begun == 0 && step.Done == 0 {
		p.end()
		p.stage, p.last = step.Stage, step
		switch step.Stage {
		case quarantine.PlanExpanding:
			p.shown = p.s.follow("expanding "+step.About, -1, 1)
		case quarantine.PlanSearching:
			p.shown = p.s.follow("searching for messages to follow", step.Total, p.workers)
		default:
			p.shown = p.s.follow("following forwards", step.Total, p.workers)
		}
		return
	}
	if step.Stage != quarantine.PlanExpanding {
		for range step.Begun - p.last.Begun {
			p.shown.begin()
		}
		for range step.Done - p.last.Done {
			p.shown.finish(step.Failed == p.last.Failed)
		}
	}
	p.last = step
}

func (p *planProgress) end() {
	if p.shown != nil {
		p.shown.ended()
		p.shown = nil
	}
}

func (p *planProgress) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}
