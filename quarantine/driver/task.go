package driver

import (
	"context"
	"strings"
)

// Task is the work on one message or one target: a sequence of calls, each made after the
// one before has returned. A decorator that lets calls share requests can tell from it
// which calls will be followed by others.
type Task struct{ mailbox string }

// WithTask returns a context for the work on one message or one target of a mailbox. The
// engine calls it; drivers need not care.
func WithTask(ctx context.Context, mailbox string) context.Context {
	return context.WithValue(ctx, taskKey{}, &Task{strings.ToLower(mailbox)})
}

// TaskOf returns the task that a call with a context is part of, or nil if the context has
// none.
func TaskOf(ctx context.Context) *Task {
	t, _ := ctx.Value(taskKey{}).(*Task)
	return t
}

// Mailbox is the address, in lower case, of the mailbox that the message was in before it
// was quarantined.
func (t *Task) Mailbox() string { return t.mailbox }

type taskKey struct{}
