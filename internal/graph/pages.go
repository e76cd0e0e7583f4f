package graph

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// page is one page of a list.
type page[T entry] struct {
	Value []T
	Next  string
	size  int // of its text
}

// entry is an element of a list.
type entry interface{ entryID() string }

func (m Message) entryID() string    { return m.ID }
func (f Folder) entryID() string     { return f.ID }
func (a Attachment) entryID() string { return a.ID }
func (e Entry) entryID() string      { return e.ID }

// errNoEntries is the error of an answer that is not a list. An answer without a list, or
// with something in it that cannot be read, does not show that there is nothing else.
var errNoEntries = errors.New("the answer is no list, or not the whole of one")

// UnmarshalJSON reads a page. A page has a list, if only an empty one, whose entries have
// ids, and no error.
func (p *page[T]) UnmarshalJSON(text []byte) error {
	var got struct {
		Value *[]T            `json:"value"`
		Next  string          `json:"@odata.nextLink"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		return err
	}
	if got.Value == nil || present(got.Error) {
		return errNoEntries
	}
	for _, e := range *got.Value {
		if e.entryID() == "" {
			return errNoEntries
		}
	}
	p.Value, p.Next, p.size = *got.Value, got.Next, len(text)
	return nil
}

// present reports whether there is a value.
func present(value json.RawMessage) bool { return len(value) > 0 && string(value) != "null" }

// pages reads a list page by page. A page may be short or empty although others follow;
// the last page is the one without a link: see beyond. An error ends the list.
func pages[T entry](ctx context.Context, c *Client, k call) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var first page[T]
		if err := c.document(ctx, k, &first); err != nil {
			yield(nil, err)
			return
		}
		continued(ctx, c, k, first)(yield)
	}
}

// beyond returns a read of what follows a page without a link, and false if nothing can.
// Graph has been seen to leave out the link although there was more. A page that is as
// long as requested may be such a page; a shorter one is taken to be the last.
func beyond(k call, rows, before int) (call, bool) {
	if !strings.HasPrefix(k.route.path, "/users/") {
		return k, false // $skip is not documented there
	}
	for _, p := range k.params {
		if top, err := strconv.Atoi(p.Value); p.Name == "$top" && err == nil && rows >= top {
			k.params = append(slices.Clip(k.params), Param{"$skip", strconv.Itoa(before)})
			return k, true
		}
	}
	return k, false
}

// continued is pages for a list whose first page has already been read.
func continued[T entry](ctx context.Context, c *Client, k call, at page[T]) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		check := newPageCheck[T]()
		for {
			if err := check.page(at); err != nil {
				yield(nil, &Error{Operation: k.op, Status: http.StatusOK, Err: err, read: true, final: true})
				return
			}
			if !yield(at.Value, nil) {
				return
			}
			next, unlinked := beyond(k, len(at.Value), check.count)
			var err error
			switch {
			case at.Next != "":
				next, err = c.follow(k, at.Next)
			case !unlinked || check.repeats(at):
				return
			}
			if err == nil {
				at = page[T]{}
				err = c.document(ctx, next, &at)
			}
			if e, refused := errors.AsType[*Error](err); refused && next.link == nil && e.Status == http.StatusBadRequest {
				return // it was an attempt
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}
