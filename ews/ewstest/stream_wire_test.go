package ewstest_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// heard records what arrives over the connections of a transport.
type heard struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (h *heard) transport() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &listened{conn, h}, err
	}}
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all.String()
}

type listened struct {
	net.Conn
	to *heard
}

func (l *listened) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.to.mu.Lock()
	defer l.to.mu.Unlock()
	l.to.all.Write(p[:n])
	return n, err
}

// chunks returns the parts of a body with Transfer-Encoding chunked.
func chunks(t *testing.T, answer string) []string {
	t.Helper()
	_, body, found := strings.Cut(answer, "\r\n\r\n")
	require.True(t, found, answer)
	var all []string
	for body != "" {
		size, rest, found := strings.Cut(body, "\r\n")
		require.True(t, found, body)
		var n int
		for _, digit := range size {
			n = n*16 + strings.IndexRune("0123456789abcdef", digit)
		}
		if n == 0 {
			break
		}
		all = append(all, rest[:n])
		body = strings.TrimPrefix(rest[n:], "\r\n")
	}
	return all
}

// TestChunksOfAStream: some clients split the answer at an unprefixed Envelope, which is
// how Exchange writes it there, and take one document from each chunk.
func TestChunksOfAStream(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	var h heard
	rt := h.transport()
	t.Cleanup(rt.CloseIdleConnections)
	id := streaming(c)
	k := hang(t.Context(), c, c.srv.URL(), rt, streamXML(30, id))
	k.document()
	for range 3 {
		c.srv.Mailbox(alice).Deliver([]byte(plain))
		k.document()
	}
	for range 40 { // more than buffers of 4 KB hold
		c.srv.Mailbox(alice).Deliver([]byte(plain))
	}
	for n := 0; n < 40; {
		n += len(eventsOf(k.document()))
	}
	c.do(`<m:Unsubscribe><m:SubscriptionId>` + id + `</m:SubscriptionId></m:Unsubscribe>`)
	assert.Equal(t, []string{"ErrorSubscriptionUnsubscribed"}, codes(k.document()))
	k.ends()
	all := chunks(t, h.String())
	assert.GreaterOrEqual(t, len(all), 6)
	for _, chunk := range all {
		assert.True(t, strings.HasPrefix(chunk, `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/">`), chunk)
		assert.True(t, strings.HasSuffix(chunk, "</Envelope>"), chunk)
		assert.Equal(t, 1, strings.Count(chunk, "</Envelope>"), chunk)
	}
}
