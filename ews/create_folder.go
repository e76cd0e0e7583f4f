package ews

import "context"

// NewFolder describes a folder to be created.
type NewFolder struct {
	DisplayName string // required
	Class       string // folder class; default: IPF.Note, a folder for mail
	Extended    []ExtendedProperty
}

// CreateFolderRequest asks for new folders below one parent.
type CreateFolderRequest struct {
	Parent  FolderRef
	Folders []NewFolder // at least one
}

// CreateFolder creates folders. The error of a folder whose name is taken has
// the code ErrorFolderExists. It is a write and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createfolder-operation.
func (c *Client) CreateFolder(ctx context.Context, req CreateFolderRequest) (Results[FolderID], error) {
	return nil, errUnbuilt
}
