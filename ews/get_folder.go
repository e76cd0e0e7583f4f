package ews

import "context"

// GetFolderRequest asks for folders by id or well-known name. A name that the
// server does not know fails the whole request, so names that some mailboxes
// lack, such as those of an archive, are best asked for on their own.
type GetFolderRequest struct {
	Folders []FolderRef // at least one, all of one mailbox
	Shape   FolderShape
}

// GetFolder returns folders, one result for each asked, in their order. It is
// also the cheapest way to learn whether a mailbox can be reached, and with
// [FieldFolderRights] what the caller may do there.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation.
func (c *Client) GetFolder(ctx context.Context, req GetFolderRequest) (Results[Folder], error) {
	return nil, errUnbuilt
}
