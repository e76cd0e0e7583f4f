package ews_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func contentOf(r func() io.Reader, size int64) ews.Content {
	return ews.Content{Open: func() (io.ReadCloser, error) { return io.NopCloser(r()), nil }, Size: size}
}

func create(ctx context.Context, c *ews.Client, content ews.Content) error {
	_, err := c.CreateItem(ctx, ews.CreateItemRequest{Folder: inbox(), MIME: content})
	return err
}

var created = success(ews.OpCreateItem, `<m:Items><t:Message><t:ItemId Id="new" ChangeKey="K"/></t:Message></m:Items>`)

var sentMIME = regexp.MustCompile(`(?s)<t:MimeContent[^>]*>(.*)</t:MimeContent>`)

// TestContentIsEncoded uses readers that return content in all kinds of pieces.
func TestContentIsEncoded(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 4, 5, 3000, 48 << 10, 48<<10 + 1, 100_001} {
		data := bytes.Repeat([]byte{0xFB, 0x00, 0xFF, 'x', '<'}, n/5+1)[:n]
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole":         func(r io.Reader) io.Reader { return r },
			"byte by byte":  iotest.OneByteReader,
			"halves":        iotest.HalfReader,
			"data with EOF": iotest.DataErrReader,
		} {
			for _, size := range []int64{int64(n), -1} {
				var length int64
				srv := serve(func(r *http.Request, body string) (*http.Response, error) {
					length = r.ContentLength
					return ok(ews.OpCreateItem, created)(r, body)
				})
				require.NoError(t, create(t.Context(), newClient(t, srv, nil), contentOf(func() io.Reader { return wrap(bytes.NewReader(data)) }, size)))
				body := srv.seen()[0].body
				got, err := base64.StdEncoding.DecodeString(sentMIME.FindStringSubmatch(body)[1])
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, got), "%d %s", n, name)
				if size < 0 {
					assert.EqualValues(t, -1, length)
				} else {
					assert.EqualValues(t, len(body), length)
				}
			}
		}
	}
}

func TestBase64IsPassedOn(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":          "QUJDREVG",
		"padded":         "QUJDREU=",
		"lines":          "QUJD\r\nREVG\r\n",
		"split padding":  "QQ=\r\n=",
		"blanks, indent": "\n   QUJD\n\tREVG\n ",
		"long":           strings.Repeat("QUJD", 40_000) + "QQ==",
	} {
		for _, size := range []int64{int64(len(text)), -1} {
			srv := serve(ok(ews.OpCreateItem, created))
			content := contentOf(func() io.Reader { return strings.NewReader(text) }, size)
			content.Base64 = true
			require.NoError(t, create(t.Context(), newClient(t, srv, nil), content), name)
			assert.Equal(t, text, sentMIME.FindStringSubmatch(srv.seen()[0].body)[1], name)
		}
	}
}

// TestBrokenContent: the server never gets the whole request, and the error reports that
// nothing was done.
func TestBrokenContent(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	whole := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			mu.Lock()
			whole++
			mu.Unlock()
		}
	}))
	defer srv.Close()
	c, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	require.NoError(t, err)

	broken := errors.New("disk error")
	text := func(s string, size int64, isBase64 bool) ews.Content {
		content := contentOf(func() io.Reader { return strings.NewReader(s) }, size)
		content.Base64 = isBase64
		return content
	}
	large := strings.Repeat("QUJD", 50_000)
	for name, tt := range map[string]struct {
		content ews.Content
		says    string
	}{
		"too short":               {text("abc", 4, false), "ends after 3 of 4 bytes"},
		"too short, large":        {text(large, int64(len(large))+1, false), "ends after"},
		"too long":                {text("abcde", 4, false), "longer than its Size of 4"},
		"too long, base64":        {text(large, int64(len(large))-4, true), "longer"},
		"too short, base64":       {text(large, int64(len(large))+4, true), "ends after"},
		"empty, unknown size":     {text("", -1, false), "empty"},
		"blank base64":            {text(" \r\n", -1, true), "empty"},
		"markup in base64":        {text("QUJD</t:MimeContent><t:Subject>x", -1, true), "not valid base64"},
		"reference in base64":     {text("QUJD&lt;QUJ", -1, true), "not valid base64"},
		"marker in base64":        {text("QUJD=== Truncated Data ===", -1, true), "not valid base64"},
		"data behind padding":     {text("QQ==QUJD", -1, true), "not valid base64"},
		"too much padding":        {text("Q===", -1, true), "not valid base64"},
		"base64 cut":              {text("QUJDQ", -1, true), "cut short"},
		"url alphabet":            {text("QU-_", -1, true), "not valid base64"},
		"late markup":             {text(large+"<", -1, true), "not valid base64"},
		"error at once":           {contentOf(func() io.Reader { return iotest.ErrReader(broken) }, 10), "disk error"},
		"error later":             {contentOf(func() io.Reader { return io.MultiReader(strings.NewReader(large), iotest.ErrReader(broken)) }, -1), "disk error"},
		"error when it is opened": {ews.Content{Open: func() (io.ReadCloser, error) { return nil, broken }, Size: 10}, "disk error"},
		"error when it is closed": {ews.Content{Open: func() (io.ReadCloser, error) { return closeError{strings.NewReader("abc"), broken}, nil }, Size: 3}, "disk error"},
	} {
		err := create(t.Context(), c, tt.content)
		require.Error(t, err, name)
		assert.ErrorContains(t, err, tt.says, name)
		assert.True(t, ews.NotExecuted(err), name)
		assert.False(t, ews.Ambiguous(err), name)
		assert.False(t, ews.IsTransient(err), name)
		_, isTransport := errors.AsType[*ews.TransportError](err)
		assert.True(t, isTransport, "%s: %T", name, err)
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Zero(t, whole, "requests that arrived complete")
}

type closeError struct {
	io.Reader
	err error
}

func (c closeError) Close() error { return c.err }

// TestContentIsOpenedForEachLeg: a RoundTripper that authenticates sends the
// request more than once.
func TestContentIsOpenedForEachLeg(t *testing.T) {
	t.Parallel()
	opened := 0
	content := ews.Content{Size: 3, Open: func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader("abc")), nil
	}}
	srv := serve(ok(ews.OpCreateItem, created))
	legs := roundTripper(func(r *http.Request) (*http.Response, error) {
		first, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body.Close()
		again, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		second, err := io.ReadAll(again)
		if err != nil {
			return nil, err
		}
		assert.Equal(t, string(first), string(second))
		r2 := r.Clone(r.Context())
		r2.Body, err = r.GetBody()
		if err != nil {
			return nil, err
		}
		return srv.RoundTrip(r2)
	})
	require.NoError(t, create(t.Context(), newClient(t, legs, nil), content))
	assert.Equal(t, 3, opened)
	assert.Contains(t, srv.seen()[0].body, ">YWJj<")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestContentIsLeftAlone: once the call has returned, the content is not read,
// even if the server answered before it had everything.
func TestContentIsLeftAlone(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		w.(http.Flusher).Flush()
	}))
	defer srv.Close()
	c, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	require.NoError(t, err)
	reader := &guardedReader{}
	err = create(t.Context(), c, ews.Content{Size: 1 << 40, Open: func() (io.ReadCloser, error) { return io.NopCloser(reader), nil }})
	reader.mu.Lock()
	reader.over = true
	reader.mu.Unlock()
	require.Error(t, err)
	assert.True(t, ews.NotExecuted(err))
	srv.CloseClientConnections()
	srv.Close()
	reader.mu.Lock()
	defer reader.mu.Unlock()
	assert.False(t, reader.late)
}

type guardedReader struct {
	mu         sync.Mutex
	over, late bool
}

func (g *guardedReader) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.late = g.late || g.over
	return len(p), nil
}

// TestUploadTimeoutCountsFromTheLastPiece: moving content is not bounded, but
// the wait for the response is.
func TestUploadTimeoutCountsFromTheLastPiece(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T) {
		slow := func() io.Reader {
			return readerFunc(func() func(p []byte) (int, error) {
				n := 0
				return func(p []byte) (int, error) {
					if n++; n > 20 {
						return 0, io.EOF
					}
					time.Sleep(time.Minute)
					return copy(p, "abc"), nil
				}
			}())
		}
		srv := serve(ok(ews.OpCreateItem, created), func(r *http.Request, _ string) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		c := newClient(t, srv, nil)
		begin := time.Now()
		require.NoError(t, create(t.Context(), c, contentOf(slow, 60)))
		assert.Equal(t, 20*time.Minute, time.Since(begin))

		begin = time.Now()
		err := create(t.Context(), c, ews.BytesContent([]byte("abc")))
		assert.Equal(t, 130*time.Second, time.Since(begin))
		assert.ErrorContains(t, err, "Options.Timeout")
		assert.True(t, ews.Ambiguous(err))
		assert.True(t, ews.IsTransient(err))
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
