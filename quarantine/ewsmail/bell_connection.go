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
	// streamTime is after how long the server closes it. Servers allow 30 minutes, which is
	// also how long devices on the way, and subscriptions without a connection, last at most.
	streamTime = 25 * time.Minute
	// opening is how long it may take to open. Something on the way may hold back what
	// stays open, and until it is open, it takes the place of another call.
	opening = 30 * time.Second
	// lasting is how long it lasts if it is of any use.
	lasting = time.Minute
	// gathering is how long more mailboxes are waited for before it is opened for them.
	gathering = time.Second
	// reopening is how long is waited after a break.
	reopening = time.Second
)

// connection is a connection of GetStreamingEvents for the subscriptions of some mailboxes.
// It is opened anew when the server closes it, when it breaks, and when mailboxes come; the
// subscriptions outlast that.
type connection struct {
	bells    *bells
	group    string
	alone    bool // it is one mailbox's
	anchor   string
	affinity *ews.Affinity
	cancel   context.CancelFunc
	members  int // mailboxes that share it; guarded by bells.mu

	news  chan struct{} // has a value if listeners have come
	ended chan struct{} // closed at the end of run

	mu        sync.Mutex
	listeners []*listener
	over      error // why it serves nobody any more
}

// listener is one subscription.
type listener struct {
	id     string
	client *ews.Client
	folder driver.Folder
	ring   func()
	failed chan error // why it is not served any more
}

// add lets a connection serve a listener.
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

// remove lets it go.
func (c *connection) remove(l *listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = slices.DeleteFunc(c.listeners, func(other *listener) bool { return other == l })
}

// lose tells listeners that they are not served any more.
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

// end tells all that there is no connection.
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

// served returns the listeners there are.
func (c *connection) served() []*listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.listeners)
}

// errMore ends a connection because it is to serve more mailboxes.
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
			continue // because of those that it has lost
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

// again lets the connection be opened without anybody coming.
func (c *connection) again() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// gather waits until somebody comes, and for those who come at about the same time.
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

// serve opens the connection for listeners and rings for what comes, until it ends. It
// returns when it was opened. The error is nil if the server closed it in time.
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
		if len(got.Notifications) == 0 && len(got.Failed) == 0 { // it is open: who knows what came before
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

// interrupt ends an open connection when somebody comes.
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

// pause waits, and reports whether ctx goes on.
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
