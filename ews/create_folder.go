package ews

import (
	"cmp"
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// FolderSpec describes a folder to create.
type FolderSpec struct {
	DisplayName string // required
	Class       string // folder class; default: IPF.Note, a folder for mail
	Extended    []ExtendedProperty
}

// CreateFolderRequest asks to create folders in one parent folder.
type CreateFolderRequest struct {
	Parent  FolderRef    // required
	Folders []FolderSpec // at least one
}

// CreateFolder creates folders. If a folder of that name exists, the result has the error
// code ErrorFolderExists. It is a write and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createfolder-operation.
func (c *Client) CreateFolder(ctx context.Context, req CreateFolderRequest) (Results[FolderID], error) {
	return do(ctx, c, createFolder(req))
}

const folderClassMail = "IPF.Note"

type createFolder CreateFolderRequest

func (r createFolder) task() (task, error) {
	t := task{op: OpCreateFolder}
	if err := checkFolder("CreateFolderRequest.Parent", r.Parent); err != nil {
		return t, err
	}
	if len(r.Folders) == 0 {
		return t, wrong("CreateFolderRequest.Folders", "is empty: at least one folder is required")
	}
	for i, f := range r.Folders {
		field := "CreateFolderRequest.Folders" + at(i)
		if f.DisplayName == "" {
			return t, wrong(field+".DisplayName", "is empty")
		}
		if err := checkExtended(field+".Extended", f.Extended); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (r createFolder) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:CreateFolder")
	encodeFolders(e, "m:ParentFolderId", []FolderRef{r.Parent})
	e.Open("m:Folders")
	for _, f := range r.Folders {
		e.Open("t:Folder")
		e.Leaf("t:FolderClass", cmp.Or(f.Class, folderClassMail))
		e.Leaf("t:DisplayName", f.DisplayName)
		for _, p := range f.Extended {
			p.encode(e)
		}
		e.Close()
	}
	e.Close()
	e.Close()
}

func (r createFolder) decode(a *answer) (Results[FolderID], error) {
	results, err := batch(a, len(r.Folders), func(id *FolderID) {
		if a.d.Local() != "Folders" {
			return
		}
		depth := a.d.Depth()
		for a.d.NextChild(depth) {
			var f Folder
			decodeFolder(a.d, &f)
			*id = f.ID
		}
	})
	return demand(a, results, err, func(id *FolderID) bool { return !id.IsZero() }, "the id of the folder")
}
