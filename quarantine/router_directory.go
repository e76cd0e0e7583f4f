package quarantine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Expand is [Service.Expand] with the address books of all servers. Each group
// is expanded by the server that claims its address or that named it or,
// failing that, by the first server that knows it. A contact in one address
// book that is a mailbox or a group on another server counts as such.
//
// The error is a [*RouteError] if no server is known for the address;
// otherwise it is as for [Service.Expand]. For each contact, the servers that
// may have its mailbox are asked, so a group with many external members takes
// time if a service claims nothing.
func (r *Router) Expand(ctx context.Context, group string, opts *ExpandOptions) (*Expansion, error) {
	return r.addressBooks().Expand(ctx, group, opts)
}

// FollowForwards is [Service.FollowForwards] across all servers: a message
// passed on to a mailbox on another server is followed there. The error is as
// for [Service.FollowForwards], or a [*RouteError].
func (r *Router) FollowForwards(ctx context.Context, t Target, opts *ForwardOptions) (*ForwardTrail, error) {
	if err := r.check(t); err != nil {
		return nil, err
	}
	return followForwards(ctx, r.addressBooks(), t, opts)
}

// addressBooks combines the address books of all servers for one call. Its
// methods may be called concurrently.
type addressBooks struct {
	r *Router

	mu     sync.Mutex
	shown  map[string]*route // by address in lower case: the server that named it first
	server string            // server that showed the first group
}

func (r *Router) addressBooks() *addressBooks {
	return &addressBooks{r: r, shown: make(map[string]*route)}
}

// among returns the servers to ask about an address, likeliest first, and how
// many of them claim it.
func (b *addressBooks) among(address string) (all []*route, claimed int) {
	all, claimed = b.r.candidates(address)
	b.mu.Lock()
	rt := b.shown[strings.ToLower(address)]
	b.mu.Unlock()
	if rt != nil && !slices.Contains(all[:claimed], rt) {
		others := slices.DeleteFunc(slices.Clone(all), func(other *route) bool { return other == rt })
		all = slices.Insert(others, claimed, rt)
	}
	return all, claimed
}

// note remembers which server named an address.
func (b *addressBooks) note(address string, rt *route) {
	key := strings.ToLower(address)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown[key] == nil {
		b.shown[key] = rt
	}
}

// Expand is [Router.Expand].
func (b *addressBooks) Expand(ctx context.Context, group string, opts *ExpandOptions) (*Expansion, error) {
	o, err := checkExpand(group, opts)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.server = ""
	b.mu.Unlock()
	members, err := expandGroup(ctx, b, group, o)
	if err == nil {
		members.Server = b.server
	}
	return members, err
}

// Members asks the servers about a group until one knows it.
func (b *addressBooks) Members(ctx context.Context, address string) ([]driver.Member, bool, error) {
	all, _ := b.among(address)
	var unknown, undecided error
	for _, rt := range all {
		book, err := rt.service.directory()
		if err == nil {
			var members []driver.Member
			var complete bool
			if members, complete, err = book.Members(ctx, address); err == nil {
				b.mu.Lock()
				if b.server == "" {
					b.server = rt.name()
				}
				b.mu.Unlock()
				return b.settle(ctx, rt, members), complete, nil
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil, false, context.Cause(ctx)
		case errors.Is(err, ErrGone):
			unknown = errors.Join(unknown, onServer(rt, err))
		default:
			undecided = errors.Join(undecided, onServer(rt, b.ofOne(err)))
		}
	}
	switch {
	case undecided != nil:
		return nil, false, undecided
	case unknown != nil:
		return nil, false, unknown
	}
	return nil, false, &RouteError{Mailbox: address}
}

// ofOne returns err, but not matching [ErrNoDirectory] if other servers may
// have an address book.
func (b *addressBooks) ofOne(err error) error {
	if errors.Is(err, ErrNoDirectory) && len(b.r.routes) > 1 {
		return errors.New(err.Error())
	}
	return err
}

// settle looks up the contacts among members on the other servers.
func (b *addressBooks) settle(ctx context.Context, rt *route, members []driver.Member) []driver.Member {
	members = slices.Clone(members)
	places := make(chan struct{}, b.r.opts.AskAtOnce)
	var wg crew
	for i, m := range members {
		if m.Address == "" {
			continue
		}
		b.note(m.Address, rt)
		if inside(m.Kind) || len(b.r.routes) == 1 {
			continue
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			switch found, err := b.find(ctx, m.Address, rt); {
			case err == nil && inside(found.Kind):
				members[i] = found
			case err != nil && b.hasBut(ctx, m.Address, rt):
				members[i].Kind = driver.MemberMailbox
			}
		})
	}
	wg.Wait()
	return members
}

// inside reports whether an entry belongs to the organisation of its address
// book.
func inside(k driver.MemberKind) bool {
	return k == driver.MemberMailbox || k == driver.MemberGroup || k == driver.MemberGroupMailbox
}

// Lookup asks the servers about an address until one has it.
func (b *addressBooks) Lookup(ctx context.Context, address string) (driver.Member, error) {
	return b.find(ctx, address)
}

// find is Lookup, excluding some servers.
func (b *addressBooks) find(ctx context.Context, address string, but ...*route) (driver.Member, error) {
	all, _ := b.among(address)
	var contact driver.Member
	var undecided error
	for _, rt := range all {
		if slices.Contains(but, rt) {
			continue
		}
		book, err := rt.service.directory()
		var found driver.Member
		if err == nil {
			found, err = book.Lookup(ctx, address)
		}
		switch {
		case ctx.Err() != nil:
			return driver.Member{}, context.Cause(ctx)
		case err == nil && found.Address != "" && inside(found.Kind):
			b.note(found.Address, rt)
			return found, nil
		case err == nil && found.Address != "":
			contact, but = found, append(slices.Clip(but), rt)
		case err != nil && !errors.Is(err, ErrGone):
			undecided = errors.Join(undecided, onServer(rt, b.ofOne(err)))
		}
	}
	switch {
	case undecided != nil:
		return driver.Member{}, undecided
	case contact.Address == "":
		return driver.Member{}, ErrGone
	case b.hasBut(ctx, address, but...):
		contact.Kind = driver.MemberMailbox
	}
	return contact, nil
}

// hasBut reports whether an address that no address book shows as internal may
// be a mailbox on a server other than those excluded: one that claims it, has
// it, or cannot tell.
func (b *addressBooks) hasBut(ctx context.Context, address string, but ...*route) bool {
	all, claimed := b.r.candidates(address)
	for i, rt := range all {
		if slices.Contains(but, rt) {
			continue
		}
		if i < claimed || rt.silent() || !absent(rt.ask(ctx, address, b.r.opts.AskFor)) {
			return true
		}
	}
	return false
}

// addressBooks is where [Router.FollowForwards] follows a trail.
var _ trailGround = (*addressBooks)(nil)

func (b *addressBooks) forwarded(ctx context.Context, mailbox, messageID string, limit int) ([]driver.Forwarded, error) {
	rt, err := b.r.locate(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	sent, err := rt.service.forwarded(ctx, mailbox, messageID, limit)
	if err != nil && movedAway(err) && ctx.Err() == nil {
		if rt, err = b.r.elsewhere(ctx, mailbox, rt, err); err != nil {
			return nil, err
		}
		sent, err = rt.service.forwarded(ctx, mailbox, messageID, limit)
	}
	for _, message := range sent {
		for _, to := range message.Recipients {
			b.note(to.Address, rt)
		}
	}
	return sent, onServer(rt, err)
}

func (b *addressBooks) book() driver.Directory { return b }

func (b *addressBooks) has(ctx context.Context, address string) bool { return b.hasBut(ctx, address) }

func (b *addressBooks) isQuarantine(address string) bool {
	return slices.ContainsFunc(b.r.routes, func(rt *route) bool { return rt.service.isQuarantine(address) })
}
