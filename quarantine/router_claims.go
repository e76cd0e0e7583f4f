package quarantine

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// add takes up a service with its claims.
func (r *Router) add(in Route, several bool) error {
	s := in.Service
	v := &configCheck{name: s.name}
	if several && s.name == "" {
		v.problem("name", "is empty; where there are several configurations, each needs a name of its own, by which receipts find it")
	}
	for _, other := range r.routes {
		if s.name != "" && strings.EqualFold(other.name(), s.name) {
			v.problem("name", "is given twice; give each configuration a name of its own, by which receipts find it")
		}
		if sameJournal(other.service.journal, s.journal) {
			v.problem("journalFile", fmt.Sprintf("is the journal of %q, too; give each a journal of its own", other.name()))
		}
	}
	v.claims(in.Domains, in.Mailboxes)
	rt := &route{service: s, slots: make(chan struct{}, r.opts.PerServer)}
	v.claim(r.byDomain, rt, "domains", in.Domains,
		"leave it in one of them; a configuration without domains and mailboxes is asked about mailboxes that are not there")
	v.claim(r.byMailbox, rt, "mailboxes", in.Mailboxes, "leave it in the one that has it")
	r.routes = append(r.routes, rt)
	if len(in.Domains)+len(in.Mailboxes) == 0 {
		r.unclaimed = append(r.unclaimed, rt)
	}
	return errors.Join(v.errs...)
}

// claim enters what a service claims into a table.
func (v *configCheck) claim(table map[string]*route, rt *route, field string, claims []string, remedy string) {
	for i, c := range claims {
		key := strings.ToLower(c)
		if other := table[key]; other != nil && other != rt {
			v.problem(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%q is claimed by %q, too; %s", c, other.name(), remedy))
			continue
		}
		table[key] = rt
	}
}

// sameJournal reports whether two services keep their intents in one place.
func sameJournal(a, b Journal) bool {
	if _, none := a.(noJournal); none {
		return false
	}
	t := reflect.TypeOf(a)
	return t == reflect.TypeOf(b) && t.Kind() == reflect.Pointer && a == b
}

// candidates returns the services that may have a mailbox, the likeliest first,
// and how many of them claim it.
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
