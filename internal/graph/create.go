package graph

import (
	"context"
	"net/http"
)

// Create creates a message in a folder, by its id or well-known name, from properties. It
// is a draft unless these have Integer 0x0E07 of 4. What it returns has no MAPI properties.
// See https://learn.microsoft.com/en-us/graph/api/mailfolder-post-messages.
func (m Mailbox) Create(ctx context.Context, folder string, fields map[string]any) (Message, error) {
	k := write("create message", m.payer, http.MethodPost, to("/users", m.user, "mailFolders", folder, "messages"), fields, http.StatusCreated)
	var got Message
	return got, m.client.document(ctx, k, &got)
}
