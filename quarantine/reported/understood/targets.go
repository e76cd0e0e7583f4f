package understood

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Targets returns what a [quarantine.Router] needs to take the messages of a report: the
// reporter's own copies first, since the danger there is certain, then those of all
// recipients known from the report. Recipients may be groups, or people elsewhere:
// Router.Plan turns them into mailboxes, and follows forwards. Messages of low confidence,
// and those about which too little is known, are left out; a product that has examined one
// can call Targets of that message. Criteria need CriteriaSearch in [quarantine.Options].
func (r Report) Targets() []quarantine.Target {
	var own, others []quarantine.Target
	for _, m := range r.Messages {
		if m.Confidence == Low {
			continue
		}
		all := m.Targets(r.By.Email)
		if len(all) > 0 && strings.EqualFold(all[0].Mailbox, r.By.Email) {
			own, all = append(own, all[0]), all[1:]
		}
		others = append(others, all...)
	}
	// A message that is attached twice counts once.
	seen := make(map[string]bool)
	return slices.DeleteFunc(append(own, others...), func(t quarantine.Target) bool {
		key := strings.Join([]string{strings.ToLower(t.Mailbox), t.MessageID, t.Criteria.String()}, "\x00")
		twice := seen[key]
		seen[key] = true
		return twice
	})
}

// Targets returns the message as a target in the mailbox of its reporter, and then in that
// of each recipient; none if too little is known about it, or for addresses that no mailbox
// can have.
func (m Message) Targets(reporter string) (all []quarantine.Target) {
	seen := make(map[string]bool)
	add := func(address string) {
		t := quarantine.Target{Mailbox: address, MessageID: m.MessageID, Criteria: m.Criteria}
		if key := strings.ToLower(address); !seen[key] && t.Validate() == nil {
			seen[key] = true
			all = append(all, t)
		}
	}
	add(reporter)
	for _, a := range m.To {
		add(a.Email)
	}
	return all
}
