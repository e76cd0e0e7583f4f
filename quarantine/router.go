package quarantine

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Router works across several Exchange organisations and Microsoft 365 tenants.
// It finds out which of its services has a mailbox and lets that one do the
// work; each keeps its own quarantine mailbox, transport, budgets and journal.
//
// A mailbox belongs to the service that claims its address ([Route.Mailboxes]),
// or else to the one that claims its domain ([Route.Domains]). A service that
// claims nothing is asked, by a cheap read, about the mailboxes that nobody
// claims. One that claims something is never asked about anything else, so that
// the addresses of one organisation do not reach another.
//
// Mailboxes move, from one's own servers into the cloud above all. Where a
// service answers that it does not have the mailbox, or that it is being moved,
// the others that may have it are asked, the claims of a domain notwithstanding;
// what they say is remembered for a while. So the usual set-up of a hybrid
// organisation is to claim the domain for its own servers and nothing for its
// tenant.
//
// Its methods may be called concurrently.
type Router struct {
	routes    []*route
	byMailbox map[string]*route
	byDomain  map[string]*route
	unclaimed []*route // those that claim nothing
	opts      RouterOptions
	log       *slog.Logger

	mu     sync.Mutex
	places map[string]place         // by address in lower case
	asking map[string]chan struct{} // addresses that are being asked about
}

// Route is one service of a [Router] and the mailboxes that are known to be
// there.
type Route struct {
	// Service does the work. Its name must differ from those of the others.
	// Required.
	Service *Service

	// Domains are the domains of mailboxes that are there, such as example.com,
	// which does not include sub.example.com. Default: none.
	Domains []string

	// Mailboxes are primary SMTP addresses of mailboxes that are there, whichever
	// service claims their domain. Default: none.
	Mailboxes []string
}

// RouterOptions are the settings of a [Router]. The zero value, and nil, stand
// for the defaults.
type RouterOptions struct {
	// PerServer is how many targets [Router.QuarantineAll] and [Router.FindAll]
	// have in work at a time on each server. The server's own budgets, see
	// package throttle, hold beside it. Default: 8.
	PerServer int

	// AskAtOnce is how many services are asked about one mailbox at a time, and
	// AskFor how long one may take to answer; then it counts as one that did not.
	// Default: 4 and 30 seconds.
	AskAtOnce int
	AskFor    time.Duration

	// Remember is of how many mailboxes it is remembered where they are, and
	// RememberFor for how long; then they are asked about again. Default: 65536
	// and one hour.
	Remember    int
	RememberFor time.Duration

	// Logger receives a record at level Info when a mailbox is found to have
	// moved. Default: discard.
	Logger *slog.Logger
}

// route is a service and the bounds on its work.
type route struct {
	service *Service
	slots   chan struct{} // places for targets in work

	mu          sync.Mutex
	silentUntil time.Time // until when it is asked last, because it did not answer
}

func (rt *route) name() string { return rt.service.name }

func (o *RouterOptions) withDefaults() (RouterOptions, error) {
	var d RouterOptions
	if o != nil {
		d = *o
	}
	if d.PerServer < 0 || d.AskAtOnce < 0 || d.AskFor < 0 || d.Remember < 0 || d.RememberFor < 0 {
		return d, driver.Invalid("router options", "PerServer, AskAtOnce, AskFor, Remember or RememberFor", "is negative; leave it out for the default")
	}
	if d.PerServer == 0 {
		d.PerServer = 8
	}
	if d.AskAtOnce == 0 {
		d.AskAtOnce = 4
	}
	if d.AskFor == 0 {
		d.AskFor = 30 * time.Second
	}
	if d.Remember == 0 {
		d.Remember = 1 << 16
	}
	if d.RememberFor == 0 {
		d.RememberFor = time.Hour
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

// NewRouter returns a Router over services made by [New]. It does no
// I/O. The error joins an [*InvalidError] for each name
// that is missing or given twice, each domain or mailbox that is malformed or
// claimed twice, and each journal that two services share.
func NewRouter(routes []Route, opts *RouterOptions) (*Router, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(routes) == 0 {
		return nil, driver.Invalid("router", "", "has no service; give at least one")
	}
	r := &Router{
		byMailbox: make(map[string]*route),
		byDomain:  make(map[string]*route),
		opts:      o,
		log:       o.Logger,
		places:    make(map[string]place),
		asking:    make(map[string]chan struct{}),
	}
	var errs []error
	for i, in := range routes {
		if in.Service == nil {
			errs = append(errs, driver.Invalid("router", fmt.Sprintf("route %d", i), "has no service"))
			continue
		}
		errs = append(errs, r.add(in, len(routes) > 1))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

// Servers returns the names of the services, in the order in which they were
// given.
func (r *Router) Servers() []string {
	names := make([]string, len(r.routes))
	for i, rt := range r.routes {
		names[i] = rt.name()
	}
	return names
}

// Service returns the service of a name, as receipts have it, in any case; nil
// if there is none.
func (r *Router) Service(name string) *Service {
	if rt := r.named(name); rt != nil {
		return rt.service
	}
	return nil
}

func (r *Router) named(name string) *route {
	i := slices.IndexFunc(r.routes, func(rt *route) bool { return strings.EqualFold(rt.name(), name) })
	if i < 0 {
		return nil
	}
	return r.routes[i]
}

// Close closes all services.
func (r *Router) Close() error {
	var errs []error
	for _, rt := range r.routes {
		errs = append(errs, onServer(rt, rt.service.Close()))
	}
	return errors.Join(errs...)
}
