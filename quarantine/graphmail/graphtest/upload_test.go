package graphtest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// put sends a range to the address of an upload session.
func (c *caller) put(address string, from, size int, content []byte, headers ...string) *reply {
	c.t.Helper()
	span := fmt.Sprintf("bytes %d-%d/%d", from, from+len(content)-1, size)
	return c.do("PUT", address, string(content), append([]string{"Content-Range", span}, headers...)...)
}

// uploadTo begins an upload, and returns its address.
func (c *caller) uploadTo(message string, size int) string {
	c.t.Helper()
	item := object{"attachmentType": "file", "name": "large.bin", "size": size, "contentType": "application/x-large", "isInline": true, "contentId": "l@x"}
	made := c.want(201, "POST", user(alice)+"/messages/"+message+"/attachments/createUploadSession", object{"AttachmentItem": item})
	assert.Equal(c.t, []any{"0-"}, made.body["nextExpectedRanges"])
	assert.NotEmpty(c.t, made.str("expirationDateTime"))
	return made.str("uploadUrl")
}

func TestUploadSessions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one", "two")
	id := c.one(alice, "one")
	content := bytes.Repeat([]byte("0123456789abcdef"), 400_000) // 6.4 MB
	size, half := len(content), 3_500_000
	address := c.uploadTo(id, size)

	assert.Equal(t, 401, c.put(address, 0, size, content[:half], "Authorization", "Bearer x").status)
	assert.Equal(t, 401, c.put(address+"x", 0, size, content[:half]).status)
	assert.Equal(t, 416, c.put(address, half, size, content[half:]).status)
	assert.Equal(t, 400, c.put(address, 0, size+1, content[:half]).status)
	assert.Equal(t, 413, c.put(address, 0, size, content[:4<<20]).status)
	assert.Equal(t, 405, c.do("PATCH", address, nil).status)

	assert.Equal(t, []any{"3500000"}, c.put(address, 0, size, content[:half]).body["nextExpectedRanges"])
	assert.Equal(t, []any{"3500000"}, c.want(200, "GET", address, nil).body["nextExpectedRanges"])
	assert.Equal(t, 416, c.put(address, 0, size, content[:half]).status)
	assert.Empty(t, c.want(200, "GET", user(alice)+"/messages/"+id+"/attachments", nil).rows())
	last := c.put(address, half, size, content[half:])
	assert.Equal(t, 201, last.status)
	assert.Contains(t, last.header.Get("Location"), "/Attachments('")
	assert.Equal(t, 401, c.do("GET", address, nil).status, "it is over")

	files := c.want(200, "GET", user(alice)+"/messages/"+id+"/attachments?$select=id,name,isInline,contentType,microsoft.graph.fileAttachment/contentId", nil).rows()
	require.Len(t, files, 1)
	assert.Equal(t, []any{"large.bin", true, "application/x-large", "l@x"}, []any{files[0]["name"], files[0]["isInline"], files[0]["contentType"], files[0]["contentId"]})
	assert.Equal(t, string(content), c.want(200, "GET", user(alice)+"/messages/"+id+"/attachments/"+files[0]["id"].(string)+"/$value", nil).text)

	address = c.uploadTo(id, size)
	c.want(204, "DELETE", address, nil)
	assert.Equal(t, 401, c.put(address, 0, size, content[:half]).status)
	address = c.uploadTo(id, size)
	c.want(204, "DELETE", user(alice)+"/messages/"+id, nil)
	assert.Equal(t, 404, c.put(address, 0, size, content[:half]).status)
	for _, q := range c.srv.Requests() {
		assert.NotContains(t, q.URL, "authtoken")
	}
}

func TestUploadsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, &graphtest.Options{UploadLifetime: time.Minute})
		c.deliver("one")
		id := c.one(alice, "one")
		path := user(alice) + "/messages/" + id + "/attachments/createUploadSession"
		item := func(o object) object { return object{"AttachmentItem": o} }
		c.refused(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", "POST", path, item(object{"attachmentType": "file", "name": "a", "size": 3<<20 - 1}))
		c.refused(413, "ErrorAttachmentSizeLimitExceeded", "POST", path, item(object{"attachmentType": "file", "name": "a", "size": 150_000_001}))
		c.refused(400, "BadRequest", "POST", path, item(object{"attachmentType": "file", "name": "a"}))
		c.refused(400, "BadRequest", "POST", path, item(object{"attachmentType": "file", "name": "a", "size": 4_000_000, "contentBytes": "AA=="}))
		c.refused(501, "NotImplemented", "POST", path, item(object{"attachmentType": "item", "name": "a", "size": 4_000_000}))
		c.refused(400, "BadRequest", "POST", path, object{"attachmentItem": nil})

		address := c.uploadTo(id, 4_000_000)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, struct{ *bytes.Reader }{bytes.NewReader(make([]byte, 10))})
		require.NoError(t, err)
		r.Header.Set("Content-Range", "bytes 0-9/4000000")
		r.ContentLength = -1
		res, err := c.rt.RoundTrip(r)
		require.NoError(t, err)
		assert.Equal(t, 411, res.StatusCode)
		time.Sleep(time.Minute)
		assert.Equal(t, 401, c.put(address, 0, 4_000_000, make([]byte, 10)).status, "expired")
		address = c.uploadTo(id, 4_000_000)
		c.srv.ExpireUploads()
		assert.Equal(t, 401, c.do("GET", address, nil).status)
	})
}
