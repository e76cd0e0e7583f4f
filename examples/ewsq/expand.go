package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func expandCommand() command {
	return command{
		name:     "expand",
		summary:  "say who stands behind a group",
		synopsis: []string{"-group ADDRESS [-max-depth N] [-max-members N] [-max-groups N]"},
		description: `
Asks the address book for the members of a distribution list, security group,
dynamic group or Microsoft 365 group, for those of the groups among them, and so
on. Everybody is named once, with the group in which the search met them first.
Groups that contain one another are no difficulty.

Without -server, the configuration that claims the address (domains, mailboxes)
is asked, or else each in turn. Who is a contact on one server and a mailbox or
a group on another one counts as that.

A group that cannot be expanded is reported, and the others are. Exchange shows
neither hidden groups nor hidden members, nor does it say that it leaves them
out. It expands groups only for a caller that has a mailbox: if the service
account has none, the error says so.

A line has the members address, name, kind (mailbox, groupMailbox, contact,
other), via (the group) and group (the one asked for). One that has an error
tells of a group, or of a member without address, behind which somebody may
stand who is not known.
`,
		exit: map[int]string{
			exitDone: "All members are known, as far as the server shows them.",
			exitSome: "The group cannot be expanded, or is larger than the bounds allow, or a group within it cannot be expanded.",
		},
		examples: []example{
			{"Who gets what is sent to everybody:", "ewsq -config exchange.json expand -group all-staff@example.test"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var g groupFlags
			addText(flags, &g.address, "group", "", "`ADDRESS` of the group")
			g.addBounds(flags)
			return func(ctx context.Context, s *session) error {
				if g.address == "" {
					return usagef("-group ADDRESS is missing")
				}
				if err := checkAddress(g.address); err != nil {
					return usagef("-group: %w", err)
				}
				return s.expand(ctx, g)
			}
		},
	}
}

// groupFlags say which group is meant, and how large it may be.
type groupFlags struct {
	address string
	bounds  quarantine.ExpandOptions
}

// addBounds adds the flags of the bounds.
func (g *groupFlags) addBounds(flags *flag.FlagSet) {
	addNumber(flags, &g.bounds.MaxDepth, "max-depth", 32, 1, 1000, "how deep groups may be nested in the group, a `NUMBER`")
	addNumber(flags, &g.bounds.MaxMembers, "max-members", 100_000, 1, 10_000_000, "how many members it may have, with those of all groups within it, a `NUMBER`")
	addNumber(flags, &g.bounds.MaxGroups, "max-groups", 10_000, 1, 1_000_000, "how many groups there may be within it, a `NUMBER`")
}

// boundNames are the names of those flags.
func boundNames() []string { return []string{"max-depth", "max-members", "max-groups"} }

// ask expands a group.
func (s *session) ask(ctx context.Context, r *quarantine.Router, g groupFlags) (*quarantine.Expansion, error) {
	shown := s.follow("expanding "+g.address, -1, 1)
	defer shown.ended()
	members, err := r.Expand(ctx, g.address, &g.bounds)
	if e, ok := errors.AsType[*quarantine.LimitError](err); ok {
		flag := map[string]string{"MaxDepth": "-max-depth", "MaxMembers": "-max-members", "MaxGroups": "-max-groups"}[e.Setting]
		return nil, fmt.Errorf("%w: more than %d %s; raise %s, or choose a smaller group", quarantine.ErrTooManyMembers, e.Limit, e.What, flag)
	}
	return members, err
}

// member is the line of somebody in a group.
type member struct {
	Server string `json:"server,omitempty"` // that showed the group
	Group  string `json:"group"`
	driver.Member
	Error string `json:"error,omitempty"` // why not all that stand behind it are known
}

func (s *session) expand(ctx context.Context, g groupFlags) error {
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(0)
	if err != nil {
		return err
	}
	all, err := s.ask(ctx, r, g)
	if err != nil {
		return err
	}
	for _, m := range slices.Concat(all.Mailboxes, all.Contacts) {
		line := member{Server: all.Server, Group: g.address, Member: m}
		if err := s.write(line, fmt.Sprintf("%-40s  %-12s  %s", m.Address, m.Kind, m.Name)); err != nil {
			return err
		}
	}
	for _, u := range all.Unexpanded {
		line := member{Server: all.Server, Group: g.address, Member: driver.Member{Name: u.Name, Address: u.Address, Kind: "unknown"}, Error: u.Reason}
		if err := s.write(line, fmt.Sprintf("%s %s: not all are known who stand behind it: %s", u.Address, u.Name, u.Reason)); err != nil {
			return err
		}
	}
	s.say("%s, %s, %s", count2(len(all.Mailboxes), "mailbox", "mailboxes"), count2(len(all.Contacts), "other", "others"),
		count2(len(all.Groups), "group with the one itself", "groups with the one itself"))
	if !all.Complete {
		return errSome
	}
	return nil
}
