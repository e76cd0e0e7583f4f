package ewsmail

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Times of a connection.
const (
	// streamTime is how long it stays open before the server closes it. Servers allow 30
	// minutes, which is also the most that intermediate devices, and subscriptions
	// without a connection, last.
	streamTime = 25 * time.Minute
	// opening is how long it may take to open. An intermediary may hold back a response
	// that stays open, and until it opens, the connection takes the place of another
	// call.
	opening = 30 * time.Second
	// lasting is how long it must last to be of any use.
	lasting = time.Minute
	// gathering is how long to wait for more mailboxes before it is opened.
	gathering = time.Second
	// reopening is the pause after a break.
	reopening = time.Second
)

// connection is a connection of GetStreamingEvents for the subscriptions of some
// mailboxes. It is opened again when the server closes it, when it breaks, and when
// mailboxes are added; the subscriptions outlast that.
type connection struct {
	bells    *bells
	group    string
	alone    bool // it serves a single mailbox
	anchor   string
	affinity *ews.Affinity
	cancel   context.CancelFunc
	members  int // mailboxes that share it; guarded by bells.mu

	news  chan struct{} // has a value if listeners were added
	ended chan struct{} // closed at the end of run

	mu        sync.Mutex
	listeners []*listener
	over      error // why it no longer serves anyone
}

// listener is one subscription.
type listener struct {
	id     string
	client *ews.Client
	folder driver.Folder
	ring   func()
	failed chan error // receives why it is no longer served
}

// add adds a listener to the connection.
func (c *connection) add(l *listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over != nil {
		l.failed <- c.over
		return
	}
	c.listeners = append(c.listeners, l)
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// remove removes a listener.
func (c *connection) remove(l *listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = slices.DeleteFunc(c.listeners, func(other *listener) bool { return other == l })
}

// lose drops listeners and tells them why.
func (c *connection) lose(ids []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(ids) < len(c.listeners) || len(c.listeners) == 1 {
		err = &ownError{err} // not the restart of a server
	}
	c.listeners = slices.DeleteFunc(c.listeners, func(l *listener) bool {
		lost := slices.Contains(ids, l.id)
		if lost {
			l.failed <- err
		}
		return lost
	})
}

// end tells all listeners that the connection has ended.
func (c *connection) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alone {
		err = &ownError{err}
	}
	c.over = err
	for _, l := range c.listeners {
		l.failed <- err
	}
	c.listeners = nil
}

// served returns the current listeners.
func (c *connection) served() []*listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.listeners)
}

// errMore ends a connection because more mailboxes are waiting to share it.
var errMore = errors.New("more mailboxes share the connection")

// run keeps the connection open while it has listeners, until ctx ends or it does not last.
func (c *connection) run(ctx context.Context) {
	defer close(c.ended)
	for breaks := 0; ; {
		if !c.gather(ctx) {
			return
		}
		all := c.served()
		if len(all) == 0 {
			continue
		}
		opened, err := c.serve(ctx, all)
		lasted := !opened.IsZero() && time.Since(opened) >= lasting
		if lasted || err == nil {
			c.bells.lasted(c, true)
			breaks = 0
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil || errors.Is(err, errMore):
			c.again()
			continue
		case lasted: // it broke, as connections do
		case opened.IsZero() && len(c.served()) < len(all):
			c.again()
			continue // it failed because of the listeners that it has lost
		default:
			if breaks++; breaks >= maxFails || opened.IsZero() {
				c.bells.lasted(c, false)
				c.end(err)
				return
			}
		}
		c.again()
		pause(ctx, reopening)
	}
}

// again lets the connection be opened although no listener was added.
func (c *connection) again() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// gather waits for a listener, and for others that are added at about the same time.
func (c *connection) gather(ctx context.Context) bool {
	select {
	case <-c.news:
	case <-ctx.Done():
		return false
	}
	if !pause(ctx, gathering) {
		return false
	}
	select {
	case <-c.news:
	default:
	}
	return true
}

// serve opens the connection for listeners and rings for new events until it ends. It
// returns the time at which it opened. The error is nil if the server closed it on
// schedule.
func (c *connection) serve(ctx context.Context, all []*listener) (opened time.Time, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(opening, func() { cancel(errLate) })
	defer late.Stop()
	watching := make(chan struct{})
	defer func() { cancel(nil); <-watching }()
	open := make(chan struct{})
	go func() {
		defer close(watching)
		c.interrupt(ctx, open, cancel)
	}()
	byID := make(map[string]*listener, len(all))
	ids := make([]string, 0, len(all))
	for _, l := range all {
		byID[l.id] = l
		ids = append(ids, l.id)
	}
	for got, err := range all[0].client.GetStreamingEvents(ctx, ews.StreamingEventsRequest{Subscriptions: ids, Timeout: streamTime}) {
		c.lose(got.Failed, got.Err)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return opened, err
		}
		if opened.IsZero() {
			late.Stop()
			opened = time.Now()
			close(open)
		}
		if len(got.Notifications) == 0 && len(got.Failed) == 0 { // just opened: something may have come before
			for _, l := range all {
				l.ring()
			}
		}
		for _, n := range got.Notifications {
			if l := byID[n.Subscription]; l != nil && comes(n.Events, l.folder) {
				l.ring()
			}
		}
	}
	return opened, nil
}

// interrupt ends an open connection when a listener is added.
func (c *connection) interrupt(ctx context.Context, open <-chan struct{}, cancel context.CancelCauseFunc) {
	select {
	case <-open:
	case <-ctx.Done():
		return
	}
	select {
	case <-c.news:
		c.again() // for gather
		cancel(errMore)
	case <-ctx.Done():
	}
}

// errLate reports a connection that does not open.
var errLate = errors.New("a connection for notifications did not open within 30 seconds: something on the way may hold it back")

// pause waits, and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
