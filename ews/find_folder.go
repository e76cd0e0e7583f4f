package ews

import (
	"context"
	"iter"
)

// FolderTraversal says how far below its parent FindFolder looks.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder.
type FolderTraversal string

// Folder traversals. The zero value stands for FolderShallow.
const (
	FolderShallow     FolderTraversal = "Shallow"
	FolderDeep        FolderTraversal = "Deep"
	FolderSoftDeleted FolderTraversal = "SoftDeleted"
)

// FindFolderRequest asks for the folders below another.
type FindFolderRequest struct {
	Parent      FolderRef
	Traversal   FolderTraversal // default: FolderShallow
	Shape       FolderShape
	Restriction Restriction // on properties of folders; nil: all
	PageSize    int         // 1 to 1000; default: 500
	Offset      int         // folders to leave out at the beginning
}

// FolderPage is one page of the answer to FindFolder.
type FolderPage struct {
	Folders []Folder
	Total   int // folders there are; -1 if the server does not say
	// Last says that there is nothing after this page. The length of a page
	// says nothing: servers return short ones.
	Last       bool
	NextOffset int // where the next page begins; meaningless if Last
}

// FindFolder returns one page of the folders below another.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder-operation.
func (c *Client) FindFolder(ctx context.Context, req FindFolderRequest) (*FolderPage, error) {
	return nil, errUnbuilt
}

// FindFolders returns all folders below another, page by page. An error is
// terminal; it matches [ErrStalledPaging] if the server's pages do not
// advance.
func (c *Client) FindFolders(ctx context.Context, req FindFolderRequest) iter.Seq2[Folder, error] {
	return func(yield func(Folder, error) bool) { yield(Folder{}, errUnbuilt) }
}
