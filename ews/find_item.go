package ews

import (
	"context"
	"iter"
)

// ItemTraversal says which items of a folder FindItem looks at. There is no
// deep traversal for items.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem.
type ItemTraversal string

// Item traversals. The zero value stands for ItemShallow. SoftDeleted is not
// supported by servers since Exchange 2010; look into the Recoverable Items
// folders instead.
const (
	ItemShallow     ItemTraversal = "Shallow"
	ItemAssociated  ItemTraversal = "Associated"
	ItemSoftDeleted ItemTraversal = "SoftDeleted"
)

// FindItemRequest asks for the items of folders.
type FindItemRequest struct {
	Folders     []FolderRef   // at least one, all of one mailbox; ten to twenty at most are advisable
	Traversal   ItemTraversal // default: ItemShallow
	Shape       ItemShape
	Restriction Restriction // nil: all; excludes QueryString
	QueryString string      // an AQS query, which needs the content index and lags behind it; excludes Restriction
	Sort        []SortField
	PageSize    int // 1 to 1000; default: 200. Servers give 250 at most with a Restriction or QueryString.
	Offset      int // items to leave out at the beginning of each folder
}

// ItemPage is one page of the items of one folder.
type ItemPage struct {
	Items []Item
	Total int // items there are in the view; -1 if the server does not say
	// Last says that there is nothing after this page. The length of a page
	// says nothing: servers return short ones.
	Last       bool
	NextOffset int // where the next page begins; meaningless if Last
}

// FindItem returns one page of items for each folder, in the order of the
// folders.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation.
func (c *Client) FindItem(ctx context.Context, req FindItemRequest) (Results[ItemPage], error) {
	return nil, errUnbuilt
}

// FindItems returns all items of all folders, page by page. A folder whose
// last page was seen is not asked again. The error of one folder is terminal
// like any other; it matches [ErrStalledPaging] if the server's pages do not
// advance.
//
// Who moves or deletes items while paging skips others, because offsets count
// what is there: collect first, or begin anew.
func (c *Client) FindItems(ctx context.Context, req FindItemRequest) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) { yield(Item{}, errUnbuilt) }
}
