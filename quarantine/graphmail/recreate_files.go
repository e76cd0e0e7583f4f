package graphmail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Limits of a request to Graph, which accepts 4 MB, and of what it contains besides
// fields and contents.
const (
	maxRequest   = 4_000_000
	requestSlack = 64 << 10
)

// attachments begins the request that makes the message, with the files that fit into it
// alongside some fields, and notes the files that follow it.
func (b *rebuilding) attachments(ctx context.Context, fields map[string]any) error {
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	room := maxRequest - requestSlack - len(text)
	if room < 0 {
		return unfit("its text is longer than Graph takes in one request (%d bytes)", len(text))
	}
	for some, err := range b.source.Files(ctx, b.c.Item.ID) {
		if err != nil {
			return err
		}
		for i, f := range some {
			if !f.IsFile() {
				return unfit("it has an attachment that is not a file (%s)", strings.TrimPrefix(f.Type, "#microsoft.graph."))
			}
			left := room - len(b.request)
			most := min(int64(left-f.JSONRoom(0))/4*3, graph.MaxAttachment)
			if len(b.later) > 0 || f.Size > most || most <= 0 {
				b.later = append(b.later, f)
				continue
			}
			began := b.request
			if began == nil {
				began = append(make([]byte, 0, min(all(some[i:])+len(text)+requestSlack, maxRequest)), `{"attachments":[`...)
			} else {
				began = append(began, ',')
			}
			longer, whole, err := b.file(ctx, f, began, most)
			if err != nil {
				return err
			}
			if !whole {
				b.later = append(b.later, f)
				continue
			}
			b.request = longer
		}
	}
	return nil
}

// all returns how much room the files take.
func all(files []graph.Attachment) (room int) {
	for _, f := range files {
		if room += f.JSONRoom(min(max(f.Size, 0), maxRequest)); room > maxRequest {
			return maxRequest
		}
	}
	return room
}

// file reads a file of at most the given size, appends it to a text, and reports whether
// it was read completely.
func (b *rebuilding) file(ctx context.Context, f graph.Attachment, text []byte, most int64) ([]byte, bool, error) {
	in, err := b.source.Content(ctx, b.c.Item.ID, f.ID)
	if err != nil {
		return nil, false, err
	}
	defer in.Close()
	return f.AppendJSON(text, in, most)
}

// complete adds the files that did not fit into the first request, and then gives the
// message the stamp of a copy.
func (b *rebuilding) complete(ctx context.Context) error {
	for _, f := range b.later {
		if err := b.follow(ctx, func(id string) error { return b.add(ctx, id, f) }); err != nil {
			return fmt.Errorf("adding an attachment: %w", err)
		}
	}
	if b.c.Item.Stamp == nil {
		return nil
	}
	stamp := *b.c.Item.Stamp
	stamp.Rebuilt = true
	b.stamping = true
	err := b.follow(ctx, func(id string) error {
		_, err := b.target.Update(ctx, id, "", map[string]any{"singleValueExtendedProperties": stampValues(stamp)})
		return err
	})
	if err != nil {
		err = fmt.Errorf("marking the copy: %w", err)
	}
	return err
}

// add adds one file. A large one is read twice: Graph requires its exact length in
// advance, but reports only an approximate one.
func (b *rebuilding) add(ctx context.Context, id string, f graph.Attachment) error {
	size := f.Size
	if size > graph.MaxAttachment+requestSlack {
		var err error
		if size, err = b.length(ctx, f); err != nil {
			return err
		}
	}
	if size <= graph.MaxAttachment+requestSlack {
		text, whole, err := b.file(ctx, f, make([]byte, 0, f.JSONRoom(min(max(size, 0), graph.MaxAttachment))), graph.MaxAttachment)
		if err != nil {
			return err
		}
		if whole {
			return b.target.Attach(ctx, id, text)
		}
		if size, err = b.length(ctx, f); err != nil {
			return err
		}
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

// length reads a file to its end to learn its length.
func (b *rebuilding) length(ctx context.Context, f graph.Attachment) (int64, error) {
	in, err := b.source.Content(ctx, b.c.Item.ID, f.ID)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	return io.Copy(io.Discard, in)
}

// incomplete puts aside a message that could not be completed, and returns the error. The
// message is not a copy, unless the last request has taken effect after all.
func (b *rebuilding) incomplete(ctx context.Context, err error) error {
	e := *translate(err).(*driver.Error)
	done := b.stamping && !e.Untouched
	where := b.c.Folder.Path
	if !done {
		e.Untouched, e.Answered = true, true
		if ctx.Err() == nil {
			aside := b.follow(ctx, func(id string) error {
				_, err := b.target.Move(ctx, id, deletedItems)
				return err
			})
			switch {
			case aside == nil:
				where = "Deleted Items"
			case errors.Is(aside, graph.ErrGone):
				where += " (somebody has moved or removed it since)"
			}
		}
	}
	// The error must not match ErrGone: neither the item nor the folder is gone if part
	// of the new message is.
	if done {
		e.Err = errors.New("a copy was made in " + where + " of " + b.to.address + ", and whether it was then marked as the copy is not known: " + err.Error())
	} else {
		e.Err = errors.New("an incomplete copy was made, which is marked as one that nobody needs, in " + where + " of " + b.to.address + ": " + err.Error())
	}
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
