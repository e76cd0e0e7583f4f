package graph_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// server is Graph as a list of answers, and the requests it received.
type server struct {
	mu      sync.Mutex
	answers []func(*http.Request) (*http.Response, error)
	asked   []asked
}

type asked struct {
	method, url, body string
	header            http.Header
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, asked{r.Method, r.URL.String(), string(body), r.Header.Clone()})
	if len(s.answers) == 0 {
		return answer(http.StatusNotImplemented, `{"error":{"code":"nothingLeft"}}`)(r)
	}
	next := s.answers[0]
	s.answers = s.answers[1:]
	resp, err := next(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/$batch") {
		resp.Body = io.NopCloser(tagged(resp.Body, body))
	}
	return resp, err
}

// tagged replaces the ids of the parts of an answer, which are the numbers of their
// requests, with the ids of those requests in the batch.
func tagged(answer io.Reader, batch []byte) io.Reader {
	text, _ := io.ReadAll(answer)
	tag := string(regexp.MustCompile(`"id":"(\w+-)\d+"`).FindSubmatch(batch)[1])
	return strings.NewReader(regexp.MustCompile(`"id":"(\d+)"`).ReplaceAllString(string(text), `"id":"`+tag+`$1"`))
}

// answer is an answer with a status and a body, and headers as pairs.
func answer(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Request-Id": {"request-1"}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func breaks(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

const testRoot = "https://graph.example.test"

func newClient(t *testing.T, s *server, change ...func(*graph.Options)) *graph.Client {
	t.Helper()
	o := graph.Options{Root: testRoot, Transport: s, ImportTransport: s, Jitter: func() float64 { return 0 }}
	for _, c := range change {
		c(&o)
	}
	c, err := graph.New(o)
	require.NoError(t, err)
	return c
}

func mailbox(t *testing.T, s *server, change ...func(*graph.Options)) graph.Mailbox {
	t.Helper()
	return newClient(t, s, change...).Mailbox("user-1", "alice@example.test")
}

func script(answers ...func(*http.Request) (*http.Response, error)) *server {
	return &server{answers: answers}
}

func all[T any](pages graph.Pages[T]) (got []T, err error) {
	for some, err := range pages {
		if err != nil {
			return got, err
		}
		got = append(got, some...)
	}
	return got, nil
}
