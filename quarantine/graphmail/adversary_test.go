package graphmail_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// adversary stands in front of a server and does things to some requests that none of our
// servers does.
type adversary struct {
	name string
	// to selects the requests by method and path, as in "POST .*/importItem".
	to string
	// times is how many of them it strikes; 0: all of them, until everything is at rest.
	times int
	// do answers in place of the server; pass asks the server.
	do func(r *request, pass func() *http.Response) *http.Response
	// options are the options of the server.
	options *graphtest.Options
	// doubles means that it makes second copies, which end up put aside.
	doubles bool
	modes   []mode
}

// request is a request with its body.
type request struct {
	*http.Request
	body []byte
	kept map[string]string // what the adversary remembers of the history
}

// standing is an adversary at work.
type standing struct {
	*adversary
	matches *regexp.Regexp

	mu         sync.Mutex
	skip, seen int
	over       bool
	hosts      map[string]bool // hosts that were asked
	leaks      []string
	sent       int
	kept       map[string]string
}

func (a *standing) front(next http.RoundTripper) http.RoundTripper { return before{a, next} }

type before struct {
	*standing
	next http.RoundTripper
}

func (b before) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	b.hosts[r.URL.Host] = true
	b.sent++
	if strings.HasPrefix(r.URL.Host, "outlook.") && r.Header.Get("Authorization") != "" {
		b.leaks = append(b.leaks, "the sign-in went to the import host")
	}
	strikes := false
	if !b.over && b.matches.MatchString(r.Method+" "+r.URL.Path) {
		b.seen++
		strikes = b.seen > b.skip && (b.times == 0 || b.seen <= b.skip+b.times)
	}
	b.mu.Unlock()
	var failed error
	pass := func() *http.Response {
		again := r.Clone(r.Context())
		if body != nil {
			again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		resp, err := b.next.RoundTrip(again)
		if err != nil {
			failed = err
			return nil
		}
		return resp
	}
	if !strikes {
		return pass(), failed
	}
	if resp := b.do(&request{r, body, b.kept}, pass); resp != nil {
		return resp, nil
	}
	if failed == nil {
		failed = io.ErrUnexpectedEOF
	}
	return nil, failed
}

// says returns an answer with a status and a body.
func says(r *request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	if id := r.Header.Get("client-request-id"); id != "" {
		h.Set("client-request-id", id)
	}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r.Request, ProtoMajor: 1, ProtoMinor: 1}
}

// instead answers in place of the server, which does not act.
func instead(status int, body string, header ...string) func(*request, func() *http.Response) *http.Response {
	return func(r *request, _ func() *http.Response) *http.Response { return says(r, status, body, header...) }
}

func afterActing(status int, body string, header ...string) func(*request, func() *http.Response) *http.Response {
	return func(r *request, pass func() *http.Response) *http.Response {
		if resp := pass(); resp != nil {
			resp.Body.Close()
		}
		return says(r, status, body, header...)
	}
}

// altered changes the body of the answer.
func altered(change func(text string) string) func(*request, func() *http.Response) *http.Response {
	return func(_ *request, pass func() *http.Response) *http.Response {
		resp := pass()
		if resp == nil {
			return nil
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(change(string(text)))), -1
		return resp
	}
}

// twice sends the request twice, like a proxy that repeats a request to which it got no
// answer.
func twice(_ *request, pass func() *http.Response) *http.Response {
	if resp := pass(); resp != nil {
		resp.Body.Close()
	}
	return pass()
}

// Kinds of requests.
const (
	anything = "."
	aWrite   = "(PATCH|DELETE) |/(move|permanentDelete|importItem)$|POST .*/(messages|childFolders)$"
	aGet     = "GET "
	aBatch   = `/\$batch$`
	anImport = "importItem$"
	aDelete  = "permanentDelete$"
)

// TestAdversaries lets each adversary strike at some of the requests that it concerns, in
// a quarantine and in a restore. Nothing is lost, duplicated, misreported, disclosed or
// leaked, and no run takes forever.
func TestAdversaries(t *testing.T) {
	t.Parallel()
	for _, a := range adversaries() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			struck := 0
			for _, m := range a.modes {
				for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
					skips := []int{0}
					switch {
					case *whole:
						skips = []int{0, 1, 2, 3, 4, 6, 9, 14, 20, 28}
					case direction == driver.ToUser:
						skips = []int{3}
					}
					for _, skip := range skips {
						n := 0
						synctest.Test(t, func(t *testing.T) { n = a.strike(t, m, direction, skip) })
						if struck += n; n == 0 {
							break // there are not that many requests of this kind
						}
					}
				}
			}
			assert.NotZero(t, struck, "it never struck")
		})
	}
}

// strike plays one history, and returns how often the adversary struck.
func (a adversary) strike(t *testing.T, m mode, direction driver.Direction, skip int) int {
	s := newScene(t, m, direction, a.options)
	s.rivals = func() { s.rival(t) }
	at := &standing{adversary: &a, matches: regexp.MustCompile(a.to), skip: skip, hosts: make(map[string]bool), kept: make(map[string]string)}
	s.w.front = at.front
	p := s.process(t)
	began := time.Now()
	r, err := s.ask(t, p)
	took := time.Since(began)
	where := m.name + ", " + string(direction) + ", after " + strconv.Itoa(skip)
	if s.people = a.doubles; s.people {
		if from, to := s.ends(); len(from)+len(to) > 1 {
			s.copied++ // it may be seen only at the next search, and is reported then
		}
	} else if text := s.honest(r, err); text != "" {
		t.Errorf("%s: %s (%v %s)", where, text, err, receiptOf(r))
	}
	assert.Less(t, took, 12*time.Hour, where)
	assert.Less(t, at.sent, 5_000, where)
	at.mu.Lock()
	at.over = true
	struck := max(0, at.seen-at.skip)
	at.mu.Unlock()
	if text := s.settle(t); text != "" {
		t.Errorf("%s: %s; before: %v %s", where, text, err, receiptOf(r))
	}
	if a.doubles {
		if text := s.unfounded(blow{name: a.name}); text != "" {
			t.Errorf("%s: %s", where, text)
		}
	}
	for host := range at.hosts {
		assert.True(t, host == "graph.example.test" || host == "outlook.example.test", "%s: %s was asked", where, host)
	}
	assert.Empty(t, at.leaks, where)
	said := receiptOf(r)
	if err != nil {
		said += err.Error()
	}
	for _, secret := range []string{"authtoken", "Bearer ", "Click here."} {
		assert.NotContains(t, said, secret, where)
	}
	return struck
}
