package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strings"
)

// Attachment describes an attachment.
type Attachment struct {
	Type   string `json:"@odata.type"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Inline bool   `json:"isInline"`
	// Only the lists of [Mailbox.Files] contain the following.
	ContentType string `json:"contentType"`
	ContentID   string `json:"contentId"`
}

// IsFile reports whether it is a file, whose content is stored in Graph.
func (a Attachment) IsFile() bool {
	return strings.EqualFold(a.Type, "#microsoft.graph.fileAttachment")
}

// IsItem reports whether it is itself a message or another item.
func (a Attachment) IsItem() bool {
	return strings.EqualFold(a.Type, "#microsoft.graph.itemAttachment")
}

// IsReference reports whether it is only a reference to a file that is stored elsewhere.
func (a Attachment) IsReference() bool {
	return strings.EqualFold(a.Type, "#microsoft.graph.referenceAttachment")
}

// Attachments reads the list of attachments, page by page.
func (m Mailbox) Attachments(ctx context.Context, id string) iter.Seq2[[]Attachment, error] {
	return pages[Attachment](ctx, m.client, m.attachmentsCall(id))
}

func (m Mailbox) attachmentsCall(id string) call {
	return get("list attachments", m.payer, to("/users", m.user, "messages", id, "attachments"), Param{"$select", "id,name,size,isInline,contentType"})
}

// Files reads the list of attachments, page by page, with the fields needed to copy a
// file.
func (m Mailbox) Files(ctx context.Context, id string) iter.Seq2[[]Attachment, error] {
	k := get("list attachments", m.payer, to("/users", m.user, "messages", id, "attachments"),
		Param{"$select", "id,name,size,isInline,contentType,microsoft.graph.fileAttachment/contentId"})
	return pages[Attachment](ctx, m.client, k)
}

// Content opens the bytes of an attached file, or the MIME form of an attached item. It
// must be closed. A reference has no content.
// See https://learn.microsoft.com/en-us/graph/api/attachment-get.
func (m Mailbox) Content(ctx context.Context, id, attachment string) (*Stream, error) {
	return m.client.stream(ctx, get("GET attachment", m.payer, to("/users", m.user, "messages", id, "attachments", attachment, "$value")))
}

// MaxAttachment is the maximum size, in bytes, of a file that is attached with one
// request. Larger files are uploaded.
const MaxAttachment = 3<<20 - 1

// AppendJSON appends a file to text in Graph's JSON form, with its content in base64, and
// reports whether that is the whole file. If the file has more than most bytes, it
// appends nothing.
func (a Attachment) AppendJSON(text []byte, content io.Reader, most int64) ([]byte, bool, error) {
	fields := map[string]any{"@odata.type": "#microsoft.graph.fileAttachment", "name": cmp.Or(a.Name, "attachment"), "isInline": a.Inline}
	if a.ContentType != "" {
		fields["contentType"] = a.ContentType
	}
	if a.ContentID != "" {
		fields["contentId"] = a.ContentID
	}
	head, err := json.Marshal(fields)
	if err != nil {
		return text, false, err
	}
	out := appender{append(append(text, head[:len(head)-1]...), `,"contentBytes":"`...)}
	lines := base64.NewEncoder(base64.StdEncoding, &out)
	n, err := io.Copy(lines, io.LimitReader(content, most+1))
	if err != nil || n > most {
		return text, false, err
	}
	_ = lines.Close() // an appender does not fail
	return append(out.text, `"}`...), true, nil
}

// JSONRoom is the maximum number of bytes that AppendJSON appends for a file of the given
// size.
func (a Attachment) JSONRoom(size int64) int {
	return int(size+2)/3*4 + 6*(len(a.Name)+len(a.ContentType)+len(a.ContentID)) + 256
}

// appender is a text that is written to.
type appender struct{ text []byte }

// Write appends.
func (a *appender) Write(p []byte) (int, error) {
	a.text = append(a.text, p...)
	return len(p), nil
}

// Attach adds a file of at most [MaxAttachment] bytes, in the form that
// [Attachment.AppendJSON] writes, to a message.
// See https://learn.microsoft.com/en-us/graph/api/message-post-attachments.
func (m Mailbox) Attach(ctx context.Context, id string, file []byte) error {
	k := write("attach file", m.payer, http.MethodPost, to("/users", m.user, "messages", id, "attachments"), nil, http.StatusCreated)
	k.raw, k.header = file, map[string]string{"Content-Type": "application/json"}
	var got Attachment
	err := m.client.document(ctx, k, &got)
	if err == nil && got.ID == "" {
		err = &Error{Operation: k.op, Status: http.StatusCreated, Err: errNoItem}
	}
	return err
}

// MIME opens the MIME form of a message, which Graph rebuilds each time. It must be
// closed.
func (m Mailbox) MIME(ctx context.Context, id string) (*Stream, error) {
	return m.client.stream(ctx, get("GET MIME", m.payer, to("/users", m.user, "messages", id, "$value")))
}

// stream opens an answer that consists of content.
func (c *Client) stream(ctx context.Context, k call) (*Stream, error) {
	k.header, k.limit, k.opaque = map[string]string{"Accept": "*/*"}, maxStream, true
	a, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	return &Stream{a}, nil
}

// maxStream bounds an answer that is streamed: Exchange Online accepts messages of up to
// 150 MB.
const maxStream = 1 << 30

// Stream is an answer that is read as it arrives.
type Stream struct{ a *answer }

// Read reads from the answer. Its errors are of type [*Error].
func (s *Stream) Read(p []byte) (int, error) { return s.a.read(p) }

// Close gives up whatever has not been read.
func (s *Stream) Close() error {
	s.a.close()
	return nil
}
