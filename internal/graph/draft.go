package graph

import (
	"context"
	"encoding/base64"
	"net/http"
)

// CreateDraft saves a message in MIME form in Drafts, at first without MAPI properties.
// From a message of more than about 2 MB Graph may create nothing and yet answer 200.
// See https://learn.microsoft.com/en-us/graph/api/user-post-messages.
func (m Mailbox) CreateDraft(ctx context.Context, mime []byte) (Message, error) {
	k := write("create draft", m.payer, http.MethodPost, to("/users", m.user, "messages"), nil, http.StatusCreated)
	k.raw, k.header = base64.StdEncoding.AppendEncode(nil, mime), map[string]string{"Content-Type": "text/plain"}
	var made Message
	err := m.client.document(ctx, k, &made)
	if err == nil && made.ID == "" {
		err = &Error{Operation: k.op, Status: http.StatusCreated, Err: errNoItem}
	}
	return made, err
}

// Send sends a draft, which Graph moves to Sent Items, perhaps only after it has
// answered. It checks no version. A draft that was sent has a new id.
// See https://learn.microsoft.com/en-us/graph/api/message-send.
func (m Mailbox) Send(ctx context.Context, id string) error {
	return m.client.done(ctx, write("send message", m.payer, http.MethodPost, to("/users", m.user, "messages", id, "send"), nil, http.StatusAccepted))
}
