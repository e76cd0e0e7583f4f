package graph_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

const (
	uploadLink = "https://outlook.example.test/api/x?authtoken=verysecret"
	begun      = `{"uploadUrl":"` + uploadLink + `","nextExpectedRanges":["0-"]}`
	ranged     = 3 << 20
)

func uploaded(t *testing.T, s *server, size int, change ...func(*graph.Options)) (err error) {
	synctest.Test(t, func(t *testing.T) {
		err = mailbox(t, s, change...).Upload(t.Context(), "id", graph.Attachment{Name: "a.bin", ContentType: "x/y", ContentID: "c"}, int64(size), bytes.NewReader(make([]byte, size)))
	})
	return err
}

func TestUpload(t *testing.T) {
	t.Parallel()
	const size = 2*ranged + 5
	var wire bytes.Buffer
	s := script(answer(201, begun), answer(200, `{"nextExpectedRanges":["3145728"]}`),
		answer(504, ""), answer(200, `{"nextExpectedRanges":["3145728-"]}`), // it has not arrived
		answer(500, ""), answer(200, `{"nextExpectedRanges":["6291456"]}`), // it has arrived
		answer(201, ""))
	require.NoError(t, uploaded(t, s, size, func(o *graph.Options) { o.Wire = &wire }))
	assert.JSONEq(t, `{"AttachmentItem":{"attachmentType":"file","name":"a.bin","size":6291461,"isInline":false,"contentType":"x/y","contentId":"c"}}`, s.asked[0].body)
	var spans []string
	for _, a := range s.asked[1:] {
		assert.Equal(t, uploadLink, a.url)
		assert.Empty(t, a.header.Get("Authorization"))
		assert.Empty(t, a.header.Get("client-request-id"))
		spans = append(spans, a.method+" "+a.header.Get("Content-Range"))
	}
	assert.Equal(t, []string{
		"PUT bytes 0-3145727/6291461", "PUT bytes 3145728-6291455/6291461", "GET ", "PUT bytes 3145728-6291455/6291461", "GET ",
		"PUT bytes 6291456-6291460/6291461",
	}, spans)
	assert.NotContains(t, wire.String(), "verysecret")
	assert.NotContains(t, wire.String(), "\x00\x00")
	assert.Contains(t, wire.String(), "[3145728 bytes not shown]")
}

func TestUploadThatFails(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answers []func(*http.Request) (*http.Response, error)
		size    int
		undone  bool
	}{
		"plain link":      {[]func(*http.Request) (*http.Response, error){answer(201, `{"uploadUrl":"http://x.example/"}`)}, ranged, true},
		"no link":         {[]func(*http.Request) (*http.Response, error){answer(201, `{}`)}, ranged, true},
		"refused":         {[]func(*http.Request) (*http.Response, error){answer(201, begun), answer(401, `{"Message":"expired"}`)}, ranged, true},
		"another range":   {[]func(*http.Request) (*http.Response, error){answer(201, begun), answer(200, `{"nextExpectedRanges":["7"]}`), answer(200, `{"nextExpectedRanges":["7"]}`)}, ranged + 1, false},
		"several ranges":  {[]func(*http.Request) (*http.Response, error){answer(201, begun), answer(200, `{"nextExpectedRanges":["1","2"]}`), answer(404, ``)}, ranged + 1, false},
		"lost at the end": {[]func(*http.Request) (*http.Response, error){answer(201, begun), breaks(io.ErrUnexpectedEOF), answer(401, `{"Message":"over"}`)}, ranged, false},
		"not at its end":  {[]func(*http.Request) (*http.Response, error){answer(201, begun), answer(200, `{}`), answer(401, ``)}, ranged, false},
	} {
		err := uploaded(t, script(c.answers...), c.size)
		require.Error(t, err, what)
		e, ok := errors.AsType[*graph.Error](err)
		require.True(t, ok, what)
		assert.Equal(t, c.undone, e.NotExecuted(), "%s: %v", what, err)
		assert.NotContains(t, err.Error(), "verysecret", what)
	}
	s := script(answer(201, begun))
	err := mailbox(t, s).Upload(t.Context(), "id", graph.Attachment{}, 5, strings.NewReader("abc"))
	_, short := errors.AsType[*graph.SourceError](err)
	assert.True(t, short, "%v", err)
	assert.Len(t, s.asked, 1)
}

func TestMIMEIsNotOnTheWire(t *testing.T) {
	t.Parallel()
	var wire bytes.Buffer
	s := script(answer(200, `{"a":"Dear Alice"}`), answer(404, `{"error":{"code":"ErrorItemNotFound"}}`))
	box := mailbox(t, s, func(o *graph.Options) { o.Wire = &wire })
	for range 2 {
		if mime, err := box.MIME(t.Context(), "id"); err == nil {
			_, _ = io.Copy(io.Discard, mime)
			mime.Close()
		}
	}
	assert.NotContains(t, wire.String(), "Dear Alice")
	assert.Contains(t, wire.String(), "[18 bytes not shown]")
	assert.Contains(t, wire.String(), "ErrorItemNotFound", "an error is no content")
}

func TestCreateNeedsAnID(t *testing.T) {
	t.Parallel()
	for _, a := range []func(*http.Request) (*http.Response, error){answer(200, `{}`), answer(201, `{}`), answer(200, `{"id":"x"}`)} {
		_, err := mailbox(t, script(a)).Create(t.Context(), "folder", nil)
		e, ok := errors.AsType[*graph.Error](err)
		require.True(t, ok)
		assert.False(t, e.NotExecuted())
	}
}

// FuzzUpload: whatever a session answers, an upload ends.
func FuzzUpload(f *testing.F) {
	f.Add(begun, `{"nextExpectedRanges":["3145728"]}`, 200)
	f.Add(begun, ``, 201)
	f.Add(`{"uploadUrl":"https://[::1"}`, `{"nextExpectedRanges":null}`, 200)
	f.Fuzz(func(t *testing.T, first, second string, status int) {
		s := &server{}
		for range 20 {
			s.answers = append(s.answers, answer(status, second))
		}
		s.answers[0] = answer(201, first)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_ = mailbox(t, s, func(o *graph.Options) { o.Attempts = 1 }).Upload(ctx, "id", graph.Attachment{}, ranged+1, bytes.NewReader(make([]byte, ranged+1)))
	})
}
