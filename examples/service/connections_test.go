package main

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dial opens a connection to the service.
func (i *instance) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(i.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

// ask sends a request over a connection and returns the status of the response.
func ask(t *testing.T, conn net.Conn, text string) int {
	t.Helper()
	_, err := conn.Write([]byte(text))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

const probe = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

// Connections are bounded: an idle one is closed for a new caller. If none is idle, callers
// wait until a connection ends, and are then served.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newLab(t).start(t, "-connections", "3")
	idle := []net.Conn{s.dial(t), s.dial(t), s.dial(t)}
	for _, conn := range idle {
		require.Equal(t, http.StatusOK, ask(t, conn, probe))
	}
	require.Equal(t, http.StatusOK, ask(t, s.dial(t), probe), "an idle one was closed")
	for range 10 {
		require.Equal(t, http.StatusOK, ask(t, s.dial(t), probe))
	}

	var busy []net.Conn
	for range 3 { // half a request each
		conn := s.dial(t)
		_, err := conn.Write([]byte("POST /alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"))
		require.NoError(t, err)
		busy = append(busy, conn)
	}
	served := make(chan int)
	late := s.dial(t)
	go func() { served <- ask(t, late, probe) }()
	select {
	case <-served:
		require.Fail(t, "there is no room for it")
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, busy[0].Close())
	assert.Equal(t, http.StatusOK, <-served)

	for _, conn := range busy[1:] {
		require.NoError(t, conn.Close())
	}
	s.stop()
	s.end(t)
}
