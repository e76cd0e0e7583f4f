package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ErrTooManyMembers reports that a group exceeds the limits in [ExpandOptions]
// (test with errors.Is).
var ErrTooManyMembers = errors.New("quarantine: the group is too large")

// ExpandOptions bounds [Service.Expand]. nil or the zero value means the
// defaults.
type ExpandOptions struct {
	MaxDepth   int // levels of nested groups; default: 32
	MaxMembers int // mailboxes and contacts, each counted once; default: 100,000
	MaxGroups  int // groups, each counted once; default: 10,000
}

func (opts *ExpandOptions) withDefaults() (ExpandOptions, error) {
	var o ExpandOptions
	if opts != nil {
		o = *opts
	}
	if o.MaxDepth < 0 || o.MaxMembers < 0 || o.MaxGroups < 0 {
		return o, driver.Invalid("expand options", "MaxDepth, MaxMembers or MaxGroups", "is negative; leave it out for the default")
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = 32
	}
	if o.MaxMembers == 0 {
		o.MaxMembers = 100_000
	}
	if o.MaxGroups == 0 {
		o.MaxGroups = 10_000
	}
	return o, nil
}

// Expansion is the result of expanding a group. Each member is listed once.
type Expansion struct {
	Group string `json:"group"`
	// Server is the name of the server that showed the group.
	Server    string          `json:"server,omitempty"`
	Mailboxes []driver.Member `json:"mailboxes"`
	Contacts  []driver.Member `json:"contacts"` // and everything else that is not a mailbox of the organisation
	Groups    []ExpandedGroup `json:"groups"`   // the group itself first
	// Unexpanded lists groups whose members are not all known, and members without
	// an address.
	Unexpanded []Unexpanded `json:"unexpanded"`
	// Complete means that Unexpanded is empty. Even so, a mail system may silently
	// leave out members and groups that are hidden from address lists, as Exchange
	// does.
	Complete bool `json:"complete"`
}

// ExpandedGroup is a group that was expanded.
type ExpandedGroup struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
	Depth   int    `json:"depth"` // 0: the group passed to Expand
	Members int    `json:"members"`
}

// Unexpanded is a group or member that may stand for people who are not known.
type Unexpanded struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
	Reason  string `json:"reason"`
}

// Expand returns the members of a group, including those of the groups within
// it. Groups may contain one another. Dynamic groups are expanded by the
// server, if it shows their members to the account.
//
// If Expand fails, it returns no result. The error matches [ErrInvalid] if the
// address does not belong to a group, [ErrGone] if the address book does not
// show it, [ErrNoDirectory] if the address book shows nothing to this account,
// or [ErrTooManyMembers]; any other error comes from the server. A nested group
// that cannot be expanded is reported, and the others are still expanded.
func (s *Service) Expand(ctx context.Context, group string, opts *ExpandOptions) (*Expansion, error) {
	o, err := checkExpand(group, opts)
	if err != nil {
		return nil, err
	}
	directory, err := s.directory()
	if err != nil {
		return nil, err
	}
	members, err := expandGroup(ctx, directory, group, o)
	if err == nil {
		members.Server = s.name
	}
	return members, err
}

func checkExpand(group string, opts *ExpandOptions) (ExpandOptions, error) {
	if err := mailname.CheckAddress(group); err != nil {
		return ExpandOptions{}, driver.Invalid("group", "", err.Error())
	}
	return opts.withDefaults()
}

// expandGroup expands a group with a directory.
func expandGroup(ctx context.Context, directory driver.Directory, group string, opts ExpandOptions) (*Expansion, error) {
	x := &expander{
		directory: directory, opts: opts, seen: make(map[string]bool),
		result: &Expansion{Group: group, Mailboxes: []driver.Member{}, Contacts: []driver.Member{}, Groups: []ExpandedGroup{}, Unexpanded: []Unexpanded{}},
	}
	if err := x.run(ctx, group); err != nil {
		return nil, fmt.Errorf("expanding %s: %w", group, err)
	}
	return x.result, nil
}

// directory returns the address book.
func (s *Service) directory() (driver.Directory, error) {
	d, ok := driver.As[driver.Directory](s.anyMailbox())
	if !ok {
		return nil, fmt.Errorf("%w: the strategy %q does not support it", ErrNoDirectory, s.strategy.Name())
	}
	return d, nil
}

type expander struct {
	directory driver.Directory
	opts      ExpandOptions
	result    *Expansion
	seen      map[string]bool // addresses in lower case
	groups    int             // groups found
	queue     []queuedGroup
}

type queuedGroup struct {
	driver.Member
	depth int
}

// run visits the groups breadth first, so each is found at its smallest depth.
func (x *expander) run(ctx context.Context, group string) error {
	x.seen[strings.ToLower(group)] = true
	x.groups = 1
	x.queue = []queuedGroup{{driver.Member{Address: group, Kind: driver.MemberGroup}, 0}}
	for len(x.queue) > 0 {
		g := x.queue[0]
		x.queue = x.queue[1:]
		members, complete, err := x.directory.Members(ctx, g.Address)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && (g.depth == 0 || errors.Is(err, ErrNoDirectory)):
			return x.explain(ctx, group, err)
		case err != nil:
			x.unexpanded(g.Member, err.Error())
			continue
		case !complete:
			x.unexpanded(g.Member, "the server returned only some of its members")
		}
		x.result.Groups = append(x.result.Groups, ExpandedGroup{Name: g.Name, Address: g.Address, Depth: g.depth, Members: len(members)})
		for _, m := range members {
			m.Via = g.Address
			if err := x.take(m, g.depth+1); err != nil {
				return err
			}
		}
	}
	x.result.Complete = len(x.result.Unexpanded) == 0
	return nil
}

func (x *expander) unexpanded(m driver.Member, reason string) {
	x.result.Unexpanded = append(x.result.Unexpanded, Unexpanded{Name: m.Name, Address: m.Address, Reason: reason})
}

// take records a member.
func (x *expander) take(m driver.Member, depth int) error {
	if !strings.Contains(m.Address, "@") {
		x.unexpanded(m, "the server returns no SMTP address for this member")
		return nil
	}
	key := strings.ToLower(m.Address)
	if x.seen[key] {
		return nil
	}
	x.seen[key] = true
	switch m.Kind {
	case driver.MemberGroup, driver.MemberGroupMailbox:
		if depth > x.opts.MaxDepth {
			return &LimitError{Setting: "MaxDepth", Limit: x.opts.MaxDepth, What: "levels of nested groups, at " + m.Address, kind: ErrTooManyMembers}
		}
		if x.groups++; x.groups > x.opts.MaxGroups {
			return &LimitError{Setting: "MaxGroups", Limit: x.opts.MaxGroups, What: "groups", kind: ErrTooManyMembers}
		}
		x.queue = append(x.queue, queuedGroup{m, depth})
		if m.Kind == driver.MemberGroup {
			return nil
		}
		x.result.Mailboxes = append(x.result.Mailboxes, m)
	case driver.MemberMailbox:
		x.result.Mailboxes = append(x.result.Mailboxes, m)
	default:
		x.result.Contacts = append(x.result.Contacts, m)
	}
	if len(x.result.Mailboxes)+len(x.result.Contacts) > x.opts.MaxMembers {
		return &LimitError{Setting: "MaxMembers", Limit: x.opts.MaxMembers, What: "members", kind: ErrTooManyMembers}
	}
	return nil
}

// explain returns what is wrong with an address that is not that of a group.
func (x *expander) explain(ctx context.Context, address string, cause error) error {
	if !errors.Is(cause, ErrGone) {
		return cause
	}
	switch found, err := x.directory.Lookup(ctx, address); {
	case err == nil && found.Kind != driver.MemberGroup && found.Kind != driver.MemberGroupMailbox:
		return fmt.Errorf("%w: %w", driver.Invalid("group", "", fmt.Sprintf("is the address of a %s, not of a group", found.Kind)), cause)
	case err == nil:
		return fmt.Errorf("the address book shows this account the group, but not its members: %w", cause)
	}
	return fmt.Errorf("the address book shows no group with this address: check the address, and whether the group is hidden from address lists, "+
		"because hidden groups cannot be expanded (in Exchange, use Set-DistributionGroup -Identity %s -HiddenFromAddressListsEnabled $false): %w", address, cause)
}
