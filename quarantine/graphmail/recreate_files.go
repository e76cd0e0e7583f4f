package graphmail

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// complete adds the files that did not fit into the first request, and gives the message the
// stamp of a copy.
func (b *rebuilding) complete(ctx context.Context, id string) error {
	for _, f := range b.later {
		if err := b.add(ctx, id, f); err != nil {
			return fmt.Errorf("adding an attachment: %w", err)
		}
	}
	if b.c.Item.Stamp == nil {
		return nil
	}
	stamp := *b.c.Item.Stamp
	stamp.Rebuilt = true
	b.stamping = true
	_, err := b.target.Update(ctx, id, "", map[string]any{"singleValueExtendedProperties": stampValues(stamp)})
	if err != nil {
		err = fmt.Errorf("marking the copy: %w", err)
	}
	return err
}

// add adds one file. A large one is read twice: Graph wants to know its length before, and
// tells only about how long it is.
func (b *rebuilding) add(ctx context.Context, id string, f graph.Attachment) error {
	content, whole, err := b.file(ctx, f, graph.MaxAttachment)
	if err != nil {
		return err
	}
	if whole {
		return b.target.Attach(ctx, id, f, content)
	}
	size, err := b.length(ctx, f)
	if err != nil {
		return err
	}
	ctx, done, err := b.from.s.reserve(ctx, b.from, b.to)
	if err != nil {
		return err
	}
	defer done()
	in, err := b.source.Content(ctx, b.c.Item.ID, f.ID)
	if err != nil {
		return err
	}
	defer in.Close()
	return b.target.Upload(ctx, id, f, size, in)
}

// length reads a file to its end.
func (b *rebuilding) length(ctx context.Context, f graph.Attachment) (int64, error) {
	in, err := b.source.Content(ctx, b.c.Item.ID, f.ID)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	return io.Copy(io.Discard, in)
}

// incomplete puts a message aside that could not be completed, and returns the error. It is no
// copy, unless the last request has taken effect all the same.
func (b *rebuilding) incomplete(ctx context.Context, made graph.Message, err error) error {
	e := *translate(err).(*driver.Error)
	done := b.stamping && !e.Untouched
	where := b.c.Folder.Path
	if !done {
		e.Untouched, e.Answered = true, true
		if ctx.Err() == nil {
			if _, moved := b.target.Move(ctx, made.ID, deletedItems); moved == nil {
				where = "Deleted Items"
			}
		}
	}
	// Neither the item nor the folder is gone if something of the new message is.
	e.Err = errors.New("an incomplete copy was made, which is marked as one that nobody needs, in " + where + " of " + b.to.address + ": " + err.Error())
	return &e
}

// stampValues returns the properties of a stamp.
func stampValues(stamp driver.Stamp) (all []graph.PropertyValue) {
	values := stamp.Values()
	for _, name := range driver.StampNames() {
		all = append(all, stampField(name).With(values[name]))
	}
	return all
}
