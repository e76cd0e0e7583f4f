package graphmail

import (
	"context"
	"errors"
	"maps"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// maxFollowed is how often a message that is being made is looked for after it was moved.
const maxFollowed = 5

// follow does something to the message that was made. A rule, a policy or a person may move
// that message while it is not complete, which gives it another id. Nothing is then done
// under the old one, so follow looks for the message by its stamp, and does it again. The
// error matches [graph.ErrGone] if the message, or something else that do needs, is gone.
func (b *rebuilding) follow(ctx context.Context, do func(id string) error) error {
	for followed := 0; ; followed++ {
		err := do(b.copied)
		if !errors.Is(err, graph.ErrGone) || followed == maxFollowed || b.first == nil {
			return err
		}
		id, found := b.movedTo(ctx)
		if !found {
			return err
		}
		b.copied = id
	}
}

// movedTo looks for the message that was made. It returns false if the message was not
// moved, or is not found.
func (b *rebuilding) movedTo(ctx context.Context) (id string, found bool) {
	if err := made(ctx, b.target, b.copied, *b.first); !errors.Is(err, graph.ErrGone) {
		return "", false
	}
	now, err := b.to.find(ctx, driver.Query{Operation: b.first.Operation})
	if err != nil {
		return "", false
	}
	want := b.first.Values()
	for _, it := range now.Items {
		if it.Stamp == nil || it.ID == b.copied || !maps.Equal(it.Stamp.Values(), want) {
			continue
		}
		if found {
			return "", false // somebody has copied it
		}
		id, found = it.ID, true
	}
	return id, found
}
