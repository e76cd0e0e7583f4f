package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// probes are the mailboxes and the group to check on each server, by the index of its
// configuration.
type probes struct {
	mailboxes [][]string
	group     []string
	nowhere   []selftest.Result // for addresses with no known server
	asked     time.Time
}

// route finds out which server each address belongs to, as the commands that take mail do:
// an address that a configuration claims is not revealed to any other server.
func (s *session) route(ctx context.Context, mailboxes []string, group string) (*probes, error) {
	p := &probes{mailboxes: make([][]string, len(s.selected)), group: make([]string, len(s.selected)), asked: time.Now().UTC()}
	if !s.several() {
		p.mailboxes[0], p.group[0] = mailboxes, group
		return p, nil
	}
	if len(mailboxes) == 0 && group == "" {
		return p, nil
	}
	router, err := s.asking()
	if err != nil {
		return nil, err
	}
	defer router.Close()
	for _, address := range mailboxes {
		server, err := router.ServerOf(ctx, address)
		if err != nil {
			p.nowhere = append(p.nowhere, nowhere(selftest.CheckMailbox, address, err))
			continue
		}
		i := s.index(server)
		p.mailboxes[i] = append(p.mailboxes[i], address)
	}
	if group != "" {
		if i, err := s.groupAt(ctx, router, group); err != nil {
			p.nowhere = append(p.nowhere, nowhere(selftest.CheckDirectory, group, err))
		} else {
			p.group[i] = group
		}
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	return p, nil
}

// asking returns a router that only asks which server has a mailbox. It opens no journal,
// since another process may have it open.
func (s *session) asking() (*quarantine.Router, error) {
	configs := slices.Clone(s.selected)
	for i := range configs {
		configs[i].JournalFile = ""
	}
	r, err := exchange.OpenRouter(configs, &exchange.RouterOptions{OptionsFor: func(c *exchange.Config) *exchange.Options {
		return &exchange.Options{Logger: s.loggerOf(c.Name)}
	}})
	if err != nil {
		return nil, usagef("cannot ask which server has an address; name one with -server: %w", err)
	}
	return r, nil
}

// index returns the place of the configuration of a server.
func (s *session) index(server string) int {
	return slices.IndexFunc(s.selected, func(c exchange.Config) bool { return strings.EqualFold(c.Name, server) })
}

// groupAt returns the first configuration that knows a group, among those that claim its
// address or claim nothing.
func (s *session) groupAt(ctx context.Context, router *quarantine.Router, group string) (int, error) {
	may := s.claiming(group)
	var errs []error
	for _, i := range may {
		if len(may) == 1 {
			return i, nil
		}
		_, err := router.Service(s.selected[i].Name).Expand(ctx, group, &quarantine.ExpandOptions{MaxDepth: 1, MaxGroups: 1})
		if err == nil || errors.Is(err, quarantine.ErrTooManyMembers) {
			return i, nil
		}
		errs = append(errs, &quarantine.ServerError{Server: s.selected[i].Name, Err: err})
	}
	if len(errs) == 0 {
		return 0, &quarantine.RouteError{Mailbox: group}
	}
	return 0, errors.Join(errs...)
}

// claiming returns the configurations that may have an address, in the order of a
// [quarantine.Router]: those that claim it come first.
func (s *session) claiming(address string) []int {
	_, domain, _ := strings.Cut(address, "@")
	has := func(all []string, one string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return strings.EqualFold(other, one) })
	}
	var all []int
	for _, claims := range []func(exchange.Config) bool{
		func(c exchange.Config) bool { return has(c.Mailboxes, address) },
		func(c exchange.Config) bool { return has(c.Domains, domain) },
		func(c exchange.Config) bool { return len(c.Mailboxes)+len(c.Domains) == 0 },
	} {
		for i := range s.selected {
			if claims(s.selected[i]) && !slices.Contains(all, i) {
				all = append(all, i)
			}
		}
	}
	return all
}

// nowhere returns the result for an address with no known server.
func nowhere(check selftest.Name, address string, err error) selftest.Result {
	return selftest.Result{
		Name: check, Mailbox: address, Status: selftest.Failed, Seen: err.Error(),
		Remedy: "check the address; name its server with -server, or claim it in one configuration with mailboxes or domains",
	}
}
