package auth_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// connectProxy is an HTTP proxy that supports CONNECT.
type connectProxy struct {
	url string
	mu  sync.Mutex
	n   int
}

func (p *connectProxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

func newConnectProxy(t testing.TB) *connectProxy {
	t.Helper()
	p := new(connectProxy)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !assert.Equal(t, http.MethodConnect, r.Method) {
			return
		}
		p.mu.Lock()
		p.n++
		p.mu.Unlock()
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
		if !assert.NoError(t, err) {
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
			go func() { // until one end closes
				_, _ = io.Copy(pair[0], pair[1])
				pair[0].Close()
			}()
		}
	}))
	p.url = srv.URL
	t.Cleanup(srv.Close)
	return p
}
