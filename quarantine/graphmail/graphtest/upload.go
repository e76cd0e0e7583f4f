package graphtest

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// uploading is an attachment that is sent in ranges.
type uploading struct {
	app     string
	mailbox mailstore.GUID
	message string // default id of the message
	expires time.Time
	size    int64
	file    eml.File // with the content received so far
}

// Limits for uploaded attachments.
const (
	maxUpload = 150_000_000
	maxRange  = 4 << 20
)

// createUploadSession answers with an address on another host to which an attachment of
// more than 3 MB can be sent in ranges, without a token, until the address expires
// (https://learn.microsoft.com/en-us/graph/api/attachment-createuploadsession).
func createUploadSession(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	o, refused := c.json(true, "AttachmentItem")
	if refused != nil {
		return nil, refused
	}
	u, refused := uploadOf(o["AttachmentItem"])
	if refused != nil {
		return nil, refused
	}
	s := c.server
	u.app, u.mailbox, u.message, u.expires = c.app, c.box.GUID(), restID(it.ID()), s.opts.Now().Add(s.opts.UploadLifetime)
	s.mu.Lock()
	maps.DeleteFunc(s.uploads, func(_ string, old *uploading) bool { return s.opts.Now().Sub(old.expires) > s.opts.UploadLifetime })
	secret := "eyJ0eXAiOiJKV1QifQ." + s.secret("upload") + ".y"
	s.uploads[secret] = u
	s.mu.Unlock()
	state := u.state()
	state["@odata.context"] = c.in.base + "/v1.0/$metadata#microsoft.graph.uploadSession"
	state["uploadUrl"] = s.importBase(c) + uploadPath(u, s) + "?authtoken=" + secret
	return jsonAnswer(http.StatusCreated, state), nil
}

// state returns the progress of the upload.
func (u *uploading) state() object {
	next := strconv.Itoa(len(u.file.Content))
	if len(u.file.Content) == 0 {
		next = "0-"
	}
	return object{
		"expirationDateTime": u.expires.UTC().Format("2006-01-02T15:04:05.0000000Z"), "nextExpectedRanges": []string{next},
	}
}

func uploadPath(u *uploading, s *Server) string {
	return importPath + "users('" + url.PathEscape(u.mailbox.String()+"@"+s.opts.Tenant) + "')/messages('" + url.PathEscape(u.message) + "')/AttachmentSessions('1')"
}

// uploadOf reads an attachmentItem.
func uploadOf(v any) (*uploading, *refusal) {
	o, ok := v.(object)
	if !ok {
		return nil, bad("AttachmentItem must be an object.")
	}
	u := &uploading{file: eml.File{ContentType: "application/octet-stream"}}
	for name, value := range o {
		text, isText := value.(string)
		switch {
		case strings.HasPrefix(name, "@odata."), value == nil:
		case name == "isInline":
			u.file.Inline, _ = value.(bool)
		case name == "size":
			u.size, _ = strconv.ParseInt(numberText(value), 10, 64)
		case !isText:
			return nil, bad("Cannot convert the value of '%s' to the expected type.", name)
		case name == "attachmentType":
			if !strings.EqualFold(text, "file") {
				return nil, lacks("an upload session for an attachment of type " + text)
			}
		case name == "name":
			u.file.Name = text
		case name == "contentType":
			u.file.ContentType = text
		case name == "contentId":
			u.file.ContentID = text
		default:
			return nil, bad("The property '%s' does not exist on type 'microsoft.graph.attachmentItem'.", name)
		}
	}
	switch {
	case o["attachmentType"] == nil || u.file.Name == "" || u.size <= 0:
		return nil, bad("An upload session needs attachmentType, name and size.")
	case u.size < maxAttachment:
		return nil, refuse(http.StatusBadRequest, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", "Attachment size must be greater than the minimum size.")
	case u.size > maxUpload:
		return nil, refuse(http.StatusRequestEntityTooLarge, "ErrorAttachmentSizeLimitExceeded", "The attachment size exceeds the allowable limit.")
	}
	return u, nil
}

// numberText returns a number as it was written, in either allowed form.
func numberText(v any) string {
	n, ok := v.(interface{ String() string })
	if !ok {
		return ""
	}
	return n.String()
}

// uploadRoutes are the operations on the address of an upload session.
var uploadRoutes = map[string]*route{
	http.MethodPut:    {operation: OpUploadRange, method: http.MethodPut, segments: []string{"upload"}, serve: uploadRange, acts: true},
	http.MethodGet:    {operation: OpGetUploadSession, method: http.MethodGet, segments: []string{"upload"}, serve: getUploadSession},
	http.MethodDelete: {operation: OpCancelUpload, method: http.MethodDelete, segments: []string{"upload"}, serve: cancelUpload, acts: true},
}

// openUpload checks the address, which must come without a token.
func (c *call) openUpload() (*uploading, string, *refusal) {
	if c.in.header.Get("Authorization") != "" {
		return nil, "", unauthorized("The request must not have an Authorization header.")
	}
	values, err := url.ParseQuery(c.in.query)
	path, escaped := url.PathUnescape(c.in.path)
	s := c.server
	secret := values.Get("authtoken")
	s.mu.Lock()
	u := s.uploads[secret]
	s.mu.Unlock()
	if err != nil || escaped != nil || u == nil {
		return nil, "", unauthorized("The upload session is not valid.")
	}
	want, _ := url.PathUnescape(uploadPath(u, s))
	c.box, c.app = c.org.ByGUID(u.mailbox), u.app
	switch {
	case path != want:
		return nil, "", refuse(http.StatusNotFound, "", "The upload session was not found.")
	case !s.opts.Now().Before(u.expires):
		return nil, "", unauthorized("The upload session has expired.")
	case c.box.Moving:
		return nil, "", refuse(http.StatusServiceUnavailable, "", "The mailbox is being moved.")
	case c.box.Gone:
		return nil, "", refuse(http.StatusNotFound, "", "The mailbox was not found.")
	}
	return u, secret, s.enter(c)
}

// uploadRange takes the next range, and attaches the file after the last one
// (https://learn.microsoft.com/en-us/graph/outlook-large-attachments).
func uploadRange(c *call) (*answer, *refusal) {
	u, secret, refused := c.openUpload()
	if refused != nil {
		return nil, refused
	}
	from, to, size, ok := rangeOf(c.in.header.Get("Content-Range"))
	switch {
	case c.in.length < 0:
		return nil, refuse(http.StatusLengthRequired, "", "Content-Length is required.")
	case !ok || size != u.size || to-from+1 != int64(len(c.in.body)):
		return nil, refuse(http.StatusBadRequest, "", "Content-Range does not fit the content, or the size of the attachment.")
	case len(c.in.body) >= maxRange:
		return nil, refuse(http.StatusRequestEntityTooLarge, "", "A range must be less than 4 MB.")
	case from != int64(len(u.file.Content)):
		return nil, refuse(http.StatusRequestedRangeNotSatisfiable, "", "The range is not the one that is expected next.")
	}
	it, refused := c.item(u.message)
	switch {
	case refused != nil:
		return nil, refuse(http.StatusNotFound, "", "The message was not found.")
	case c.strikes(faultNothing):
		return jsonAnswer(http.StatusOK, u.state()), nil
	}
	c.acted = true
	u.file.Content = append(u.file.Content, c.in.body...)
	if to+1 < u.size {
		return jsonAnswer(http.StatusOK, u.state()), nil
	}
	if c.box.Full(u.size) {
		return nil, full()
	}
	if _, ok := it.Attach(nil, u.file, nil); !ok {
		return nil, refuse(http.StatusBadRequest, "", "The message takes no attachment.")
	}
	c.endUpload(secret)
	all := it.Attached()
	a := &answer{status: http.StatusCreated, header: make(http.Header)}
	a.header.Set("Location", "https://"+c.server.importHost()+strings.TrimSuffix(uploadPath(u, c.server), "/AttachmentSessions('1')")+
		"/Attachments('"+url.PathEscape(c.attachmentID(it, all[len(all)-1].Number))+"')")
	return a, nil
}

func (c *call) endUpload(secret string) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.server.uploads, secret)
}

// rangeOf reads a Content-Range.
func rangeOf(header string) (from, to, size int64, ok bool) {
	text, ok := strings.CutPrefix(header, "bytes ")
	span, whole, cut := strings.Cut(text, "/")
	first, last, dash := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	size, err3 := strconv.ParseInt(whole, 10, 64)
	return from, to, size, ok && cut && dash && err == nil && err2 == nil && err3 == nil && from >= 0 && to >= from && to < size
}

// getUploadSession answers with the range that is expected next.
func getUploadSession(c *call) (*answer, *refusal) {
	u, _, refused := c.openUpload()
	if refused != nil {
		return nil, refused
	}
	return jsonAnswer(http.StatusOK, u.state()), nil
}

// cancelUpload discards the upload.
func cancelUpload(c *call) (*answer, *refusal) {
	_, secret, refused := c.openUpload()
	if refused != nil {
		return nil, refused
	}
	c.endUpload(secret)
	c.acted = true
	return noContent(), nil
}

// ExpireUploads makes all upload sessions issued so far expire.
func (s *Server) ExpireUploads() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.uploads {
		u.expires = s.opts.Now()
	}
}
