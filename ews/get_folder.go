package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// GetFolderRequest asks for folders by id or well-known name. A name that the server does
// not know fails the whole request, so names that some mailboxes lack, such as those of
// an archive, are best requested separately.
type GetFolderRequest struct {
	Folders []FolderRef // at least one, all of one mailbox
	Shape   FolderShape

	// MayBeGone declares that the caller expects ErrorFolderNotFound, ErrorItemNotFound
	// and ErrorArchiveMailboxNotEnabled as answers, which are then not logged as
	// problems. The results are the same.
	MayBeGone bool
}

// GetFolder returns one result per requested folder, in the order requested. It is also
// the cheapest way to find out whether a mailbox can be reached and, with
// [FieldFolderRights], what the caller may do there.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation.
func (c *Client) GetFolder(ctx context.Context, req GetFolderRequest) (Results[Folder], error) {
	return readBatch(ctx, c, len(req.Folders), func(members []int, _ error) getFolder {
		r := req
		r.Folders = pick(req.Folders, members)
		return getFolder(r)
	})
}

type getFolder GetFolderRequest

func (r getFolder) task() (task, error) {
	t := task{op: OpGetFolder, expects: ifGone(r.MayBeGone)}
	if err := checkFolders("GetFolderRequest.Folders", r.Folders); err != nil {
		return t, err
	}
	return t, r.Shape.check("GetFolderRequest.Shape")
}

func (r getFolder) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:GetFolder")
	r.Shape.encode(e, v)
	encodeFolders(e, "m:FolderIds", r.Folders)
	e.Close()
}

func (r getFolder) decode(a *answer) (Results[Folder], error) {
	results, err := batch(a, len(r.Folders), func(f *Folder) {
		if a.d.Local() == "Folders" {
			depth := a.d.Depth()
			if a.d.NextChild(depth) {
				decodeFolder(a.d, f)
			}
		}
	})
	for i, got := range results {
		asked, byID := r.Folders[i].(FolderID)
		if got.Err != nil || !byID {
			continue
		}
		if err := a.about(asked.ID, got.Value.ID.ID); err != nil {
			return nil, err
		}
	}
	return demand(a, results, err, func(f *Folder) bool { return f.Kind != "" }, "a folder")
}
