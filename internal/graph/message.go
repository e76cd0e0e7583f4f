package graph

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Message is an item of a mail folder.
type Message struct {
	Type       string          `json:"@odata.type"`
	ETag       string          `json:"@odata.etag"`
	ID         string          `json:"id"`
	ChangeKey  string          `json:"changeKey"`
	FolderID   string          `json:"parentFolderId"`
	MessageID  string          `json:"internetMessageId"`
	Subject    string          `json:"subject"`
	Received   Time            `json:"receivedDateTime"`
	Sent       Time            `json:"sentDateTime"`
	Read       bool            `json:"isRead"`
	Draft      Answer          `json:"isDraft"`
	Attached   bool            `json:"hasAttachments"` // false also if all are inline
	Importance string          `json:"importance"`
	Categories []string        `json:"categories"`
	Receipt    Answer          `json:"isReadReceiptRequested"`
	From       *Recipient      `json:"from"`
	Sender     *Recipient      `json:"sender"`
	To         []Recipient     `json:"toRecipients"`
	Cc         []Recipient     `json:"ccRecipients"`
	Bcc        []Recipient     `json:"bccRecipients"`
	Headers    []Header        `json:"internetMessageHeaders"`
	Body       *Body           `json:"body"`
	Values     []PropertyValue `json:"singleValueExtendedProperties"`
}

// Answer is a yes or no that Graph may leave out; Told is set if it is present.
type Answer struct{ Told, Yes bool }

// UnmarshalJSON reads a Boolean; null is no.
func (a *Answer) UnmarshalJSON(text []byte) error {
	*a = Answer{Told: true, Yes: string(text) == "true"}
	return nil
}

// Recipient is someone in From, To and so on.
type Recipient struct {
	EmailAddress struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	} `json:"emailAddress"`
}

// Header is a header field.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Body is the text of a message.
type Body struct {
	Type    string `json:"contentType"` // text or html
	Content string `json:"content"`
}

// Version returns the change key, which the ETag contains as well.
func (m Message) Version() string {
	if m.ChangeKey != "" {
		return m.ChangeKey
	}
	return strings.Trim(strings.TrimPrefix(m.ETag, "W/"), `"`)
}

// Value returns the value of a property.
func (m Message) Value(p Property) (string, bool) {
	for _, v := range m.Values {
		if got, ok := ParseProperty(v.ID); ok && got == p && v.Value != nil {
			return *v.Value, true
		}
	}
	return "", false
}

// Time is a time that may be missing.
type Time struct{ time.Time }

// UnmarshalJSON reads a time. A missing or unreadable time is zero.
func (t *Time) UnmarshalJSON(text []byte) error {
	t.Time = time.Time{}
	if at, err := time.Parse(time.RFC3339Nano, strings.Trim(string(text), `"`)); err == nil && at.Year() > 1 {
		t.Time = at.UTC()
	}
	return nil
}

// Query asks for messages.
type Query struct {
	// Folder is an id or a well-known name; empty for the whole visible mailbox.
	Folder string
	// Filter is a $filter, not encoded; empty for all.
	Filter string
	// Select lists the fields to return, Properties the MAPI properties.
	Select     []string
	Properties []Property
	// PageSize is 1 to 1000. Default: 100; large pages time out.
	PageSize int
}

func (q Query) call(user, payer string) call {
	op, base := "list messages", to("/users", user, "messages")
	if q.Folder != "" {
		op, base = "list messages of a folder", to("/users", user, "mailFolders", q.Folder, "messages")
	}
	var params []Param
	if q.Filter != "" {
		params = append(params, Param{"$filter", q.Filter})
	}
	params = append(params, shape(q.Select, q.Properties)...)
	size := q.PageSize
	if size == 0 {
		size = 100
	}
	return get(op, payer, base, append(params, Param{"$top", strconv.Itoa(size)})...)
}

func shape(fields []string, properties []Property) (params []Param) {
	if len(fields) > 0 {
		params = append(params, Param{"$select", strings.Join(fields, ",")})
	}
	if len(properties) > 0 {
		params = append(params, Param{"$expand", Expand(properties)})
	}
	return params
}

// Mailbox is the mailbox of a user, together with the payer of requests to it.
type Mailbox struct {
	client *Client
	user   string
	payer  string
}

// Mailbox returns the mailbox of a user, by its id or user principal name.
func (c *Client) Mailbox(user, payer string) Mailbox { return Mailbox{c, user, payer} }

// Messages reads messages, page by page.
func (m Mailbox) Messages(ctx context.Context, q Query) iter.Seq2[[]Message, error] {
	return pages[Message](ctx, m.client, q.call(m.user, m.payer))
}

// Message reads one message. If the fields include whether it asks for a receipt or
// whether it is a draft, the answer must contain that: an answer to another question
// about the same message would lack it, which would read as no, and other fields as well.
func (m Mailbox) Message(ctx context.Context, id string, fields []string, properties []Property) (Message, error) {
	var got Message
	k := m.messageCall(id, fields, properties)
	err := m.client.document(ctx, k, &got)
	if err == nil {
		err = got.answers(k, id, fields)
	}
	return got, err
}

func (m Mailbox) messageCall(id string, fields []string, properties []Property) call {
	return get("GET message", m.payer, to("/users", m.user, "messages", id), shape(fields, properties)...)
}

// answers returns an error if a message cannot be the answer to a request for some fields
// of the message with an id.
func (m Message) answers(k call, id string, fields []string) error {
	if m.ID == "" {
		return &Error{Operation: k.op, Status: http.StatusOK, Err: errJSON, read: true}
	}
	if err := m.is(k, id); err != nil {
		return err
	}
	if slices.Contains(fields, "isReadReceiptRequested") && !m.Receipt.Told || slices.Contains(fields, "isDraft") && !m.Draft.Told {
		return misfit(k, http.StatusOK)
	}
	return nil
}

// maxText bounds the header and body that [Mailbox.Text] reads, which are held in memory.
const maxText = 2 << 20

// Text reads the header and the body of a message, if they are no longer than 2 MB. A
// message that never left the organisation has no header; its fields contain the same
// information.
func (m Mailbox) Text(ctx context.Context, id string) (Message, error) {
	k := get("GET text of a message", m.payer, to("/users", m.user, "messages", id),
		Param{"$select", "id,internetMessageHeaders,body,subject,from,sender,toRecipients,ccRecipients,internetMessageId,sentDateTime"})
	k.limit = maxText
	var got Message
	err := m.client.document(ctx, k, &got)
	if err == nil {
		err = got.answers(k, id, nil)
	}
	return got, err
}

// Update changes fields of a message. If a version is given, Graph may refuse to change
// any other version: whether it honours If-Match here is not documented, so the caller
// must check as well. The returned message has no MAPI properties, and no version unless
// it has the id.
func (m Mailbox) Update(ctx context.Context, id, ifVersion string, fields map[string]any) (Message, error) {
	k := write("PATCH message", m.payer, http.MethodPatch, to("/users", m.user, "messages", id), fields, http.StatusOK)
	if ifVersion != "" {
		k.header = map[string]string{"If-Match": `W/"` + ifVersion + `"`}
	}
	var got Message
	err := m.client.document(ctx, k, &got)
	if err == nil {
		err = got.is(k, id)
	}
	if got.ID == "" {
		got.ChangeKey, got.ETag = "", ""
	}
	return got, err
}

// PermanentDelete removes a message so that its owner cannot recover it. It checks no
// version.
// See https://learn.microsoft.com/en-us/graph/api/message-permanentdelete.
func (m Mailbox) PermanentDelete(ctx context.Context, id string) error {
	k := write("permanentDelete", m.payer, http.MethodPost, to("/users", m.user, "messages", id, "permanentDelete"), nil, http.StatusNoContent, http.StatusOK)
	return m.client.done(ctx, k)
}

// Move moves a message within the mailbox and returns it with its new id. If somebody
// else moved it at the same time there may be two: look again.
func (m Mailbox) Move(ctx context.Context, id, folder string) (Message, error) {
	body := map[string]string{"destinationId": folder}
	k := write("move message", m.payer, http.MethodPost, to("/users", m.user, "messages", id, "move"), body, http.StatusCreated, http.StatusOK)
	var got Message
	err := m.client.document(ctx, k, &got)
	switch {
	case err == nil && got.ID == "":
		err = &Error{Operation: k.op, Status: http.StatusCreated, Err: errNoItem}
	case err == nil && !isWellKnown(folder) && got.FolderID != "" && !sameID(got.FolderID, folder):
		err = misfit(k, http.StatusCreated)
	}
	return got, err
}

// done sends a request whose answer contains nothing of interest.
func (c *Client) done(ctx context.Context, k call) error {
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	a.close()
	return nil
}
