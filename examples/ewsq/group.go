package main

import (
	"context"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// members plans a target for each member of a group, and notes those that cannot be
// one.
func (s *session) members(ctx context.Context, r *quarantine.Router, t targetFlags, bounds quarantine.ExpandOptions, reason string) (plan, error) {
	all, err := s.ask(ctx, r, groupFlags{t.group, bounds})
	if err != nil {
		return plan{}, err
	}
	p := plan{origins: make(map[quarantine.Target]origin)}
	aside := func(address string, from origin, what quarantine.Outcome, why string) {
		p.asides = append(p.asides, result{
			Server: all.Server, Mailbox: address, MessageID: t.messageID, Criteria: t.criteria, Outcome: what, Error: why, origin: from,
		})
	}
	for _, m := range all.Mailboxes {
		from := origin{Group: m.Via}
		if s.isQuarantine(m.Address) {
			aside(m.Address, from, outside, "")
			continue
		}
		target := t.target(m.Address, reason)
		p.targets = append(p.targets, target)
		p.origins[target] = from
	}
	for _, m := range all.Contacts {
		aside(m.Address, origin{Group: m.Via}, outside, "")
	}
	for _, u := range all.Unexpanded {
		address := u.Address
		if address == "" {
			address = u.Name
		}
		aside(address, origin{Group: t.group}, unknown, u.Reason)
	}
	return p, nil
}

// isQuarantine reports whether an address is that of a quarantine mailbox.
func (s *session) isQuarantine(address string) bool {
	return slices.ContainsFunc(s.selected, func(c exchange.Config) bool { return strings.EqualFold(c.QuarantineMailbox, address) })
}
