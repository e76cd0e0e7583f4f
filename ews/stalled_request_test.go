package ews_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// A server that does not accept a request, or accepts it too slowly, is given up, and so
// is a proxy that does not answer. A server that is slow to answer is not.
func TestStalledRequest(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	content := ews.Content{Size: 300_000, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Repeat("x", 300_000))), nil
	}}
	slow := content
	slow.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 150_000)), late{strings.NewReader(strings.Repeat("x", 150_000))})), nil
	}
	dialing := make(chan context.Context, 1)
	for name, tt := range map[string]struct {
		serve   func(net.Conn)
		proxy   bool
		content ews.Content
		least   time.Duration
		stalls  bool
		unsent  bool
	}{
		"nothing is taken": {func(net.Conn) {}, false, content, 10 * time.Second, true, false},
		"a part is taken":  {func(c net.Conn) { _, _ = io.CopyN(io.Discard, c, 100_000) }, false, content, 10 * time.Second, true, false},
		"it is taken slowly": {func(c net.Conn) {
			for n := int64(1); n > 0; time.Sleep(time.Second) {
				n, _ = io.CopyN(io.Discard, c, 100)
			}
		}, false, content, 10 * time.Second, true, false},
		"a slow answer": {func(c net.Conn) { take(c); time.Sleep(time.Minute); _, _ = io.WriteString(c, answer) }, false, content, time.Minute, false, false},
		"another connection": {func(c net.Conn) { // is ready while the server works, and is not needed
			take(c)
			time.Sleep(time.Second)
			late := httptrace.ContextClientTrace(<-dialing)
			late.ConnectDone("tcp", "", nil)
			late.TLSHandshakeStart()
			time.Sleep(time.Minute)
			_, _ = io.WriteString(c, answer)
		}, false, content, time.Minute, false, false},
		"a slow source": {func(c net.Conn) { take(c); _, _ = io.WriteString(c, answer) }, false, slow, time.Minute, false, false},
		"a proxy":       {func(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) }, true, content, 10 * time.Second, true, true},
		"a deaf proxy":  {func(net.Conn) {}, true, content, 10 * time.Second, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					near, far := net.Pipe()
					go tt.serve(far)
					if name == "another connection" {
						dialing <- ctx
					}
					httptrace.ContextClientTrace(ctx).ConnectDone(network, addr, nil) // as a net.Dialer does
					return near, nil
				}}
				defer time.Sleep(2 * time.Second) // until the serving goroutines have ended
				defer transport.CloseIdleConnections()
				endpoint := "http://mail.example.test/EWS/Exchange.asmx"
				if tt.proxy {
					endpoint = strings.Replace(endpoint, "http:", "https:", 1)
					transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example.test:3128"})
				}
				c, err := ews.NewClient(endpoint, &ews.Options{Transport: transport, StallTimeout: 10 * time.Second, ReadAttempts: 1})
				require.NoError(t, err)
				begin := time.Now()
				_, err = c.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: tt.content})
				require.Error(t, err)
				assert.GreaterOrEqual(t, time.Since(begin), tt.least)
				assert.Equal(t, tt.stalls, errors.Is(err, os.ErrDeadlineExceeded), "%v", err)
				if !tt.stalls {
					return
				}
				assert.Less(t, time.Since(begin), tt.least+tt.least)
				assert.ErrorContains(t, err, "the request stalls")
				assert.ErrorContains(t, err, "in a configuration stallTimeout")
				assert.True(t, ews.IsTransient(err))
				assert.False(t, ews.Ambiguous(err), "a server that has not read all of it has not done it")
			})
		})
	}
}

// take reads a whole request.
func take(c net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// late takes a minute to return its first byte.
type late struct{ io.Reader }

func (l late) Read(p []byte) (int, error) {
	if r, ok := l.Reader.(*strings.Reader); ok && r.Len() == 150_000 {
		time.Sleep(time.Minute)
	}
	return l.Reader.Read(p)
}
