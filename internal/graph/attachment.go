package graph

import (
	"context"
	"iter"
	"strings"
)

// Attachment describes an attachment.
type Attachment struct {
	Type        string `json:"@odata.type"`
	ID          string `json:"id"`
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`
	Inline      bool   `json:"isInline"`
}

// IsItem reports whether it is itself a message or another item.
func (a Attachment) IsItem() bool {
	return strings.EqualFold(a.Type, "#microsoft.graph.itemAttachment")
}

// IsReference reports whether it is only the name of a file that is kept elsewhere.
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

// MIME opens the MIME form of a message, which Graph makes anew. It must be closed.
func (m Mailbox) MIME(ctx context.Context, id string) (*Stream, error) {
	return m.client.stream(ctx, get("GET MIME", m.payer, to("/users", m.user, "messages", id, "$value")))
}

// AttachmentContent opens the bytes of a file, or the MIME form of an item. It must be
// closed. A reference has none.
// See https://learn.microsoft.com/en-us/graph/api/attachment-get.
func (m Mailbox) AttachmentContent(ctx context.Context, id, attachment string) (*Stream, error) {
	return m.client.stream(ctx, get("GET content of an attachment", m.payer, to("/users", m.user, "messages", id, "attachments", attachment, "$value")))
}

func (c *Client) stream(ctx context.Context, k call) (*Stream, error) {
	k.header, k.limit, k.message = map[string]string{"Accept": "*/*"}, maxStream, true
	a, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	return &Stream{a}, nil
}

// maxStream bounds an answer that is streamed: Exchange Online takes messages of up to
// 150 MB.
const maxStream = 1 << 30

// Stream is an answer that is read as it comes.
type Stream struct{ a *answer }

// Read reads from the answer. An error of it is an [*Error].
func (s *Stream) Read(p []byte) (int, error) { return s.a.read(p) }

// Close gives up what was not read.
func (s *Stream) Close() error {
	s.a.close()
	return nil
}
