package gather

import (
	"context"
	"errors"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// batch is a set of calls that go together. Its mutable fields are guarded by the lock of
// the lanes.
type batch[A, V any] struct {
	members   []*member[A, V]
	sent      bool                    // one of its requests may be on its way
	takenBack bool                    // a caller has left before a request was sent
	cancel    context.CancelCauseFunc // nil: nothing is under way
}

// send carries out a batch until each member has its reply. It starts again without the
// callers that leave before the request is sent.
func (l *lanes[A, V]) send(ctx context.Context, ln *lane[A, V], b *batch[A, V], all func(context.Context, []A) []driver.Reply[V]) {
	defer l.leave(ln)
	defer l.abandon(b)
	for {
		sending, args, done := l.board(ctx, b)
		if len(args) == 0 {
			done()
			return
		}
		began := time.Now()
		replies, panicked := guarded(sending, args, all)
		done()
		l.settle(b, replies, panicked, time.Since(began))
	}
}

// board prepares the next request of a batch, without the callers that have left.
func (l *lanes[A, V]) board(ctx context.Context, b *batch[A, V]) (sending context.Context, args []A, done func()) {
	sending, cancel := context.WithCancelCause(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	var staying []*member[A, V]
	for _, m := range b.members {
		switch {
		case m.finished:
		case m.left || m.ended() != nil:
			m.finish(driver.Reply[V]{Err: driver.ErrAlone})
		default:
			staying = append(staying, m)
		}
	}
	b.members, b.sent, b.takenBack, b.cancel = staying, false, false, cancel
	meters := make([]*driver.Meter, len(staying))
	turn := int(l.turns.Add(1) % uint64(max(1, len(staying))))
	for i, m := range staying {
		args = append(args, m.arg)
		meters[(i+turn)%len(staying)] = m.meter
	}
	sending = driver.Shared(sending, meters...)
	if l.writes {
		sending = driver.AskSending(sending, func() error { return l.admit(b) })
	}
	return sending, args, func() { cancel(nil) }
}

// admit reports whether a request of a batch may be sent: no caller has left it, nor is about
// to leave because its context has ended.
func (l *lanes[A, V]) admit(b *batch[A, V]) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range b.members {
		if m.left || m.ended() != nil {
			b.takenBack = true
			return errTakenBack
		}
	}
	b.sent = true
	return nil
}

// settle gives each member its reply. If the batch was taken back, the remaining members
// stay for the next request, and callers that have left ask the driver what the end of
// their context means.
func (l *lanes[A, V]) settle(b *batch[A, V], replies []driver.Reply[V], panicked any, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.cancel = nil
	if !l.options.Always && panicked == nil {
		l.convoys.form(b.together(replies), took)
	}
	for i, m := range b.members {
		m.panicked = panicked
		reply := driver.Reply[V]{Err: errSilent}
		if i < len(replies) {
			reply = replies[i]
		}
		switch {
		case panicked != nil || !b.unsent(reply.Err):
			m.finish(reply)
		case m.left:
			m.finish(driver.Reply[V]{Err: driver.ErrAlone})
		}
	}
}

// unsent reports whether an error means that nothing was sent because the batch was taken
// back.
func (b *batch[A, V]) unsent(err error) bool {
	ended := errors.Is(err, errTakenBack) || errors.Is(err, context.Canceled)
	return b.takenBack && ended && driver.Untouched(err)
}

// together returns the tasks of the calls that return from a request together.
func (b *batch[A, V]) together(replies []driver.Reply[V]) (tasks []*driver.Task) {
	for i, m := range b.members {
		if m.task != nil && !m.left && i < len(replies) && !errors.Is(replies[i].Err, driver.ErrAlone) && !b.unsent(replies[i].Err) {
			tasks = append(tasks, m.task)
		}
	}
	return tasks
}

// abandon ends the calls of a batch that have no reply because the driver has ended its
// goroutine, as a failing test does.
func (l *lanes[A, V]) abandon(b *batch[A, V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range b.members {
		if !m.finished {
			m.panicked = "gather: the driver has ended the goroutine of a batch"
			m.finish(driver.Reply[V]{})
		}
	}
}

// errSilent is the error of a member for which the driver returned no reply.
var errSilent = &driver.Error{Err: errors.New("the driver did not say what has become of a member of a batch")}

// finish gives a member its reply. The lanes must be locked.
func (m *member[A, V]) finish(r driver.Reply[V]) {
	if !m.finished {
		m.reply, m.finished = r, true
		close(m.done)
	}
}

// guarded calls the driver and returns the value of a panic.
func guarded[A, V any](ctx context.Context, args []A, all func(context.Context, []A) []driver.Reply[V]) (replies []driver.Reply[V], panicked any) {
	defer func() {
		if v := recover(); v != nil {
			panicked = driver.NewPanic(v)
		}
	}()
	return all(ctx, args), nil
}
