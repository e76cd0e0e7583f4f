package ews

import (
	"cmp"
	"context"
	"iter"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// FolderTraversal determines how far below the parent FindFolder looks.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder.
type FolderTraversal string

// Folder traversals. The zero value means FolderShallow.
const (
	FolderShallow     FolderTraversal = "Shallow"     // direct subfolders
	FolderDeep        FolderTraversal = "Deep"        // subfolders at any depth
	FolderSoftDeleted FolderTraversal = "SoftDeleted" // finds nothing since Exchange 2010
)

// FindFolderRequest asks for the folders below another.
type FindFolderRequest struct {
	Parent      FolderRef       // required
	Traversal   FolderTraversal // default: FolderShallow
	Shape       FolderShape
	Restriction Restriction // on folder properties; nil: all
	PageSize    int         // 1 to 1000; default: 500
	Offset      int         // folders to skip at the start
}

// FolderPage is one page of FindFolder's results.
type FolderPage struct {
	Folders []Folder
	Total   int // total number of folders; -1 if the server does not report it
	// Last reports whether this is the last page. Do not infer it from the length of a
	// page: servers return short pages.
	Last       bool
	NextOffset int // where the next page starts; meaningless if Last
}

// FindFolder returns one page of the folders below another.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/findfolder-operation.
func (c *Client) FindFolder(ctx context.Context, req FindFolderRequest) (*FolderPage, error) {
	size := cmp.Or(req.PageSize, defaultFolderPage)
	results, err := readBatch(ctx, c, 1, func(_ []int, failed error) findFolder {
		size = smaller(size, failed)
		return findFolder{req, size}
	})
	if err != nil {
		return nil, err
	}
	if results[0].Err != nil {
		return nil, results[0].Err
	}
	return &results[0].Value, nil
}

const defaultFolderPage = 500

type findFolder struct {
	FindFolderRequest
	size int // page size
}

func (r findFolder) task() (task, error) {
	t := task{op: OpFindFolder}
	if err := checkFolder("FindFolderRequest.Parent", r.Parent); err != nil {
		return t, err
	}
	switch r.Traversal {
	case "", FolderShallow, FolderDeep, FolderSoftDeleted:
	default:
		return t, wrong("FindFolderRequest.Traversal", "is %q: use Shallow, Deep or SoftDeleted", r.Traversal)
	}
	if r.Restriction != nil {
		if err := checkRestriction("FindFolderRequest.Restriction", r.Restriction); err != nil {
			return t, err
		}
	}
	if err := checkPage("FindFolderRequest", r.PageSize, r.Offset); err != nil {
		return t, err
	}
	return t, r.Shape.check("FindFolderRequest.Shape")
}

func (r findFolder) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:FindFolder")
	e.Attr("Traversal", string(cmp.Or(r.Traversal, FolderShallow)))
	r.Shape.encode(e, v)
	encodeView(e, "m:IndexedPageFolderView", r.size, r.Offset)
	encodeRestriction(e, r.Restriction)
	encodeFolders(e, "m:ParentFolderIds", []FolderRef{r.Parent})
	e.Close()
}

func (r findFolder) decode(a *answer) (Results[FolderPage], error) {
	tooMany, offset := false, r.Offset
	paged := make([]bool, 1)
	results, err := batch(a, 1, func(page *FolderPage) {
		if a.d.Local() != "RootFolder" {
			return
		}
		paged[a.messages] = true
		p := decodePaging(a.d)
		depth := a.d.Depth()
		for a.d.NextChild(depth) {
			if a.d.Local() != "Folders" {
				continue
			}
			page.Folders = make([]Folder, 0, expected(p.total, r.Offset, r.size))
			inner := a.d.Depth()
			for a.d.NextChild(inner) {
				if len(page.Folders) == maxPageSize {
					tooMany = true
					return
				}
				page.Folders = append(page.Folders, Folder{})
				decodeFolder(a.d, &page.Folders[len(page.Folders)-1])
			}
		}
		page.Total = p.total
		page.Last, page.NextOffset = p.settle(r.Offset, len(page.Folders))
	})
	if tooMany {
		return nil, a.malformed("a page has more folders than can be requested")
	}
	for i := range results {
		// Servers omit the RootFolder if it would be empty.
		if r := &results[i]; r.Err == nil && !paged[i] {
			r.Value = FolderPage{Last: true, NextOffset: offset}
		}
	}
	return results, err
}

// FindFolders returns all folders below another, page by page. An error ends
// the iteration; it matches [ErrStalledPaging] if the server's pages do not
// advance.
func (c *Client) FindFolders(ctx context.Context, req FindFolderRequest) iter.Seq2[Folder, error] {
	return func(yield func(Folder, error) bool) {
		var check PageCheck
		for {
			page, err := c.FindFolder(ctx, req)
			if err != nil {
				yield(Folder{}, err)
				return
			}
			for _, f := range page.Folders {
				if !yield(f, nil) {
					return
				}
			}
			if page.Last {
				return
			}
			if err := check.Folders(req.Offset, *page); err != nil {
				yield(Folder{}, stalled(OpFindFolder, c.mailbox, req.Offset, err))
				return
			}
			req.Offset = page.NextOffset
		}
	}
}
