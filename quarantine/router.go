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

// Router works across several organisations or tenants, each with a [Service]. It
// finds out which service has a mailbox and has that service do the work; each keeps
// its own quarantine mailbox, transport and budgets. They may share a journal.
//
// A mailbox belongs to the service that claims its address (Mailboxes of its
// [Route]) or, failing that, to the one that claims its domain (Domains).
// Services that claim nothing are asked, with a cheap read, about mailboxes
// that nobody claims. A service that claims anything is never asked about
// anything else, so the addresses of one organisation do not leak to another.
//
// Mailboxes move, typically from on-premises servers to the cloud. If a service
// answers that it does not have the mailbox, or that the mailbox is being
// moved, the router asks the others that may have it, despite claims to the
// domain, and remembers the answer for a while. So a hybrid organisation
// usually claims its domain for the on-premises servers and nothing for its
// tenant.
//
// Its methods may be called concurrently.
type Router struct {
	routes    []*route
	byMailbox map[string]*route
	byDomain  map[string]*route
	unclaimed []*route // routes that claim nothing
	opts      RouterOptions
	log       *slog.Logger

	mu     sync.Mutex
	places map[string]place         // by address in lower case
	asking map[string]chan struct{} // addresses being asked about
}

// Route is one service of a [Router] and the mailboxes known to be there.
type Route struct {
	// Service does the work. Its name must differ from those of the other
	// services. Required.
	Service *Service

	// Domains lists the domains of mailboxes that are there, such as example.com,
	// which does not include sub.example.com. Default: none.
	Domains []string

	// Mailboxes lists the primary SMTP addresses of mailboxes that are there,
	// whichever service claims their domain. Default: none.
	Mailboxes []string
}

// RouterOptions configures a [Router]. nil or the zero value means the
// defaults.
type RouterOptions struct {
	// PerServer is how many targets [Router.QuarantineAll], [Router.FindAll] and
	// [Router.RestoreAll] work on at a time on each server. The server's own budgets apply
	// as well: see package throttle. QuarantineAll and FindAll begin one more for each
	// target that waits because the server has asked for a pause for its mailbox, and one
	// more for each that takes five times as long as others, or 10 seconds, up to PerServer
	// of the latter. Where calls share requests, targets wait in the meantime, so it takes
	// two or three times as many targets as there are concurrent calls to keep the calls in
	// use: see package gather. Default: 8.
	PerServer int

	// TargetFor bounds the work on one target in [Router.QuarantineAll], [Router.FindAll]
	// and [Router.RestoreAll], counted from when its server has a free slot for it; for a
	// target with criteria, it applies once to searching and once to taking. So a mailbox
	// whose server stalls does not hold a slot forever. A target that runs out of time ends
	// as it does when its context ends, with an error that matches
	// context.DeadlineExceeded. Default: no limit other than the context.
	TargetFor time.Duration

	// MaxFailures is how many targets in a row may fail on a server before
	// [Router.QuarantineAll], [Router.FindAll] and [Router.RestoreAll] stop trying there:
	// the others are yielded with an error that matches [ErrNotBegun]. Problems with the
	// target itself, such as a mailbox that does not exist, do not count. Each call starts
	// counting again. Default: all are tried.
	MaxFailures int

	// Window is how many targets [Router.QuarantineAll] and [Router.FindAll] may have read
	// but not finished at a time. Within the window, the targets of one mailbox are worked
	// on together, and a mailbox that has to wait does not hold up others; a list that is
	// not ordered by mailbox benefits from a larger window. Each target takes about a
	// kilobyte and a goroutine. Default: 32 for each slot, which makes 256 for one server;
	// with Repeats, 4 for each, so that little is taken out of a queue before its time.
	Window int

	// Repeats makes a call work again on a target that has come before in the same call.
	// Set it for a sequence that goes on for days, such as a [Feed] of alerts, in which
	// the same target may be asked for again on purpose. Leave it unset for a list, in
	// which a repeat is an oversight and each target should have one result. Default:
	// each target is worked on once.
	Repeats bool

	// AskAtOnce is how many services are asked about one mailbox at a time, and
	// AskFor how long each has to answer before it counts as not answering.
	// Default: 4 and 30 seconds.
	AskAtOnce int
	AskFor    time.Duration

	// Remember is for how many mailboxes the router remembers where they are, and
	// RememberFor how long it does so before it asks again. Default: 65,536 and one hour.
	Remember    int
	RememberFor time.Duration

	// Logger logs, at level Info, when a mailbox has moved. Default: discard.
	Logger *slog.Logger
}

// route is a service and the limits on its work.
type route struct {
	service *Service
	slots   chan struct{} // held by targets in progress

	mu          sync.Mutex
	silentUntil time.Time // until then it is asked last, because it did not answer
}

func (rt *route) name() string { return rt.service.name }

func (o *RouterOptions) withDefaults() (RouterOptions, error) {
	var d RouterOptions
	if o != nil {
		d = *o
	}
	if d.PerServer < 0 || d.TargetFor < 0 || d.MaxFailures < 0 || d.Window < 0 || d.AskAtOnce < 0 || d.AskFor < 0 || d.Remember < 0 || d.RememberFor < 0 {
		return d, driver.Invalid("router options", "PerServer, TargetFor, MaxFailures, Window, AskAtOnce, AskFor, Remember or RememberFor", "is negative; leave it out for the default")
	}
	if d.PerServer == 0 {
		d.PerServer = usualAtOnce
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

// usualWindow is the default of Window in [RouterOptions], for each slot.
const usualWindow = 32

// NewRouter returns a Router for services made by [New]. It does no I/O. The error
// joins an [*InvalidError] for each name that is missing or given twice, and for
// each domain or mailbox that is malformed or claimed twice.
func NewRouter(routes []Route, opts *RouterOptions) (*Router, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(routes) == 0 {
		return nil, driver.Invalid("router", "", "has no service; give at least one")
	}
	if o.Window == 0 {
		o.Window = usualWindow * o.PerServer * len(routes)
		if o.Repeats {
			o.Window = aheadOfSlots * o.PerServer * len(routes)
		}
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

// Servers returns the names of the services in the order in which they were
// given.
func (r *Router) Servers() []string {
	names := make([]string, len(r.routes))
	for i, rt := range r.routes {
		names[i] = rt.name()
	}
	return names
}

// Service returns the service with a name, as in receipts but ignoring case, or
// nil if there is no such service.
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
