package graph

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// sending is a request that has been permitted and is on its way.
type sending struct {
	client  *Client
	call    call
	fail    *Error // the error to end with if the request fails
	guid    string
	told    *told
	release func(throttled bool, backOff time.Duration)
	secrets *redact.Watch
	stall   *stall
	cancel  context.CancelCauseFunc
	shown   *wirelog.Exchange[*wireBody]

	address      *url.URL
	out          *countingReader // nil without a body
	traced, sent atomic.Bool     // the transport is one of net/http; the header was written
}

// roundTrip sends the request, with a body of text unless it has a content.
func (s *sending) roundTrip(ctx context.Context, address *url.URL, text []byte) (*http.Response, error) {
	s.address = address
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.traced.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.stall.moved() },
		// Called when the header has been written, with HTTP/1.1 and 2.
		WroteHeaderField: func(string, []string) { s.sent.Store(true) },
		WroteHeaders:     func() { s.sent.Store(true); s.stall.moved() },
	})
	c, k := s.client, s.call
	req := &http.Request{Method: k.method, URL: address, Host: address.Host, Header: make(http.Header), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	req = req.WithContext(ctx)
	c.headers(req, k, s.guid)
	s.shown.Sends(req.Header)
	switch {
	case k.content != nil:
		s.out = &countingReader{r: tapped(s.shown, k.content), moved: s.stall.moved}
		req.Body, req.ContentLength = io.NopCloser(s.out), -1
	case text != nil:
		s.out = &countingReader{r: tapped(s.shown, bytes.NewReader(text)), moved: s.stall.moved}
		req.Body, req.ContentLength = io.NopCloser(s.out), int64(len(text))
		// For a transport that signs in again after a refusal. A transport of net/http
		// sends it again only if it was not sent, or if the method is GET.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	transport := c.transport
	if k.elsewhere {
		transport = c.imports
	}
	s.secrets.Sends(req)
	if k.elsewhere {
		s.secrets.SendsTo(address)
	}
	return transport.RoundTrip(req)
}

// lost ends a call that got no answer. A cause, if there is one, replaces err; stopped is
// set if the caller's context has ended.
func (s *sending) lost(err error, stopped bool, cause error) *Error {
	s.fail.Err = s.secrets.Error(err)
	if cause != nil {
		s.fail.Err, s.fail.stopped = cause, stopped
	}
	// Of a transport that is not one of net/http, only one thing is known: whether it has
	// read the body. If it has not, there was nothing to act on.
	s.fail.unsent = notSent(err) || !s.sent.Load() && (s.traced.Load() || s.out != nil) && (s.out == nil || s.out.n.Load() == 0)
	s.told.spent.Unsent = s.fail.unsent
	s.finish(false, 0, s.fail)
	return s.fail
}

// answered returns the answer that has begun, if it belongs to this request and is a
// success. cause returns the reason if it breaks off.
func (s *sending) answered(resp *http.Response, cause func() error) (*answer, error) {
	spent, k := &s.told.spent, s.call
	s.secrets.SawRequest(resp.Request)
	spent.Status, spent.RequestID = resp.StatusCode, s.secrets.Strike(tidy(resp.Header.Get("request-id"), 100))
	gets(s.shown, resp)
	a := &answer{
		status: resp.StatusCode, header: resp.Header, client: s.client, call: k, spent: *spent,
		body: &bodyReader{body: tappedAnswer(s.shown, resp.Body), left: k.limit, moved: s.stall.moved, secrets: s.secrets, cause: cause},
	}
	if a.body.left == 0 {
		a.body.left = maxAnswer
	}
	a.finish = func(throttled bool, backOff time.Duration, err error) {
		spent.BytesIn = a.body.n.Load()
		s.finish(throttled, backOff, err)
	}
	var wrong error
	if id := resp.Header.Get("client-request-id"); id != "" && !strings.EqualFold(strings.Trim(id, "{}"), s.guid) && !k.elsewhere {
		wrong = errMisfit
	} else if k.content != nil && resp.StatusCode < 300 && !s.out.ended.Load() {
		wrong = errEarly
	}
	if wrong != nil {
		s.fail.Status, s.fail.Err, s.fail.RequestID = 0, wrong, spent.RequestID
		a.failed = s.fail
		a.close()
		return nil, s.fail
	}
	if slices.Contains(k.want, resp.StatusCode) {
		return a, nil
	}
	return nil, a.refused(s.fail, s.secrets)
}

// finish ends the call.
func (s *sending) finish(throttled bool, backOff time.Duration, err error) {
	s.stall.stop()
	s.cancel(nil)
	spent, k, c := &s.told.spent, s.call, s.client
	if s.out != nil {
		spent.BytesOut = s.out.n.Load()
		if more := spent.BytesOut - k.size; k.content != nil && c.budget != nil && more > 0 {
			c.budget.Add(k.payer, more)
		}
	}
	s.release(throttled, backOff)
	spent.BackOff = backOff
	k.show(s.shown, *spent, s.address, s.secrets, err)
	s.told.end(err)
}
