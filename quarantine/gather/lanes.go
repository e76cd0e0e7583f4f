package gather

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// lanes hold the calls of one kind: calls that may go together share a lane. A lane
// exists while a call in it is under way.
type lanes[A, V any] struct {
	options Options
	crowds  *crowds
	convoys *convoys
	writes  bool
	large   bool          // calls may carry large content: several are under way also in a mailbox with its own tasks
	lost    func(V) V     // reduces a value to what is known of a call whose outcome is not; nil: nothing
	turns   atomic.Uint64 // decides whose turn it is to pay for the first request of a batch

	mu  sync.Mutex
	all map[laneKey]*lane[A, V]
}

func newLanes[A, V any](o Options, c *crowds, cs *convoys, writes bool) *lanes[A, V] {
	return &lanes[A, V]{options: o, crowds: c, convoys: cs, writes: writes, all: make(map[laneKey]*lane[A, V])}
}

// laneKey is a mailbox, plus what calls there must have in common to go together.
type laneKey struct{ mailbox, place string }

// lane is a queue of calls that may go together. Its fields are guarded by the lock of
// the lanes.
type lane[A, V any] struct {
	key      laneKey
	inFlight int
	waiting  list.List // of *member, in order of arrival
	home     bool      // the mailbox is that of a task whose call is in the lane
}

// member is a call that is waiting or is in a batch. Its mutable fields are guarded by
// the lock of the lanes.
type member[A, V any] struct {
	arg   A
	ended func() error // why its context has ended; nil: it has not
	task  *driver.Task // nil: not known
	meter *driver.Meter
	turn  chan struct{} // closed when it must lead its batch
	done  chan struct{} // closed when the reply is available

	place    *list.Element // in waiting
	held     bool          // waits for the rest of its convoy
	batch    *batch[A, V]  // nil while it waits
	led      bool          // turn is closed
	left     bool          // its context has ended
	finished bool          // done is closed
	reply    driver.Reply[V]
	panicked any
}

// call makes a call: immediately, or together with others when one of the calls under way
// returns.
func (l *lanes[A, V]) call(ctx context.Context, key laneKey, arg A, one func(context.Context, A) (V, error), all func(context.Context, []A) []driver.Reply[V]) (V, error) {
	if ctx.Err() != nil {
		return one(ctx, arg) // the driver decides what that means
	}
	m := &member[A, V]{arg: arg, ended: ctx.Err, task: driver.TaskOf(ctx), meter: driver.MeterOf(ctx)}
	ln := l.enter(key, m)
	if m.turn == nil {
		defer l.leave(ln)
		return one(ctx, arg)
	}
	for leads := m.turn; ; {
		select {
		case <-m.done:
			return m.outcome(ctx, one)
		case <-leads:
			leads = nil
			if len(m.batch.members) == 1 && !l.options.Always {
				defer l.leave(ln)
				return one(ctx, arg)
			}
			go l.send(context.WithoutCancel(ctx), ln, m.batch, all)
		case <-ctx.Done():
			switch l.depart(ln, m, leads != nil) {
			case mustLead:
				l.depart(ln, m, false)
				go l.send(context.WithoutCancel(ctx), ln, m.batch, all)
				<-m.done
				return m.outcome(ctx, one)
			case neverSent:
				return one(ctx, arg)
			case unsentYet:
				<-m.done
				return m.outcome(ctx, one)
			}
			var value V
			if l.lost != nil {
				// Nothing is sent for a context that has ended.
				value, _ = one(ctx, arg)
				value = l.lost(value)
			}
			return value, &driver.Error{Err: errLeft{context.Cause(ctx)}}
		}
	}
}

// outcome returns the result of a member.
func (m *member[A, V]) outcome(ctx context.Context, one func(context.Context, A) (V, error)) (V, error) {
	if m.panicked != nil {
		panic(m.panicked)
	}
	if errors.Is(m.reply.Err, driver.ErrAlone) {
		return one(ctx, m.arg)
	}
	return m.reply.Value, m.reply.Err
}

// enter lets a call go or makes it wait. It has to wait if it has a channel for its turn.
func (l *lanes[A, V]) enter(key laneKey, m *member[A, V]) *lane[A, V] {
	c := l.convoys.left(m.task)
	if c != nil {
		defer c.made()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.all[key]
	if ln == nil {
		ln = &lane[A, V]{key: key}
		l.all[key] = ln
	}
	ln.home = ln.home || m.task != nil && m.task.Mailbox() == key.mailbox
	m.held = c != nil && c.hold(func() { l.letGo(ln, m) })
	if !m.held && ln.inFlight < l.width(ln) && ln.waiting.Len() == 0 && !l.options.Always {
		ln.inFlight++
		return ln
	}
	m.turn, m.done = make(chan struct{}), make(chan struct{})
	m.place = ln.waiting.PushBack(m)
	l.proceed(ln)
	return ln
}

// leave ends a call or batch that was under way, and lets waiting calls go.
func (l *lanes[A, V]) leave(ln *lane[A, V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln.inFlight--
	l.proceed(ln)
	l.tidy(ln)
}

// letGo lets a call go, and others with it, when its convoy no longer holds it.
func (l *lanes[A, V]) letGo(ln *lane[A, V], m *member[A, V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m.held = false
	l.proceed(ln)
}

// tidy forgets a lane without calls. The lanes must be locked.
func (l *lanes[A, V]) tidy(ln *lane[A, V]) {
	if ln.inFlight == 0 && ln.waiting.Len() == 0 {
		delete(l.all, ln.key)
	}
}

// proceed makes batches of the waiting calls, as far as they may go. Only the first of them
// can hold up the others; otherwise convoys that overlap would hold them up for as long as
// there are any. The lanes must be locked.
func (l *lanes[A, V]) proceed(ln *lane[A, V]) {
	for ln.ready() && ln.inFlight < l.width(ln) {
		n := min(ln.waiting.Len(), l.options.Most)
		l.crowds.went(ln.key.mailbox, n)
		b := &batch[A, V]{members: make([]*member[A, V], n)}
		for i := range b.members {
			m := ln.waiting.Remove(ln.waiting.Front()).(*member[A, V])
			m.batch = b
			b.members[i] = m
		}
		ln.inFlight++
		b.members[0].led = true
		close(b.members[0].turn)
	}
}

// ready reports whether calls wait of which the first need not wait for its convoy.
func (ln *lane[A, V]) ready() bool {
	first := ln.waiting.Front()
	return first != nil && !first.Value.(*member[A, V]).held
}

// width is how many calls or batches may be under way in a lane.
func (l *lanes[A, V]) width(ln *lane[A, V]) int {
	if ln.home && !l.large || ln.inFlight > 0 && l.crowds.crowded(ln.key.mailbox) {
		return 1
	}
	return l.options.InFlight
}

// departure describes how a call whose context has ended can end.
type departure int

const (
	onItsWay  departure = iota // its request continues for others, or only reads
	neverSent                  // it was waiting for its turn
	unsentYet                  // its batch is being taken back
	mustLead                   // its batch waits for it
)

// depart takes out a call whose context has ended. The argument leads means that the call
// has not yet checked whether it must lead its batch.
func (l *lanes[A, V]) depart(ln *lane[A, V], m *member[A, V], leads bool) departure {
	l.mu.Lock()
	cancel, how := l.departing(ln, m, leads)
	l.mu.Unlock()
	if cancel != nil {
		cancel(errTakenBack)
	}
	return how
}

func (l *lanes[A, V]) departing(ln *lane[A, V], m *member[A, V], leads bool) (cancel context.CancelCauseFunc, how departure) {
	b := m.batch
	switch {
	case b == nil:
		ln.waiting.Remove(m.place)
		l.proceed(ln) // it may have been held, in front of others
		l.tidy(ln)
		return nil, neverSent
	case leads && m.led:
		return nil, mustLead
	case m.finished:
		return nil, unsentYet // done is closed: the reply is available
	}
	m.left = true
	if l.writes && !b.sent {
		b.takenBack = true
		return b.cancel, unsentYet
	}
	for _, other := range b.members {
		if !other.left && !other.finished {
			return nil, onItsWay
		}
	}
	return b.cancel, onItsWay
}

// errLeft is the error of a call whose context ended while its request was on its way.
type errLeft struct{ cause error }

func (e errLeft) Error() string {
	return "given up while its request was on its way: " + e.cause.Error()
}

// Unwrap returns why the context ended.
func (e errLeft) Unwrap() error { return e.cause }

// errTakenBack is the reason why a batch was not sent or was given up.
var errTakenBack = errors.New("a call with which it shared its request was given up")
