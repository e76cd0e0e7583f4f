package graphtest

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

var attachmentNames = []string{"id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"}

// fileNames are the properties that only files have: $select names them with their type.
var fileNames = []string{"contentId", "contentLocation", "contentBytes"}

const fileType = "microsoft.graph.fileAttachment"

// kindOf returns the type of an attachment: a file, an item, or a reference to a file
// elsewhere.
func kindOf(a mailstore.Attached) string {
	switch {
	case a.Item:
		return "#microsoft.graph.itemAttachment"
	case len(a.Link) > 0:
		return "#microsoft.graph.referenceAttachment"
	}
	return "#" + fileType
}

// describe returns an attachment, with its content if it is a file and nothing else was
// selected.
func (c *call) describe(it *mailstore.Item, a mailstore.Attached, selects []string) object {
	o := object{
		"@odata.type": kindOf(a), "@odata.mediaContentType": a.ContentType,
		"id": c.attachmentID(it, a.Number), "lastModifiedDateTime": stamp(a.Made), "name": a.Name,
		"contentType": a.ContentType, "size": a.Size, "isInline": a.Inline,
	}
	if kindOf(a) == "#"+fileType {
		o["contentId"], o["contentLocation"] = a.ContentID, a.Location
		if selects == nil || slices.Contains(selects, "contentBytes") {
			content, _ := io.ReadAll(a.Open()) // from memory: cannot fail
			o["contentBytes"] = content
		}
	}
	return (&query{selects: selects}).selected(o)
}

// attachments returns the attachments of a message.
func (c *call) attachments(it *mailstore.Item, selects []string, _ bool) []object {
	all := []object{}
	for _, a := range it.Attached() {
		all = append(all, c.describe(it, a, selects))
	}
	return all
}

func (c *call) attachmentQuery() *refusal {
	if c.query.filter != nil || c.query.orderBy != "" || len(c.query.expand) > 0 {
		return lacks("$filter, $orderby and $expand of attachments")
	}
	known := attachmentNames
	for i, s := range c.query.selects {
		if name, ok := strings.CutPrefix(s, fileType+"/"); ok && slices.Contains(fileNames, name) {
			c.query.selects = slices.Clone(c.query.selects)
			c.query.selects[i], known = name, append(slices.Clip(known), name)
		}
	}
	return c.query.only("attachment", known)
}

func listAttachments(c *call) (*answer, *refusal) {
	if refused := c.attachmentQuery(); refused != nil {
		return nil, refused
	}
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	rows := it.Attached()
	return paged(c, rows, len(rows), func(a mailstore.Attached) object { return c.describe(it, a, c.query.selects) }), nil
}

func getAttachment(c *call) (*answer, *refusal) {
	if refused := c.attachmentQuery(); refused != nil {
		return nil, refused
	}
	it, a, refused := c.addressedAttachment()
	if refused != nil {
		return nil, refused
	}
	return jsonAnswer(http.StatusOK, c.entity(c.describe(it, a, c.query.selects))), nil
}

func (c *call) addressedAttachment() (*mailstore.Item, mailstore.Attached, *refusal) {
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, mailstore.Attached{}, refused
	}
	a, refused := c.attachment(it, c.arg("attachment"))
	return it, a, refused
}

// getAttachmentContent answers the bytes of a file, and the MIME of an item
// (https://learn.microsoft.com/en-us/graph/api/attachment-get).
func getAttachmentContent(c *call) (*answer, *refusal) {
	_, a, refused := c.addressedAttachment()
	if refused != nil {
		return nil, refused
	}
	out := &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/octet-stream"}}}
	switch {
	case a.Item:
		for _, p := range a.Inner().MIME() {
			out.body = append(out.body, piece{raw: p})
		}
	case len(a.Link) > 0:
		return nil, refuse(http.StatusMethodNotAllowed, "ErrorInvalidRequest", "A reference attachment has no content.")
	default:
		content, _ := io.ReadAll(a.Open())
		out.body = []piece{{raw: content}}
	}
	return out, nil
}

// maxAttachment is the number of bytes above which a file needs an upload session.
const maxAttachment = 3 << 20

// addAttachment adds a file of up to 3 MB
// (https://learn.microsoft.com/en-us/graph/api/message-post-attachments).
func addAttachment(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	if !strings.HasPrefix(strings.ToLower(c.in.header.Get("Content-Type")), "application/json") {
		return nil, bad("A valid Content-Type header is required: application/json.")
	}
	o, err := decode(c.in.body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "UnableToDeserializePostBody", "Unable to deserialize the POST body.")
	}
	f, refused := fileOf(o)
	if refused != nil {
		return nil, refused
	}
	if len(f.Content) > maxAttachment {
		return nil, refuse(http.StatusRequestEntityTooLarge, "ErrorAttachmentSizeLimitExceeded", "The attachment is too large for one request.")
	}
	if c.strikes(faultNothing) {
		return jsonAnswer(http.StatusCreated, object{"name": f.Name}), nil
	}
	if _, ok := it.Attach(nil, *f, nil); !ok {
		return nil, refuse(http.StatusBadRequest, "ErrorInvalidOperation", "The message takes no attachment.")
	}
	c.acted = true
	all := it.Attached()
	return jsonAnswer(http.StatusCreated, c.entity(c.describe(it, all[len(all)-1], nil))), nil
}
