package ews_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// lines records the connection of each request.
type lines struct {
	next http.RoundTripper
	mu   sync.Mutex
	used []string
}

// RoundTrip passes the request on.
func (l *lines) RoundTrip(r *http.Request) (*http.Response, error) {
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.used = append(l.used, info.Conn.LocalAddr().String())
	}}
	return l.next.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
}

// A connection is reused, but not after an answer that may leave it out of step: the next
// answer on it could belong to an earlier request.
func TestConnectionOutOfStep(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault ewstest.Fault
		odd   ewstest.Oddities
		kept  bool
	}{
		"nothing":               {fault: ewstest.Slow(0), kept: true},
		"a refusal":             {fault: ewstest.MemberCode("ErrorItemNotFound"), kept: true},
		"a fault":               {fault: ewstest.FaultCode("ErrorAccessDenied"), kept: true},
		"a fault with HTTP 200": {fault: ewstest.FaultCode("ErrorAccessDenied"), odd: ewstest.OddBareFaults},
		"403 of a gateway":      {fault: ewstest.Gateway(403), kept: true},
		"503 of a gateway":      {fault: ewstest.Gateway(503), kept: true},
		"400 of a gateway":      {fault: ewstest.Gateway(400)},
		"408 of a gateway":      {fault: ewstest.Gateway(408)},
		"411 of a gateway":      {fault: ewstest.Gateway(411)},
		"413 of a gateway":      {fault: ewstest.Gateway(413)},
		"501 of a gateway":      {fault: ewstest.Gateway(501)},
		"another id":            {fault: ewstest.WrongRequestID},
		"an earlier answer":     {fault: ewstest.EarlierAnswer},
		"two answers":           {fault: ewstest.TwoAnswers},
		"a message more":        {fault: ewstest.ResponseMessageTwice},
		"a message less":        {fault: ewstest.NoResponseMessage},
		"a stall":               {fault: ewstest.Stall(0)},
		"a cut":                 {fault: ewstest.CutResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(&ewstest.Options{Odd: tt.odd})
			t.Cleanup(srv.Close)
			m := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: x\r\n\r\ny\r\n"))
			l := &lines{next: srv.As(srv.Transport(), "alice@example.test")}
			stall := time.Minute // a busy machine takes its time
			if name == "a stall" {
				stall = time.Second
			}
			c, err := ews.NewClient(srv.URL(), &ews.Options{Transport: l, ReadAttempts: 1, StallTimeout: stall})
			require.NoError(t, err)
			read := func() error {
				items, err := c.GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{m.ID}})
				if err == nil {
					err = items.Err()
				}
				return err
			}
			require.NoError(t, getFolder(t.Context(), c))
			require.NoError(t, read())
			srv.FailNext(ews.OpGetItem, tt.fault)
			if err := read(); name != "nothing" {
				require.Error(t, err)
			}
			require.NoError(t, read())
			// net/http may choose a connection that is just being closed, and then another.
			require.GreaterOrEqual(t, len(l.used), 4)
			assert.True(t, len(l.used) == 4 || !tt.kept)
			assert.Equal(t, l.used[0], l.used[1])
			assert.Equal(t, l.used[1], l.used[2])
			assert.Equal(t, tt.kept, l.used[2] == l.used[len(l.used)-1])
		})
	}
}

// early is a server that answers once it has read part of a body, and reads no further
// for a while.
func early(t *testing.T, status int, body string) (url string, connections func() int) {
	t.Helper()
	var listening net.ListenConfig
	listener, err := listening.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var mu sync.Mutex
	n := 0
	var wg sync.WaitGroup
	t.Cleanup(func() { listener.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			n++
			mu.Unlock()
			t.Cleanup(func() { conn.Close() })
			wg.Go(func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.CopyN(io.Discard, req.Body, 1000)
					answer := "HTTP/1.1 " + strconv.Itoa(status) + " x\r\nContent-Type: text/xml\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
					if _, err := io.WriteString(conn, answer); err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
				}
			})
		}
	})
	return "http://" + listener.Addr().String() + "/EWS/Exchange.asmx", func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// An answer that arrives before the whole request has been sent: a success cannot be the
// answer to it, and after a refusal the connection still carries the rest of the request.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
	}{
		"success": {200, soap(response(ews.OpCreateItem, created))}, "413": {413, ""}, "503": {503, ""}, "fault": {500, fault("ErrorServerBusy", "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, connections := early(t, tt.status, tt.body)
			c, err := ews.NewClient(url, nil)
			require.NoError(t, err)
			for n := range 2 {
				// The rest is slow, so the answer arrives first.
				content := ews.Content{Size: 1 << 20, Open: func() (io.ReadCloser, error) {
					return io.NopCloser(&slower{left: 1 << 20, quick: 1 << 19}), nil
				}}
				_, err := c.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: content})
				require.Error(t, err)
				if tt.status == 200 {
					assert.ErrorContains(t, err, "before the request was sent whole")
					assert.True(t, ews.NotExecuted(err), "what a server did not get it cannot carry out")
				}
				assert.Equal(t, n+1, connections())
			}
		})
	}
}

// slower is content that arrives in small pieces after a quick beginning.
type slower struct{ left, quick int }

func (s *slower) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), s.left)
	if s.left <= s.quick {
		time.Sleep(time.Millisecond)
		n = min(n, 300)
	}
	s.left -= n
	clear(p[:n])
	return n, nil
}
