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
		csv:      true,
		summary:  "list the members of a group",
		synopsis: []string{"-group ADDRESS [-max-depth N] [-max-members N] [-max-groups N]"},
		description: `
Asks the address book for the members of a distribution list, security group,
dynamic group or Microsoft 365 group, then for the members of nested groups, and so
on. Each member is listed once, with the group in which it was first found. Groups
may contain one another.

Without -server, the configuration that claims the address (domains, mailboxes)
is asked, or otherwise each in turn. An address that is a contact on one server and
a mailbox or a group on another counts as the latter.

A group that cannot be expanded is reported, and the others are still expanded.
Exchange shows neither hidden groups nor hidden members, and does not report that it
leaves them out. It expands groups only for a caller that has a mailbox: if the
service account does not have one, the error says so.

A result line has the members address, name, kind (mailbox, groupMailbox, contact or
other), via (the group it was found in) and group (the one asked for). A line with
an error is about a group, or a member without an address, whose recipients are not
all known.
`,
		exit: map[int]string{
			exitDone: "All members that the server shows are known.",
			exitSome: "The group cannot be expanded, exceeds a limit, or contains a group that cannot be expanded.",
		},
		examples: []example{
			{"Who receives mail sent to all staff?", "ewsq -config exchange.json expand -group all-staff@example.test"},
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

// groupFlags name a group and limit its size.
type groupFlags struct {
	address string
	bounds  quarantine.ExpandOptions
}

// addBounds adds the flags for the limits.
func (g *groupFlags) addBounds(flags *flag.FlagSet) {
	addNumber(flags, &g.bounds.MaxDepth, "max-depth", 32, 1, 1000, "maximum `NUMBER` of levels of nested groups")
	addNumber(flags, &g.bounds.MaxMembers, "max-members", 100_000, 1, 10_000_000, "maximum `NUMBER` of members, including those of nested groups")
	addNumber(flags, &g.bounds.MaxGroups, "max-groups", 10_000, 1, 1_000_000, "maximum `NUMBER` of groups, including nested ones")
}

// boundNames returns the names of those flags.
func boundNames() []string { return []string{"max-depth", "max-members", "max-groups"} }

// ask expands a group.
func (s *session) ask(ctx context.Context, r *quarantine.Router, g groupFlags) (*quarantine.Expansion, error) {
	shown := s.follow("expanding "+g.address, -1, 1)
	defer shown.ended()
	members, err := r.Expand(ctx, g.address, &g.bounds)
	return members, inGroupFlags(err)
}

// inGroupFlags names the flag for a limit that a group exceeds.
func inGroupFlags(err error) error {
	if e, ok := errors.AsType[*quarantine.LimitError](err); ok {
		flag := map[string]string{"MaxDepth": "-max-depth", "MaxMembers": "-max-members", "MaxGroups": "-max-groups"}[e.Setting]
		return fmt.Errorf("%w: more than %d %s; raise %s, or choose a smaller group", quarantine.ErrTooManyMembers, e.Limit, e.What, flag)
	}
	return err
}

// member is the result line for a member of a group.
type member struct {
	Server string `json:"server,omitempty"` // the server that expanded the group
	Group  string `json:"group"`
	driver.Member
	Error string `json:"error,omitempty"` // why its recipients are not all known
}

func (s *session) expand(ctx context.Context, g groupFlags) error {
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(nil)
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
		if err := s.write(line, fmt.Sprintf("%s %s: its recipients are not all known: %s", u.Address, u.Name, u.Reason)); err != nil {
			return err
		}
	}
	s.say("%s, %s, %s", count2(len(all.Mailboxes), "mailbox", "mailboxes"), count2(len(all.Contacts), "other", "others"),
		count2(len(all.Groups), "group", "groups including the one given"))
	if !all.Complete {
		return errSome
	}
	return nil
}
