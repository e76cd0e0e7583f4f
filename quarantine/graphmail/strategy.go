package graphmail

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// System is the name of the mail system: see [driver.Strategy]. Exchange Web Services use
// different ids.
const System = "graph"

// Graph's limits for each application and mailbox, for use with a [Limiter].
const (
	// Concurrent is how many requests may be in flight for a mailbox. Graph allows four,
	// but refuses requests of clients that use all of them.
	Concurrent = graph.Concurrent
	// DirectoryPayer is the payer of directory queries, whose limits apply to the whole
	// tenant.
	DirectoryPayer = graph.DirectoryPayer
)

// Limiter decides when a request may be sent. The payer is the address of a mailbox, or
// [DirectoryPayer]. [throttle.Limiter] is a Limiter. An implementation should also have a
// Reserve method like the one there: an export that is streamed into an import is two
// requests at the same time.
//
// [throttle.Limiter]: https://pkg.go.dev/github.com/ewsquarantine/ewsquarantine/throttle
type Limiter interface {
	// Acquire waits until a request charged to payer may be sent. The function release is
	// called once, after the answer has been read: throttled reports whether Graph asked
	// the payer to slow down, and backOff for how long (zero: unspecified).
	Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error)
}

// Budget limits what is sent to a mailbox over time.
type Budget interface {
	// Spend waits until payer may send one more request of about that many bytes, and
	// counts it.
	Spend(ctx context.Context, payer string, bytes int64) error
	// Add counts further bytes of a request whose length was not known in advance.
	Add(payer string, bytes int64)
}

// Options are the options of [New]. Nil or the zero value means the defaults.
type Options struct {
	// Root is the address of Graph, without a version. Default:
	// https://graph.microsoft.com. The sovereign clouds lack export and import.
	Root string

	// ImportTransport sends exported items to the host that Graph names for imports,
	// usually outlook.office365.com. It must not sign in: the address itself is a secret.
	// Default: an [http.Transport] with the settings of http.DefaultTransport.
	ImportTransport http.RoundTripper

	// Limiter limits the requests in flight. It should allow [Concurrent] for each
	// mailbox. Default: none.
	Limiter Limiter

	// Budget limits requests and bytes over time. Default: 9,600 requests in 10 minutes
	// and 150 MB in 5 minutes for each mailbox, a little less than Graph allows.
	Budget Budget

	// UserAgent is put before the driver's own User-Agent. Default: none.
	UserAgent string

	// Attempts is the maximum number of times that a read request is sent while Graph is
	// busy or the connection breaks. Default: 4.
	Attempts int

	// StallTimeout is how long a request may go without transferring a byte in either
	// direction. Default: 150 seconds.
	StallTimeout time.Duration

	// Ways are the ways to carry an item, in the order in which they are tried:
	// [driver.WayTransfer] and, if allowed, [driver.WayRecreate], which loses what the
	// package comment lists. Another way is tried only if Graph has permanently refused
	// one. They have no effect on [NewInPlace]. Default: WayTransfer alone.
	Ways []driver.Way

	// QuarantineMailbox is the address of the mailbox that is one end of each carriage.
	// All carriages wait for it, so if it is known, none of its requests in flight is
	// held while waiting for another mailbox. All strategies that share a Limiter must
	// have the same one. Default: unknown, and both ends are waited for together.
	QuarantineMailbox string

	// ScanRecoverableItems also searches what users have deleted and can recover. Items
	// found there are restored to Deleted Items. Graph may neither export nor remove them.
	ScanRecoverableItems bool

	// Hook is notified of each request. Default: none.
	Hook Hook

	// Wire receives each request and its answer as text, for troubleshooting: one write
	// for each request, when it has ended. Tokens, and the addresses and sessions of
	// imports, are redacted. The contents of messages are replaced by their length,
	// unless WireBodies is set. Addresses, subjects and search terms are shown. Default:
	// none.
	Wire       io.Writer
	WireBodies bool
}

// Strategy is the [driver.Strategy] for an application with rights to all mailboxes
// concerned. It may be used concurrently.
type Strategy struct {
	client      *graph.Client
	recoverable bool
	ways        []driver.Way // in the order in which they are tried
	vault       string       // payer of the quarantine mailbox, if known
	own         atomic.Bool  // export and import use ids of their own
	clearing    atomic.Int32 // how properties are removed, as far as is known

	mu        sync.Mutex
	mailboxes map[string]*mailbox
}

// New returns the strategy for a transport that signs in as the application and sends the
// requests to Graph. The transport must not follow redirects. New does no I/O.
func New(transport http.RoundTripper, opts *Options) (*Strategy, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	var budget graph.Budget = graph.NewWindows()
	if o.Budget != nil {
		budget = o.Budget
	}
	settings := graph.Options{
		Root: o.Root, Transport: transport, ImportTransport: o.ImportTransport, Budget: budget, UserAgent: o.UserAgent,
		Attempts: o.Attempts, Stall: o.StallTimeout, Wire: o.Wire, WireBodies: o.WireBodies,
	}
	watched(&settings, o.Hook)
	if o.Limiter != nil {
		settings.Limiter = o.Limiter
	}
	ways, err := waysOf(o.Ways)
	if err != nil {
		return nil, err
	}
	client, err := graph.New(settings)
	if err != nil {
		return nil, driver.Invalid("options", "", err.Error())
	}
	return &Strategy{client: client, ways: ways, recoverable: o.ScanRecoverableItems, vault: strings.ToLower(o.QuarantineMailbox), mailboxes: make(map[string]*mailbox)}, nil
}

// Name returns "graph".
func (s *Strategy) Name() string { return "graph" }

// System returns [System].
func (s *Strategy) System() string { return System }

// Mailbox returns access to a mailbox by its primary SMTP address.
func (s *Strategy) Mailbox(address string) driver.Mailbox { return s.mailbox(address) }

// Carry exports the item from one mailbox and imports it into the other, with its stamp
// and all other properties: [driver.WayTransfer]. If Graph refuses that, and Options.Ways
// allow it, Carry makes the message anew: [driver.WayRecreate].
func (s *Strategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	carried, err := s.carry(ctx, c)
	return carried, translate(err)
}

// maxMailboxes is how many mailboxes are remembered, with their folders.
const maxMailboxes = 4096

// mailbox returns the mailbox with an address; each call returns the same one, as long as
// it is remembered.
func (s *Strategy) mailbox(address string) *mailbox { return s.partOf(address, whole) }

// partOf returns a part of the mailbox with an address; each call returns the same one,
// as long as it is remembered.
func (s *Strategy) partOf(address string, p part) *mailbox {
	key := strings.ToLower(address) + string(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.mailboxes[key]
	if !ok {
		if len(s.mailboxes) >= maxMailboxes {
			s.forget()
		}
		m = &mailbox{s: s, address: address, part: p, reading: make(chan struct{}, 1)}
		s.mailboxes[key] = m
	}
	m.used = time.Now()
	return m
}

// forget drops the mailboxes that were last used in the older half of the period between
// the oldest and the newest use.
func (s *Strategy) forget() {
	var oldest, newest time.Time
	for _, m := range s.mailboxes {
		if oldest.IsZero() || m.used.Before(oldest) {
			oldest = m.used
		}
		if m.used.After(newest) {
			newest = m.used
		}
	}
	middle := oldest.Add(newest.Sub(oldest) / 2)
	for key, m := range s.mailboxes {
		if !m.used.After(middle) {
			delete(s.mailboxes, key)
		}
	}
}
