package quarantine

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// add adds a service with its claims.
func (r *Router) add(in Route, several bool) error {
	s := in.Service
	c := &claimCheck{what: "route"}
	if s.name != "" {
		c.what = fmt.Sprintf("route %q", s.name)
	}
	if several && s.name == "" {
		c.problem("name", "is empty; if there are several services, each needs a name for receipts to refer to")
	}
	for _, other := range r.routes {
		if s.name != "" && strings.EqualFold(other.name(), s.name) {
			c.problem("name", "is given twice; give each service a unique name for receipts to refer to")
		}
		if sameJournal(other.service.claims.journal, s.claims.journal) {
			other.service.shared.Store(true)
			s.shared.Store(true)
		}
	}
	rt := &route{service: s, slots: make(chan struct{}, r.opts.PerServer)}
	c.claim(r.byDomain, rt, "domains", in.Domains, mailname.CheckDomain,
		"keep it in one of them; a service without domains and mailboxes is also asked about mailboxes that the other does not have")
	c.claim(r.byMailbox, rt, "mailboxes", in.Mailboxes, mailname.CheckSetting, "keep it in the one that has the mailbox")
	r.routes = append(r.routes, rt)
	if len(in.Domains)+len(in.Mailboxes) == 0 {
		r.unclaimed = append(r.unclaimed, rt)
	}
	return errors.Join(c.errs...)
}

// claimCheck collects the problems of a route.
type claimCheck struct {
	what string
	errs []error
}

func (c *claimCheck) problem(field, text string) {
	c.errs = append(c.errs, driver.Invalid(c.what, field, text))
}

// claim validates the claims of a service and adds them to a table.
func (c *claimCheck) claim(table map[string]*route, rt *route, field string, claims []string, check func(string) error, remedy string) {
	for i, claim := range claims {
		field := fmt.Sprintf("%s[%d]", field, i)
		if err := check(claim); err != nil {
			c.problem(field, err.Error())
			continue
		}
		key := strings.ToLower(claim)
		if other := table[key]; other != nil && other != rt {
			c.problem(field, fmt.Sprintf("%q is claimed by %q, too; %s", claim, other.name(), remedy))
			continue
		}
		table[key] = rt
	}
}

// sameJournal reports whether two services use the same journal.
func sameJournal(a, b Journal) bool {
	if _, none := a.(noJournal); none {
		return false
	}
	return reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// candidates returns the services that may have a mailbox, likeliest first, and
// how many of them claim it.
func (r *Router) candidates(address string) (all []*route, claimed int) {
	address = strings.ToLower(address)
	_, domain, _ := strings.Cut(address, "@")
	for _, rt := range []*route{r.byMailbox[address], r.byDomain[domain]} {
		if rt != nil && !slices.Contains(all, rt) {
			all = append(all, rt)
		}
	}
	return append(all, r.unclaimed...), len(all)
}
