package graph

import (
	"context"
	"iter"
)

// TransferFolders reads all folders of a mailbox, with the ids that export and import use
// for them, page by page. It needs MailboxFolder.Read.All. See
// https://learn.microsoft.com/en-us/graph/api/mailbox-list-folders.
func (m Mailbox) TransferFolders(ctx context.Context, exchangeID string) iter.Seq2[[]Folder, error] {
	return pages[Folder](ctx, m.client, get("list mailbox folders", m.payer, to("/admin/exchange/mailboxes", exchangeID, "folders"),
		Param{"includeHiddenFolders", "true"}, Param{"$top", "100"}))
}

// TransferItems reads the items of a folder, with the ids that export uses for them, page
// by page. The id of the folder comes from [Mailbox.TransferFolders]. It needs
// MailboxItem.Read.All.
// See https://learn.microsoft.com/en-us/graph/api/mailboxfolder-list-items.
func (m Mailbox) TransferItems(ctx context.Context, exchangeID, folder string, properties []Property) iter.Seq2[[]Message, error] {
	return pages[Message](ctx, m.client, get("list mailbox items", m.payer, to("/admin/exchange/mailboxes", exchangeID, "folders", folder, "items"),
		append(shape([]string{"id"}, properties), Param{"$top", "100"})...))
}
