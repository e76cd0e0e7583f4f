package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page of another website, opened in a browser on the same machine, can neither trigger a
// restore or a quarantine nor read the results.
func TestForeignOrigin(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "correct-horse"} {
		t.Run("token "+token, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.env[envToken] = token
			s := l.start(t)
			s.post(t, "a1", alice)
			s.done(t, "a1", actionQuarantine)
			requests := []struct{ method, path, body string }{
				{http.MethodPost, "/alerts/a1/restore", ""},
				{http.MethodPost, "/alerts", body(t, "a2", alice)},
				{http.MethodGet, "/alerts/a1", ""},
			}
			for name, tc := range map[string]struct {
				headers []string
				status  int
			}{
				"another origin":             {[]string{"Origin", "https://evil.example"}, 403},
				"another port":               {[]string{"Origin", "http://127.0.0.1:1"}, 403},
				"a sandbox":                  {[]string{"Origin", "null"}, 403},
				"an origin that is none":     {[]string{"Origin", "%"}, 403},
				"another site":               {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
				"another host of the domain": {[]string{"Sec-Fetch-Site", "same-site"}, 403},
			} {
				for _, r := range requests {
					a := s.call(t, r.method, r.path, r.body, tc.headers...)
					assert.Equal(t, tc.status, a.Status, "%s: %s %s", name, r.method, r.path)
					assert.Equal(t, tc.headers[0], a.Problem.Field)
				}
			}
			for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
				for _, r := range requests[:2] {
					a := s.call(t, r.method, r.path, r.body, "Content-Type", contentType)
					assert.Equal(t, http.StatusUnsupportedMediaType, a.Status, "%s %s", r.path, contentType)
				}
			}
			for name, text := range map[string]string{"a field": `{"x":1}`, "two": "{}{}", "no JSON": "x", "an array": "[]"} {
				assert.Equal(t, http.StatusBadRequest, s.call(t, http.MethodPost, "/alerts/a1/restore", text).Status, name)
			}
			assert.Equal(t, http.StatusRequestEntityTooLarge, s.call(t, http.MethodPost, "/alerts/a1/restore", strings.Repeat(" ", maxBody+1)).Status)
			assert.Zero(t, l.copies(alice), "nothing was restored")

			own := []string{"Origin", s.url, "Sec-Fetch-Site", "same-origin"}
			read := s.call(t, http.MethodGet, "/alerts/a1", "", own...)
			assert.Equal(t, http.StatusOK, read.Status)
			assert.Equal(t, "no-store", read.Header.Get("Cache-Control"))
			require.Equal(t, http.StatusAccepted, s.call(t, http.MethodPost, "/alerts/a1/restore", "{}", own...).Status)
			s.done(t, "a1", actionRestore)
			assert.Equal(t, 1, l.copies(alice))
		})
	}
}

// Without a token only this machine is served, whatever is in between.
func TestLocalOnly(t *testing.T) {
	t.Parallel()
	reached := 0
	h := authorized("", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	for name, tc := range map[string]struct {
		peer, host string
		headers    []string
		status     int
	}{
		"this machine":        {"127.0.0.1:40000", "localhost:8081", nil, 200},
		"IPv6":                {"[::1]:40000", "[::1]:8081", nil, 200},
		"without a port":      {"127.0.0.1:40000", "127.0.0.1", nil, 200},
		"another machine":     {"192.0.2.1:40000", "localhost:8081", nil, 403},
		"a name that rebinds": {"127.0.0.1:40000", "evil.example:8081", nil, 421},
		"one like it":         {"127.0.0.1:40000", "localhost.evil.example", nil, 421},
		"an address like it":  {"127.0.0.1:40000", "127.0.0.1.evil.example", nil, 421},
		"all addresses":       {"127.0.0.1:40000", "0.0.0.0:8081", nil, 421},
		"no name":             {"127.0.0.1:40000", "", nil, 421},
		"a proxy":             {"127.0.0.1:40000", "localhost", []string{"X-Forwarded-For", "192.0.2.1"}, 403},
		"a proxy, RFC 7239":   {"127.0.0.1:40000", "localhost", []string{"Forwarded", "for=192.0.2.1"}, 403},
		"a proxy, RFC 9110":   {"127.0.0.1:40000", "localhost", []string{"Via", "1.1 proxy"}, 403},
	} {
		r := httptest.NewRequest(http.MethodGet, "/alerts/a1", nil)
		r.RemoteAddr, r.Host = tc.peer, tc.host
		for n := 0; n < len(tc.headers); n += 2 {
			r.Header.Set(tc.headers[n], tc.headers[n+1])
		}
		before, w := reached, httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, tc.status, w.Code, name)
		assert.Equal(t, tc.status == 200, reached > before, name)
	}
}

// Ids in paths are ids, whatever they look like.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	s.post(t, "a1", alice)
	s.done(t, "a1", actionQuarantine)
	for _, id := range []string{
		"..%2Falerts.db", "%2e%2e", "a1%2Fquarantine%2Falice@example.test", "a1%00", "%ff", "a1%20", "A1", "*", strings.Repeat("a", 5000),
		"a1%0d%0aX-Injected:%201", "%F0%9F%92%A9",
	} {
		for _, a := range []answer{
			s.call(t, http.MethodGet, "/alerts/"+id, ""),
			s.call(t, http.MethodPost, "/alerts/"+id+"/restore", ""),
		} {
			assert.Equal(t, http.StatusNotFound, a.Status, "%.40s", id)
			assert.Empty(t, a.Header.Get("X-Injected"))
		}
	}
	assert.Zero(t, l.copies(alice))
}

// Concurrent posts with the same key are one alert with one answer; a different alert under
// the key is refused.
func TestConcurrentPosts(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	held := l.hold(t, anything)
	const n = 16
	answers := make(chan answer, 2*n)
	for i := range n {
		go func() { answers <- s.call(t, http.MethodPost, "/alerts", body(t, "", alice), "Idempotency-Key", "k") }()
		go func() {
			answers <- s.call(t, http.MethodPost, "/alerts", body(t, "", fmt.Sprintf("user%d@example.test", i)), "Idempotency-Key", fmt.Sprintf("other-%d", i%4))
		}()
	}
	accepted, refused := map[string]map[string]bool{}, 0
	for range 2 * n {
		a := <-answers
		switch a.Status {
		case http.StatusAccepted:
			if accepted[a.Alert.ID] == nil {
				accepted[a.Alert.ID] = map[string]bool{}
			}
			accepted[a.Alert.ID][a.Alert.Received.String()+a.Alert.Mailboxes[0]] = true
		case http.StatusUnprocessableEntity:
			refused++
		default:
			assert.Fail(t, "unexpected answer", a.Text)
		}
	}
	held.open()
	assert.Equal(t, n-4, refused)
	require.Len(t, accepted, 5)
	for id, variants := range accepted {
		assert.Len(t, variants, 1, id)
		s.done(t, id, actionQuarantine)
	}
	assert.Equal(t, 5, strings.Count(s.log.String(), `msg="alert accepted"`))
}
