package quarantine_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// gate sits between client and server and changes answers in ways that no fault
// of ewstest does.
type gate struct {
	// change returns the answer to the n-th call of an operation, counted from 1,
	// in place of the server's.
	change func(op ews.Operation, n int, request, answer string) string
	// instead answers such a request in place of the server, unless it returns
	// an empty string.
	instead func(op ews.Operation, n int, request string) string

	mu    sync.Mutex
	next  http.RoundTripper
	count map[ews.Operation]int
}

// before puts the gate in front of a server.
func (g *gate) before(next http.RoundTripper) http.RoundTripper {
	if g == nil {
		return next
	}
	g.next, g.count = next, make(map[ews.Operation]int)
	return g
}

var askedFor = regexp.MustCompile(`<s:Body><m:(\w+)`)

// RoundTrip passes a request on.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	request, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	op := ews.Operation(askedFor.FindStringSubmatch(string(request))[1])
	g.mu.Lock()
	g.count[op]++
	n := g.count[op]
	g.mu.Unlock()
	if g.instead != nil {
		if text := g.instead(op, n, string(request)); text != "" {
			resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}}, Request: r}
			if strings.Contains(text, "<s:Fault") {
				resp.StatusCode = http.StatusInternalServerError
			}
			return withText(resp, text), nil
		}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(request))
	resp, err := g.next.RoundTrip(r)
	if err != nil || g.change == nil {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	return withText(resp, g.change(op, n, string(request), string(answer))), nil
}

func withText(resp *http.Response, text string) *http.Response {
	resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	resp.Header.Del("Content-Length")
	return resp
}

// enveloped puts the content of a SOAP body into its envelope.
func enveloped(body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body>` +
		body + `</s:Body></s:Envelope>`
}
