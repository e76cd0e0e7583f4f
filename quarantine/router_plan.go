package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// PlanRequest is what [Router.Plan] makes a plan from.
type PlanRequest struct {
	// Targets are the messages that are known.
	Targets []Target

	// Groups are groups in which every member may have a message.
	Groups []GroupTarget

	// Expand bounds the expansion of each group. nil means the defaults.
	Expand *ExpandOptions

	// Forwards, if set, follows forwards and replies from the mailboxes of the targets,
	// as [Router.FollowForwards] does from each; this finds most if it is done before
	// anything is taken. Targets with criteria are searched for first, within [Limits].
	// Default: forwards are not followed.
	Forwards *ForwardOptions

	// SkipServers skips finding out which server has each mailbox: for mailboxes that
	// nobody claims, the servers must be asked, which a run of the plan does anyway.
	SkipServers bool

	// Progress, if set, is called at each step, from several goroutines, but one call at
	// a time. It must return soon. Default: nothing is called.
	Progress func(PlanStep)
}

// GroupTarget is a message that every member of a group may have.
type GroupTarget struct {
	// Group is the address of the group.
	Group string
	// Target is what to take from the mailbox of each member: its Mailbox must be empty.
	Target Target
}

// PlanStage is a part of the work of [Router.Plan].
type PlanStage string

// Stages, in their order. Those for which there is nothing to do are left out.
const (
	PlanExpanding PlanStage = "expanding" // groups
	PlanSearching PlanStage = "searching" // for messages described by criteria, to follow them
	PlanFollowing PlanStage = "following" // forwards
	PlanLocating  PlanStage = "locating"  // mailboxes
)

// PlanStep is a step of the work of [Router.Plan]. The first step of a stage has 0 in
// Begun and Done.
type PlanStep struct {
	Stage PlanStage
	// About is the group that is being expanded, otherwise empty.
	About string
	// Total is how much there is to do in the stage, and Begun and Done are how much
	// of it has been begun and is done. Failed is how much of Done did not succeed,
	// which the plan reports.
	Total, Begun, Done, Failed int
}

// Plan finds out what to take: it expands groups, follows forwards, finds out which
// server has each mailbox, and leaves out what is asked for twice. It changes nothing.
//
// Whatever could not be expanded, followed or located is listed in the plan, and does not
// keep the rest from being planned: see [Plan.Complete]. Targets are not checked; one
// that no service would accept is refused when it is run, as if it had been named alone.
//
// If it fails, there is no plan: the error matches [ErrInvalid], or is the cause of
// the end of ctx.
func (r *Router) Plan(ctx context.Context, req PlanRequest) (*Plan, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	p := &planner{
		r: r, req: req, plan: &Plan{}, at: make(map[planKey]int), told: make(map[Unplanned]bool),
	}
	for _, t := range req.Targets {
		p.add(t, Origin{Kind: OriginNamed})
	}
	for _, do := range []func(context.Context) error{p.expand, p.follow, p.locate} {
		if err := do(ctx); err != nil {
			return nil, err
		}
	}
	return p.plan, nil
}

func (req *PlanRequest) check() error {
	var errs []error
	for i, g := range req.Groups {
		field := fmt.Sprintf("groups[%d]", i)
		if g.Target.Mailbox != "" {
			errs = append(errs, driver.Invalid("plan request", field+".target.mailbox", "is set; leave it empty, because it is that of each member"))
			continue
		}
		t := g.Target
		t.Mailbox = g.Group
		for _, p := range Problems(t.Validate()) {
			name := field + ".target." + p.Field
			if p.Field == "mailbox" {
				name = field + ".group"
			}
			errs = append(errs, driver.Invalid("plan request", name, p.Problem))
		}
	}
	_, err := req.Expand.withDefaults()
	errs = append(errs, err)
	_, err = req.Forwards.withDefaults()
	return errors.Join(append(errs, err)...)
}

type planner struct {
	r    *Router
	req  PlanRequest
	plan *Plan
	at   map[planKey]int    // index of the target
	told map[Unplanned]bool // what is unplanned, apart from its error

	mu   sync.Mutex // held while progress is reported
	step PlanStep
}

// add adds a target, or another reason for one that is already there.
func (p *planner) add(t Target, why Origin) {
	key := keyOf(t)
	if i, ok := p.at[key]; ok {
		if known := &p.plan.Targets[i]; !slices.Contains(known.Why, why) {
			known.Why = append(known.Why, why)
		}
		return
	}
	p.at[key] = len(p.plan.Targets)
	p.plan.Targets = append(p.plan.Targets, PlannedTarget{Target: t, Why: []Origin{why}})
}

// leave notes something for which there is no target. An address is noted once for each
// kind of origin.
func (p *planner) leave(u Unplanned, err error) {
	if u.Why.Kind != "" {
		same := Unplanned{Kind: u.Kind, Address: strings.ToLower(u.Address), MessageID: driver.BareMessageID(u.MessageID), Criteria: u.Criteria, Why: Origin{Kind: u.Why.Kind}}
		if p.told[same] {
			return
		}
		p.told[same] = true
	}
	u.Err = err
	p.plan.Unplanned = append(p.plan.Unplanned, u)
}

// begin begins a stage.
func (p *planner) begin(stage PlanStage, about string, total int) {
	p.tell(PlanStep{Stage: stage, About: about, Total: total})
}

func (p *planner) tell(step PlanStep) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step = step
	if p.req.Progress != nil {
		p.req.Progress(step)
	}
}

// count counts something that has begun or is done.
func (p *planner) count(change func(*PlanStep)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.step)
	if p.req.Progress != nil {
		p.req.Progress(p.step)
	}
}

func begun(s *PlanStep) { s.Begun++ }

func done(err error) func(*PlanStep) {
	return func(s *PlanStep) {
		s.Done++
		if err != nil {
			s.Failed++
		}
	}
}

// expand plans a target for each member of the groups.
func (p *planner) expand(ctx context.Context) error {
	for _, g := range p.req.Groups {
		p.begin(PlanExpanding, g.Group, 1)
		p.count(begun)
		all, err := p.r.Expand(ctx, g.Group, p.req.Expand)
		p.count(done(err))
		if ctx.Err() != nil {
			return fmt.Errorf("planning: expanding %s: %w", g.Group, context.Cause(ctx))
		}
		aside := Unplanned{Address: g.Group, MessageID: g.Target.MessageID, Criteria: g.Target.Criteria, Kind: UnplannedUnknown, Why: Origin{Kind: OriginGroup, Group: g.Group}}
		if err != nil {
			p.leave(aside, err)
			continue
		}
		aside.Server = all.Server
		for _, m := range all.Mailboxes {
			why := Origin{Kind: OriginGroup, Group: g.Group, Via: m.Via}
			if p.r.isQuarantine(m.Address) {
				aside.Kind, aside.Address, aside.Why = UnplannedOutside, m.Address, why
				p.leave(aside, nil)
				continue
			}
			t := g.Target
			t.Mailbox = m.Address
			p.add(t, why)
		}
		for _, m := range all.Contacts {
			aside.Kind, aside.Address, aside.Why = UnplannedOutside, m.Address, Origin{Kind: OriginGroup, Group: g.Group, Via: m.Via}
			p.leave(aside, nil)
		}
		for _, u := range all.Unexpanded {
			aside.Kind, aside.Address, aside.Why = UnplannedUnknown, cmp.Or(u.Address, u.Name), Origin{Kind: OriginGroup, Group: g.Group}
			p.leave(aside, &Failure{Message: u.Reason})
		}
	}
	return nil
}

func (r *Router) isQuarantine(address string) bool {
	return slices.ContainsFunc(r.routes, func(rt *route) bool { return rt.service.isQuarantine(address) })
}

// locate finds out which server has each mailbox.
func (p *planner) locate(ctx context.Context) error {
	if p.req.SkipServers || len(p.plan.Targets) == 0 {
		return nil
	}
	p.begin(PlanLocating, "", len(p.plan.Targets))
	err := spread(ctx, p.r.window(), indexes(p.plan.Targets), func(i int) {
		p.count(begun)
		t := &p.plan.Targets[i]
		server, err := p.r.ServerOf(ctx, t.Target.Mailbox)
		t.Server, t.Unlocated = server, failureOf(err)
		p.count(done(err))
	})
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("planning: locating mailboxes: %w", err)
	}
	return nil
}

func indexes[T any](all []T) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range all {
			if !yield(i) {
				return
			}
		}
	}
}
