package ews

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
	"github.com/ewsquarantine/ewsquarantine/internal/redact"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// send sends a request and reads the answer up to the response element. If it
// returns no error, the answer must be closed.
func (c *Client) send(ctx context.Context, t *task, v Version) (*answer, error) {
	text, err := c.envelope(t, v)
	if err != nil {
		return nil, &requestError{t.op, c.mailbox, err}
	}
	ctx, k := c.begin(ctx, t, v)
	defer k.cutShort()
	if _, err = c.locate(ctx); err != nil {
		return nil, k.unsent(c.unsent(t, err))
	}
	release := func(bool, time.Duration) {}
	about := c.about(ctx, t.op)
	if c.limiter != nil {
		asked := time.Now()
		release, err = c.acquire(callinfo.With(ctx, about))
		k.waited = time.Since(asked)
		if err != nil {
			return nil, k.unsent(c.unsent(t, fmt.Errorf("waiting for the limiter: %w", err)))
		}
	} else if ctx.Err() != nil {
		return nil, k.unsent(c.unsent(t, context.Cause(ctx)))
	}
	log := func(level slog.Level, event string, attrs func() []slog.Attr) {
		if c.log.Enabled(ctx, level) {
			c.log.LogAttrs(ctx, level, event, attrs()...)
		}
	}
	callCtx, cancel := context.WithCancelCause(ctx)
	callCtx, sent := redact.Watching(callCtx)
	a := &answer{
		client:  c,
		sent:    sent,
		op:      t.op,
		version: v,
		expects: t.expects,
		call:    k,
		info:    about,
		request: newRequestBody(text, t.contents, c.gate(ctx, k.start)),
		cancel:  cancel,
		release: release,
		log:     log,
		started: time.Now(),
		guid:    k.start.ClientRequestID,
	}
	k.over = true
	if a.wire = c.wire.Begin(); a.wire != nil {
		a.request.tap = a.wire.Request
	}
	if err := a.guarded(func() error { return a.open(callCtx, t) }); err != nil {
		a.close(err)
		return nil, err
	}
	return a, nil
}

// errPanicked is the outcome of a call that was cut short by a panic.
var errPanicked = errors.New("a panic in the limiter, the transport, or in what reads the response, has cut the call short")

// guarded calls a function, and ends the call if the function panics: callers may survive
// the panic, and nothing of the call may then stay open.
func (a *answer) guarded(do func() error) error {
	returned := false
	defer func() {
		if !returned {
			a.close(errPanicked)
		}
	}()
	err := do()
	returned = true
	return err
}

func (c *Client) unsent(t *task, err error) *TransportError {
	return &TransportError{
		Operation: t.op, Mailbox: c.mailbox, URL: c.place(),
		Unsent: true, Err: err, final: true,
	}
}

// timeoutError is the cause of a context that was ended by one of the options.
type timeoutError struct {
	after  time.Duration
	option string
	unsent bool // while the request was being sent
}

func (e timeoutError) Error() string {
	if e.unsent {
		return fmt.Sprintf("the request stalls: neither a server nor a proxy took any of it, or less than 1 KiB a second, within %v (Options.%s, in a configuration stallTimeout)", e.after, e.option)
	}
	if e.option == stallOption {
		return fmt.Sprintf("the response stalls: nothing more came, or less than 1 KiB a second, within %v (Options.%s, in a configuration stallTimeout)", e.after, e.option)
	}
	return fmt.Sprintf("no response within %v (Options.%s)", e.after, e.option)
}

const stallOption = "StallTimeout"

func (timeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }
func (timeoutError) Timeout() bool        { return true }

// open sends the request and reads the beginning of the answer. ctx is the context that
// a.cancel ends.
func (a *answer) open(ctx context.Context, t *task) error {
	c := a.client
	stall := c.stall
	sending := newSending(stall, func() { a.cancel(timeoutError{after: stall, option: stallOption, unsent: true}) })
	stopTimer := a.startTimer(sending)
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, timed(sending.trace(a.line.trace()), a.info)), http.MethodPost, c.URL(), nil)
	if err != nil {
		return &requestError{a.op, c.mailbox, err}
	}
	a.headers(req)
	if t.live > 0 {
		req.Header.Set("Accept-Encoding", "identity") // compressed data is held back until there is more
	}
	a.wire.Sends(req.Header)
	body := a.request
	req.Body = body.open()
	req.GetBody = body.reopen
	req.ContentLength = body.length()

	a.sent.Sends(req)
	a.sent.SawTransport(c.transport, req)
	resp, err := c.transport.RoundTrip(req)
	stopTimer()
	if err != nil {
		return a.broken(ctx, a.sent.Error(err))
	}
	a.sent.SawRequest(resp.Request)
	a.sent.SawResponse(resp)
	a.wire.Gets(resp)
	a.status = resp.StatusCode
	a.requestID = a.said(resp.Header, "Request-Id", "Requestid")
	a.server = a.servers(resp.Header)
	a.cookiesDropped = c.state.takeCookies(resp.StatusCode, resp.Header, time.Now())
	a.openBody(ctx, resp, t)
	a.request.stop() // whatever has not been sent by now will not be
	_, sent, _ := a.request.state()
	a.line.judge(a.status, sent)
	if resp.ProtoMajor > 1 {
		a.line.conn.Store(nil) // it is shared by many requests, which are kept apart
	}
	if id := resp.Header.Get("Client-Request-Id"); id != "" && !strings.EqualFold(strings.Trim(id, "{}"), a.guid) {
		return a.misfit("its client-request-id is that of another request")
	}
	if !sent && a.line.connected() && a.status < 300 {
		err := a.misfit("it came before the request was sent whole").(*TransportError)
		err.partial = true
		return err
	}
	return a.begin(resp)
}

// startTimer cancels the context if the answer takes too long. The returned
// function stops the timer.
func (a *answer) startTimer(sending *sending) (stop func()) {
	timeout := a.client.timeout
	left := newAllowance(timeout, func() { a.cancel(timeoutError{after: timeout, option: "Timeout"}) })
	a.request.watch(left, sending)
	return func() { a.request.unwatch() }
}

// broken returns the error that explains why there is no answer.
func (a *answer) broken(ctx context.Context, err error) error {
	touched, complete, contentErr := a.request.state()
	e := &TransportError{Operation: a.op, Mailbox: a.client.mailbox, URL: a.client.place(), Err: err}
	// A RoundTripper that is not an http.Transport reports no connections. If
	// it never read the body, it had nothing that a server could act on.
	e.Unsent = unsent(err) || !a.line.connected() && !touched
	e.partial = !complete
	if contentErr != nil {
		e.Err = contentErr
		return e
	}
	if cause := context.Cause(ctx); cause != nil {
		if _, timeout := errors.AsType[timeoutError](cause); !timeout {
			e.final = true
		}
		if !errors.Is(err, cause) {
			e.Err = cause
		}
	}
	return e
}

func (a *answer) headers(req *http.Request) {
	c, h := a.client, req.Header
	h.Set("Content-Type", "text/xml; charset=utf-8")
	h.Set("Accept", "text/xml")
	h.Set("Accept-Encoding", "gzip")
	h.Set("User-Agent", c.userAgent)
	h.Set("Client-Request-Id", a.guid)
	h.Set("Return-Client-Request-Id", "true")
	switch {
	case c.affinity != nil:
		h.Set("X-Anchormailbox", c.affinity.anchor)
		h.Set("X-Preferserveraffinity", "true")
	case c.view:
		h.Set("X-Anchormailbox", c.mailbox)
	}
	if cookies := c.state.cookieHeader(req.URL.Path, req.URL.Scheme == "https", time.Now()); cookies != "" {
		h.Set("Cookie", cookies)
	}
}

const declaration = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

// envelope returns the whole request, with the offsets at which its contents belong.
func (c *Client) envelope(t *task, v Version) (*xmlwire.Encoder, error) {
	e := texts.Get().(*xmlwire.Encoder)
	e.Reset()
	e.Open("s:Envelope")
	e.Attr("xmlns:s", xmlwire.URISOAP)
	e.Attr("xmlns:t", xmlwire.URITypes)
	e.Attr("xmlns:m", xmlwire.URIMessages)
	e.Open("s:Header")
	e.Open("t:RequestServerVersion")
	e.Attr("Version", v.String())
	e.Close()
	if c.impersonate {
		// PrimarySmtpAddress, not SmtpAddress: the server refuses an alias,
		// naming the address it belongs to, instead of acting in a mailbox
		// that the caller knows by another name.
		e.Open("t:ExchangeImpersonation")
		e.Open("t:ConnectingSID")
		e.Leaf("t:PrimarySmtpAddress", c.mailbox)
		e.Close()
		e.Close()
	}
	e.Close()
	e.Open("s:Body")
	t.encode(e, v)
	e.Close()
	e.Close()
	if e.Err() != nil {
		return nil, fmt.Errorf("a field of the request: %w", ErrForbiddenText)
	}
	return e, nil
}

// newGUID returns a random UUID (RFC 9562, version 4).
func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	text := make([]byte, 0, 36)
	for _, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if len(text) > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}
