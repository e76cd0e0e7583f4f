package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Headers that are sent twice, or in a form that no browser or client uses, are not trusted.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	host := strings.TrimPrefix(s.url, "http://")
	order := strings.TrimSuffix(body(t, "", bob), "}") + "}"
	order = strings.Replace(order, `"id":"",`, "", 1)
	for name, tc := range map[string]struct {
		headers []string
		status  int
	}{
		"nothing odd":                {nil, 202},
		"own origin":                 {[]string{"Origin: http://" + host}, 202},
		"own origin in capitals":     {[]string{"Origin: HTTP://" + host}, 202},
		"a user in the origin":       {[]string{"Origin: http://user@" + host}, 403},
		"a path in the origin":       {[]string{"Origin: http://" + host + "/x"}, 403},
		"an origin without a scheme": {[]string{"Origin: //" + host}, 403},
		"another kind of origin":     {[]string{"Origin: ftp://" + host}, 403},
		"two sites":                  {[]string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"}, 403},
		"two types":                  {[]string{"Content-Type: text/plain"}, 415},
		"two proxies":                {[]string{"Via:", "Via: 1.1 proxy"}, 403},
		"an empty proxy":             {[]string{"X-Forwarded-For:"}, 403},
		"a key":                      {[]string{"Idempotency-Key: k1"}, 202},
		"a key in quotes":            {[]string{`Idempotency-Key: "k2"`}, 202},
		"an empty key":               {[]string{"Idempotency-Key:"}, 400},
		"an empty key in quotes":     {[]string{`Idempotency-Key: ""`}, 400},
		"two keys":                   {[]string{"Idempotency-Key: k3", "Idempotency-Key: k4"}, 400},
		"a key in other quotes":      {[]string{"Idempotency-Key: 'k'"}, 400},
		"a key in backquotes":        {[]string{"Idempotency-Key: `k`"}, 400},
		"a key with an escape":       {[]string{`Idempotency-Key: "\u006b"`}, 400},
	} {
		conn := s.dial(t)
		text := fmt.Sprintf("POST /alerts HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s",
			host, len(order), strings.Join(append(tc.headers, ""), "\r\n"), order)
		assert.Equal(t, tc.status, ask(t, conn, text), name)
		require.NoError(t, conn.Close())
	}
	for host, status := range map[string]int{"[::1]": 404, "[::1]:8081": 404, "[[::1]]": 421, "127.0.0.1]": 421, "::1": 421} {
		assert.Equal(t, status, ask(t, s.dial(t), "GET /alerts/none HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"), host)
	}
}

// The service does not wait for a body that announces that it is too long. If a body does not
// arrive, the response says what was wrong.
func TestBodyThatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := newLab(t).start(t)
	began := time.Now()
	for _, path := range []string{"/alerts", "/alerts/a1/restore"} {
		assert.Equal(t, http.StatusRequestEntityTooLarge, ask(t, s.dial(t),
			"POST "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{}"), path)
	}
	assert.Less(t, time.Since(began), 10*time.Second)

	err := badJSON(fmt.Errorf("read tcp: %w", errTimeout{}))
	p, ok := err.(*problem)
	require.True(t, ok)
	assert.Equal(t, http.StatusRequestTimeout, p.Status)

	conn := s.dial(t) // a chunk of length zero, and nothing after it
	_, err = conn.Write([]byte("POST /alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
}

// errTimeout is the error of a read that took too long.
type errTimeout struct{}

func (errTimeout) Error() string   { return "i/o timeout" }
func (errTimeout) Timeout() bool   { return true }
func (errTimeout) Temporary() bool { return true }
