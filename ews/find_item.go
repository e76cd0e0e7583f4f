package ews

import (
	"cmp"
	"context"
	"iter"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// ItemTraversal determines which items of a folder FindItem considers. There is no deep
// traversal for items.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem.
type ItemTraversal string

// Item traversals. The zero value means ItemShallow. SoftDeleted is not
// supported since Exchange 2010; search the Recoverable Items folders instead.
const (
	ItemShallow     ItemTraversal = "Shallow"    // the ordinary items
	ItemAssociated  ItemTraversal = "Associated" // folder associated information
	ItemSoftDeleted ItemTraversal = "SoftDeleted"
)

// FindItemRequest asks for the items of folders.
type FindItemRequest struct {
	Folders     []FolderRef   // at least one, all of one mailbox; preferably no more than ten to twenty
	Traversal   ItemTraversal // default: ItemShallow
	Shape       ItemShape
	Restriction Restriction // nil: all; not with QueryString
	QueryString string      // an AQS query; needs the content index, which lags behind; not with Restriction
	Sort        []SortField
	PageSize    int // 1 to 1000; default: 200. Servers return at most 250 with a Restriction or QueryString.
	Offset      int // items to skip at the start of each folder

	// MayBeGone has the same meaning for the folders as in [GetFolderRequest].
	MayBeGone bool
}

// ItemPage is one page of the items of one folder.
type ItemPage struct {
	Items []Item
	Total int // total number of items in the view; -1 if the server does not report it
	// Last reports whether this is the last page. Do not infer it from the length of a
	// page: servers return short pages.
	Last       bool
	NextOffset int // where the next page starts; meaningless if Last
}

// FindItem returns one page of items for each folder, in the order of the
// folders.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation.
func (c *Client) FindItem(ctx context.Context, req FindItemRequest) (Results[ItemPage], error) {
	size := cmp.Or(req.PageSize, defaultItemPage)
	return readBatch(ctx, c, len(req.Folders), func(members []int, failed error) findItem {
		size = smaller(size, failed)
		r := findItem{req, size}
		r.Folders = pick(req.Folders, members)
		return r
	})
}

const defaultItemPage = 200

type findItem struct {
	FindItemRequest
	size int // page size
}

func (r findItem) task() (task, error) {
	t := task{op: OpFindItem, expects: ifGone(r.MayBeGone)}
	if err := checkFolders("FindItemRequest.Folders", r.Folders); err != nil {
		return t, err
	}
	switch r.Traversal {
	case "", ItemShallow, ItemAssociated, ItemSoftDeleted:
	default:
		return t, wrong("FindItemRequest.Traversal", "is %q: use Shallow, Associated or SoftDeleted", r.Traversal)
	}
	if r.Restriction != nil {
		if r.QueryString != "" {
			return t, wrong("FindItemRequest.Restriction", "cannot be combined with QueryString: use only one of them")
		}
		if err := checkRestriction("FindItemRequest.Restriction", r.Restriction); err != nil {
			return t, err
		}
	}
	if err := checkSort("FindItemRequest.Sort", r.Sort); err != nil {
		return t, err
	}
	if err := checkPage("FindItemRequest", r.PageSize, r.Offset); err != nil {
		return t, err
	}
	return t, r.Shape.check("FindItemRequest.Shape")
}

func (r findItem) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:FindItem")
	e.Attr("Traversal", string(cmp.Or(r.Traversal, ItemShallow)))
	r.Shape.encode(e, v)
	encodeView(e, "m:IndexedPageItemView", r.size, r.Offset)
	encodeRestriction(e, r.Restriction)
	encodeSort(e, r.Sort)
	encodeFolders(e, "m:ParentFolderIds", r.Folders)
	if r.QueryString != "" {
		e.Leaf("m:QueryString", r.QueryString)
	}
	e.Close()
}

func (r findItem) decode(a *answer) (Results[ItemPage], error) {
	x := itemDecoder{d: a.d}
	tooMany, offset := false, r.Offset
	paged := make([]bool, len(r.Folders))
	results, err := batch(a, len(r.Folders), func(page *ItemPage) {
		if a.d.Local() != "RootFolder" {
			return
		}
		paged[a.messages] = true
		p := decodePaging(a.d)
		depth := a.d.Depth()
		for a.d.NextChild(depth) {
			if a.d.Local() != "Items" {
				continue
			}
			page.Items = make([]Item, 0, expected(p.total, r.Offset, r.size))
			inner := a.d.Depth()
			for a.d.NextChild(inner) {
				if len(page.Items) == maxPageSize {
					tooMany = true
					return
				}
				page.Items = append(page.Items, Item{})
				x.item(&page.Items[len(page.Items)-1])
			}
		}
		page.Total = p.total
		page.Last, page.NextOffset = p.settle(r.Offset, len(page.Items))
	})
	if tooMany {
		return nil, a.malformed("a page has more items than can be requested")
	}
	for i := range results {
		// Servers omit the RootFolder if it would be empty.
		if r := &results[i]; r.Err == nil && !paged[i] {
			r.Value = ItemPage{Last: true, NextOffset: offset}
		}
	}
	return results, err
}

// expected returns the capacity to allocate for the entries of a page.
func expected(total, offset, size int) int {
	if total < 0 {
		return 0
	}
	return max(0, min(total-offset, size))
}

// FindItems returns all items of all folders, page by page. A folder is not requested
// again after its last page. The error of one folder ends the iteration like any other;
// it matches [ErrStalledPaging] if the server's pages do not advance.
//
// Moving or deleting items while paging makes it skip others, because offsets count the
// items present: collect the items first, or start over.
func (c *Client) FindItems(ctx context.Context, req FindItemRequest) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		pending := make([]pendingFolder, len(req.Folders))
		for i, f := range req.Folders {
			pending[i] = pendingFolder{f, req.Offset, new(PageCheck)}
		}
		for {
			// An offset applies to all folders of a request, so this one asks only for
			// those that have got as far as the first.
			page := req
			page.Folders, page.Offset = alike(pending)
			results, err := c.FindItem(ctx, page)
			if err != nil {
				yield(Item{}, err)
				return
			}
			var unfinished []pendingFolder
			for i, r := range results {
				if r.Err != nil {
					yield(Item{}, r.Err)
					return
				}
				for _, it := range r.Value.Items {
					if !yield(it, nil) {
						return
					}
				}
				if r.Value.Last {
					continue
				}
				if err := pending[i].check.Items(page.Offset, r.Value); err != nil {
					yield(Item{}, stalled(OpFindItem, c.mailbox, page.Offset, err))
					return
				}
				unfinished = append(unfinished, pendingFolder{page.Folders[i], r.Value.NextOffset, pending[i].check})
			}
			pending = append(unfinished, pending[len(results):]...)
			if len(pending) == 0 {
				return
			}
		}
	}
}
