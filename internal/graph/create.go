package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// Create creates a message from properties in a folder, given by its id or well-known
// name. The message is a draft unless Integer 0x0E07 is 4. The returned message has no
// MAPI properties. See
// https://learn.microsoft.com/en-us/graph/api/mailfolder-post-messages.
func (m Mailbox) Create(ctx context.Context, folder string, fields map[string]any) (Message, error) {
	return m.create(ctx, m.createCall(folder, fields))
}

// CreateFrom is [Mailbox.Create] for properties that are already JSON, which is not
// copied, because it may be large.
func (m Mailbox) CreateFrom(ctx context.Context, folder string, fields []byte) (Message, error) {
	k := m.createCall(folder, nil)
	k.raw, k.header = fields, map[string]string{"Content-Type": "application/json"}
	return m.create(ctx, k)
}

func (m Mailbox) createCall(folder string, fields any) call {
	return write("create message", m.payer, http.MethodPost, to("/users", m.user, "mailFolders", folder, "messages"), fields, http.StatusCreated)
}

func (m Mailbox) create(ctx context.Context, k call) (Message, error) {
	var got Message
	err := m.client.document(ctx, k, &got)
	if err == nil && got.ID == "" {
		// Graph has been seen to answer in this way without creating anything.
		err = &Error{Operation: k.op, Status: http.StatusCreated, Err: errNoItem}
	}
	return got, err
}

// errNoItem is the error of an answer that reports that something was created, but not
// what.
var errNoItem = errors.New("the answer names no item")

// Source reads the fields of a message as they are, for [Mailbox.Create]. HTML is
// returned unchanged; with plain, the text is returned without HTML. Fields without a
// value are left out.
// See https://learn.microsoft.com/en-us/graph/api/message-get.
func (m Mailbox) Source(ctx context.Context, id string, fields []string, properties []Property, plain bool) (map[string]json.RawMessage, []PropertyValue, error) {
	k := get("GET message", m.payer, to("/users", m.user, "messages", id), shape(append([]string{"id"}, fields...), properties)...)
	kind := "html"
	if plain {
		kind = "text"
	}
	k.header = map[string]string{"Prefer": `outlook.body-content-type="` + kind + `", outlook.allow-unsafe-html`}
	var got map[string]json.RawMessage
	if err := m.client.document(ctx, k, &got); err != nil {
		return nil, nil, err
	}
	var is Message
	if json.Unmarshal(got["id"], &is.ID) != nil || is.ID == "" {
		return nil, nil, &Error{Operation: k.op, Status: http.StatusOK, Err: errJSON, read: true}
	}
	if err := is.is(k, id); err != nil {
		return nil, nil, err
	}
	if slices.Contains(fields, "body") && !present(got["body"]) {
		return nil, nil, misfit(k, http.StatusOK) // each message has a body, even if it is empty
	}
	var values []PropertyValue
	if text, ok := got["singleValueExtendedProperties"]; ok && json.Unmarshal(text, &values) != nil {
		return nil, nil, &Error{Operation: k.op, Status: http.StatusOK, Err: errJSON, read: true}
	}
	all := make(map[string]json.RawMessage)
	for _, name := range fields {
		if value, ok := got[name]; ok && string(value) != "null" {
			all[name] = value
		}
	}
	return all, values, nil
}
