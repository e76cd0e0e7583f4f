package graph

import (
	"context"
	"errors"
	"iter"
	"net/http"
)

// page is one page of a list.
type page[T any] struct {
	Value []T    `json:"value"`
	Next  string `json:"@odata.nextLink"`
}

// maxPages bounds the pages of one list.
const maxPages = 10_000

// errPages is the error of a list whose pages do not end.
var errPages = errors.New("its pages lead in a circle, or do not end")

// pages reads a list page by page. A page may be short or empty although others follow;
// the last is the one without a link. An error is the last.
func pages[T any](ctx context.Context, c *Client, k call) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var first page[T]
		if err := c.document(ctx, k, &first); err != nil {
			yield(nil, err)
			return
		}
		continued(ctx, c, k, first)(yield)
	}
}

// continued is pages for a list whose first page has been read.
func continued[T any](ctx context.Context, c *Client, k call, at page[T]) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		seen := make(map[string]bool)
		for {
			if !yield(at.Value, nil) || at.Next == "" {
				return
			}
			if seen[at.Next] || len(seen) >= maxPages {
				yield(nil, &Error{Operation: k.op, Status: http.StatusOK, Err: errPages, read: true})
				return
			}
			seen[at.Next] = true
			next, err := c.follow(k, at.Next)
			if err == nil {
				at = page[T]{}
				err = c.document(ctx, next, &at)
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}
