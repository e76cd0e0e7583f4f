package ewsmail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// maxSifted is how many items of a folder are read and filtered here if the server
// refuses the restriction of a search.
const maxSifted = 2000

// maxLost is how many items of a folder may be skipped because the page that contains
// them fails.
const maxLost = 3

// pageReader reads the pages of one folder. A server may fail every time on the page that
// contains a certain item, and work before and after it
// (https://github.com/ecederstrand/exchangelib/issues/354). That item is skipped and
// reported.
type pageReader struct {
	client  *ews.Client
	request ews.FindItemRequest
	page    ews.Result[ews.ItemPage]
	pages   int

	check  ews.PageCheck
	usual  int   // size of a page; 0: the default
	strict bool  // do not retry without a restriction that is refused
	size   int   // of the next page; 0: the usual one
	lost   []int // offsets of the skipped items
	reason error // why they are skipped
}

// each calls take for each page. It returns the error of a page only after it has taken
// the pages that could be read.
func (r *pageReader) each(ctx context.Context, take func([]ews.Item) error) error {
	if restrictionRefused(r.page.Err) && !r.strict {
		if err := r.unrestricted(ctx); err != nil {
			return err
		}
	}
	for {
		r.pages++
		offset := r.request.Offset
		switch {
		case r.page.Err != nil:
			if err := r.around(ctx); err != nil {
				return err
			}
		default:
			stalled := r.check.Items(offset, r.page.Value)
			if stalled != nil && r.page.Value.NextOffset > offset {
				return stalled // it repeats items of earlier pages
			}
			if err := take(r.page.Value.Items); err != nil {
				return err
			}
			if r.page.Value.Last {
				if n := r.page.Value.Total; r.pages == 1 && n > 0 && len(r.page.Value.Items) == 0 {
					return fmt.Errorf("the server counts %d matching items, but lists none", n)
				}
				return r.outcome()
			}
			// The first page may be one that the server did not get to.
			if first := r.pages == 1 && len(r.page.Value.Items) == 0 && r.page.Value.NextOffset == 0; stalled != nil && !first {
				return stalled
			}
			r.request.Offset = r.page.Value.NextOffset
			if r.size > 0 {
				r.size *= 2
			}
			if r.size > maxPage {
				r.size = 0
			}
		}
		if err := r.ask(ctx); err != nil {
			return err
		}
	}
}

// maxPage is the page size above which the usual size applies again.
const maxPage = 128

// ask asks for the next page.
func (r *pageReader) ask(ctx context.Context) error {
	r.request.PageSize = cmp.Or(r.size, r.usual)
	pages, err := r.client.FindItem(ctx, r.request)
	if err != nil {
		if !pageFails(err) {
			return err
		}
		r.page = ews.Result[ews.ItemPage]{Err: err}
		return nil
	}
	r.page = pages[0]
	return nil
}

// pageFails reports whether the error may be due to an item in the page.
func pageFails(err error) bool {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	return ok && ews.Class(refused.Code) == ews.ClassAmbiguous
}

// around prepares to read the items around the one that makes a page fail, with page
// sizes that grow and shrink again before that item.
func (r *pageReader) around(ctx context.Context) error {
	err := r.page.Err
	if !pageFails(err) || ctx.Err() != nil {
		return err
	}
	switch {
	case r.size == 0:
		r.size = 1
		return nil
	case r.size > 1:
		r.size /= 2
		return nil
	}
	if n := len(r.lost); n == maxLost || n > 0 && r.lost[n-1] == r.request.Offset-1 {
		return err // more than a single item fails
	}
	r.lost, r.reason = append(r.lost, r.request.Offset), err
	r.request.Offset++
	return nil
}

// outcome returns an error if items were skipped.
func (r *pageReader) outcome() error {
	if len(r.lost) == 0 {
		return nil
	}
	return fmt.Errorf("%d items could not be listed, those at the offsets %v: %w", len(r.lost), r.lost, r.reason)
}

// unrestricted asks for all items of a folder after the server has refused the
// restriction; the caller filters them. It returns the refusal if there are too many.
func (r *pageReader) unrestricted(ctx context.Context) error {
	refusal := r.page.Err
	r.request.Restriction = nil
	if err := r.ask(ctx); err != nil {
		return errors.Join(refusal, err)
	}
	if total := r.page.Value.Total; r.page.Err == nil && (total > maxSifted || total < 0 && !r.page.Value.Last) {
		return fmt.Errorf("the folder has %d items, too many to read them all: %w", total, refusal)
	}
	return nil
}

// restrictionRefused reports whether the server cannot search by a restriction.
func restrictionRefused(err error) bool {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	if !ok {
		return false
	}
	switch refused.Code {
	case "ErrorUnsupportedPathForQuery", "ErrorInvalidRestriction", "ErrorRestrictionTooComplex", "ErrorRestrictionTooLong",
		"ErrorContainsFilterWrongType", "ErrorInvalidPropertyForExists", "ErrorUnsupportedQueryFilter":
		return true
	}
	return false
}

// severalRefused reports whether the server refuses to search these folders with
// one request (https://github.com/ecederstrand/exchangelib/issues/567).
func severalRefused(pages ews.Results[ews.ItemPage], err error) bool {
	refusal := func(err error) bool {
		refused, ok := errors.AsType[*ews.ResponseError](err)
		return ok && refused.Code == "ErrorInvalidOperation"
	}
	if err != nil {
		return refusal(err)
	}
	for _, p := range pages {
		if !refusal(p.Err) {
			return false
		}
	}
	return true
}

// oneByOne reports whether the server recently refused to search several folders of this
// mailbox at once.
func (m *mailbox) oneByOne() bool {
	return time.Since(time.Unix(m.single.Load(), 0)) < wayTTL
}

func (m *mailbox) searchOneByOne() { m.single.Store(time.Now().Unix()) }
