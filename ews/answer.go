package ews

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
	"github.com/ewsquarantine/ewsquarantine/internal/redact"
	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// answer is one HTTP response being read.
type answer struct {
	client  *Client
	op      Operation
	version Version
	request *requestBody
	sent    *redact.Watch // the secrets sent with the request
	cancel  context.CancelCauseFunc
	release func(throttled bool, backOff time.Duration)
	info    *callinfo.Call                                                 // what the limiter was told
	log     func(level slog.Level, event string, attrs func() []slog.Attr) // with the caller's context
	started time.Time
	guid    string // client-request-id
	call    *call
	wire    *wirelog.Exchange[*wireText] // nil: not wanted
	expects []ResponseCode               // refusals that are ordinary answers

	status    int
	requestID string
	server    string

	cookiesDropped bool // because of the status

	body  *answerBody
	live  *documents // the documents that make up the body, if it stays open for more of them
	d     *xmlwire.Decoder
	depth int // of the response element

	detached bool        // kept open by the reader of a stream
	overdue  *time.Timer // fires when an answer that stays open has been open for too long
	line     line        // the connection
	closing  sync.Once

	messages  int          // response messages seen
	skipped   int          // of these, not attempted
	refusals  int          // of these, refused because of the version
	members   int          // of these, refused and not expected
	code      ResponseCode // of the first refusal
	throttled bool
	backOff   time.Duration
}

// limits bound what is accepted from a server. A page has at most 1,000 items.
var limits = xmlwire.Limits{MaxElements: 1_000_000}

// begin reads the envelope up to the response element and makes it current.
func (a *answer) begin(resp *http.Response) error {
	switch {
	case a.status >= 300 && a.status < 400, a.status == http.StatusUnauthorized:
		return a.page(resp)
	}
	soap, err := a.body.looksLikeXML()
	if err != nil && (!encoded(err) || a.status == http.StatusOK) {
		return a.unreadable(err)
	}
	if !soap {
		return a.page(resp)
	}
	a.d = xmlwire.NewDecoder(a.text(), limits)
	usable := a.status == http.StatusOK || a.status == http.StatusInternalServerError
	if !a.d.NextChild(0) || !a.d.Is(xmlwire.SpaceSOAP, "Envelope") {
		if a.d.Err() != nil && a.status == http.StatusOK {
			return a.unreadable(a.d.Err())
		}
		return a.page(resp)
	}
	for a.d.NextChild(1) {
		switch {
		case a.d.Is(xmlwire.SpaceSOAP, "Header"):
			a.header()
		case a.d.Is(xmlwire.SpaceSOAP, "Body"):
			if !a.d.NextChild(2) {
				return a.unreadable(a.wrongAnswer("the SOAP body is empty"))
			}
			if a.d.Is(xmlwire.SpaceSOAP, "Fault") {
				a.body.left = maxPage
				return a.fault()
			}
			if !usable {
				soap := a.d.Is(xmlwire.SpaceMessages, string(a.op)+"Response")
				err := a.page(resp)
				if e, ok := err.(*HTTPError); ok {
					e.soap = soap
				}
				return err
			}
			switch {
			case a.d.Local() != string(a.op)+"Response":
				return a.unreadable(a.wrongAnswer("it is the response to another operation"))
			case a.d.Space() != xmlwire.SpaceMessages:
				return a.unreadable(a.wrongAnswer("the response element is not in the namespace of EWS messages"))
			}
			a.depth = a.d.Depth()
			return nil
		}
	}
	return a.unreadable(a.wrongAnswer("it has no SOAP body"))
}

// header reads the SOAP header.
func (a *answer) header() {
	depth := a.d.Depth()
	for a.d.NextChild(depth) {
		if a.d.Is(xmlwire.SpaceTypes, "ServerVersionInfo") {
			number := func(name string) int {
				n, err := strconv.Atoi(a.d.AttrInterned(name))
				if err != nil || n < 0 {
					return 0
				}
				return n
			}
			a.client.state.answered(Build{
				Major: number("MajorVersion"), Minor: number("MinorVersion"),
				Build: number("MajorBuildNumber"), Revision: number("MinorBuildNumber"),
			})
		}
	}
}

// wrongAnswer returns the decoder's error, if any, and otherwise one with the
// given detail.
func (a *answer) wrongAnswer(detail string) error {
	if err := a.d.Err(); err != nil {
		return err
	}
	return misfitError(detail)
}

// finish reads the answer to its end. No second answer may follow it.
func (a *answer) finish() error {
	if a.d.NextChild(a.depth - 1) {
		return a.misfit("a second answer in one SOAP body")
	}
	if err := a.d.Finish(); err != nil {
		return a.unreadable(err)
	}
	return nil
}

// malformed returns the error for an answer that is readable but makes no sense.
func (a *answer) malformed(detail string) error {
	return &DecodeError{
		Operation: a.op, Mailbox: a.client.mailbox,
		Path: a.path(), Offset: a.d.Offset(), Err: errors.New(detail),
	}
}

// unreadable turns a read error into the error the caller sees.
func (a *answer) unreadable(err error) error {
	if broken := a.body.failure(); broken != nil {
		if encoded(broken) || errors.Is(broken, errTooLarge) {
			return &DecodeError{Operation: a.op, Mailbox: a.client.mailbox, Err: broken}
		}
		e := &TransportError{Operation: a.op, Mailbox: a.client.mailbox, URL: a.client.place(), Err: a.sent.Error(broken)}
		if cause := a.body.ended(); cause != nil {
			_, timeout := errors.AsType[timeoutError](cause)
			e.final = !timeout
			e.Err = cause
		}
		return e
	}
	a.line.distrust()
	switch misfit, ok := errors.AsType[misfitError](err); {
	case ok:
		return a.misfit(string(misfit))
	case errors.Is(err, xmlwire.ErrSecondRoot):
		return a.misfit("a second answer follows it")
	}
	e := &DecodeError{Operation: a.op, Mailbox: a.client.mailbox, Err: err}
	if x, ok := errors.AsType[*xmlwire.Error](err); ok {
		e.Path, e.Offset = a.sent.Strike(x.Path), x.Offset
		e.Err = x.Err
		if x.Detail != "" {
			e.Err = &detailError{x.Err, x.Detail}
		}
	} else if a.d != nil {
		e.Path, e.Offset = a.path(), a.d.Offset()
	}
	e.Err = a.sent.Error(e.Err)
	return e
}

// detailError is a decoder error with its detail but without its position,
// which is in the DecodeError.
type detailError struct {
	err    error
	detail string
}

func (e *detailError) Error() string { return e.err.Error() + ": " + e.detail }
func (e *detailError) Unwrap() error { return e.err }

// refused records that one response message is a refusal.
func (a *answer) refused(err *ResponseError) {
	if a.code == "" {
		a.code = err.Code
	}
	if !a.expected(err.Code) {
		a.members++
	}
	if err.Code == codeBatchStopped {
		a.skipped++
	}
	if isVersionRefusal(err.Code) {
		a.refusals++
	}
	if IsThrottled(err) {
		a.throttled = true
		a.backOff = max(a.backOff, err.BackOff)
	}
	a.warn(err)
}

// versionRefused reports whether the request must be sent again with an older
// version. A write must not have been executed even in part.
func (a *answer) versionRefused(t *task) bool {
	if a.refusals == 0 || a.version == Exchange2010 {
		return false
	}
	return t.op.reads() || a.refusals+a.skipped == a.messages
}

// close ends the call. err is its outcome.
func (a *answer) close(err error) {
	a.closing.Do(func() {
		a.line.close()
		if a.body != nil {
			if !a.detached && !a.line.distrusted() && a.body.err == nil {
				tired := time.AfterFunc(drainTime, func() { a.cancel(errStopped) })
				a.body.drain()
				tired.Stop()
			}
			a.body.raw.Close()
			if a.d != nil && !a.detached {
				a.d.Release()
			}
		}
		if a.overdue != nil {
			a.overdue.Stop()
		}
		a.cancel(errStopped)
		a.request.stop()
		if IsThrottled(err) {
			a.throttled = true
		}
		if hint, ok := BackOff(err); ok {
			a.backOff = max(a.backOff, hint)
		}
		if a.status == 0 {
			a.info.SetUnanswered()
		}
		a.release(a.throttled, a.backOff)
		a.record(err)
		a.show(err)
		a.end(err) // last: a hook may panic
	})
}

// show writes the call to Options.Wire, with the secrets that were sent struck out.
func (a *answer) show(err error) {
	if a.wire != nil {
		title := fmt.Sprintf("%s %s, mailbox %q, attempt %d", a.op, a.client.place(), a.client.mailbox, a.call.start.Attempt)
		a.wire.Write(title, err, a.sent.StrikeLong)
	}
}

// record writes the log record of the call.
func (a *answer) record(err error) {
	// The error of a response message has been recorded already.
	if refused, ok := errors.AsType[*ResponseError](err); err != nil && a.status != 0 && (!ok || refused.Fault) {
		a.warn(err)
	}
	a.log(slog.LevelDebug, "ews call", func() []slog.Attr {
		attrs := append(a.attrs(),
			slog.Int("attempt", a.call.start.Attempt),
			slog.Duration("waited", a.call.waited),
			slog.Duration("duration", time.Since(a.started)),
			slog.Int64("bytesOut", a.request.bytes()),
			slog.Int64("bytesIn", a.bytesIn()),
			slog.Bool("ok", err == nil),
		)
		if err != nil && a.status == 0 {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		return attrs
	})
}

// warn writes the log record of a refusal. A refusal that the request expects, or that
// only makes the client send it again with an older version, is not a problem.
func (a *answer) warn(err error) {
	level := slog.LevelWarn
	older := a.version > Exchange2010
	switch e := err.(type) {
	case *ResponseError:
		// An old server's schema lists the versions it knows: see once.
		doubt := a.client.state.lastBuild().IsZero() && (e.Code == codeInvalidRequest || e.Code == codeSchemaValidation)
		if a.expected(e.Code) || older && (isVersionRefusal(e.Code) || doubt) {
			level = slog.LevelDebug
		}
	case *HTTPError:
		if older && e.version {
			level = slog.LevelDebug
		}
	}
	a.log(level, "ews refusal", func() []slog.Attr { return append(a.attrs(), refusal(err)...) })
}

// refusal describes a refusal.
func refusal(err error) (attrs []slog.Attr) {
	switch e := err.(type) {
	case *ResponseError:
		// The message is left out: it may quote people's names and subjects.
		attrs = append(attrs, slog.String("code", plain(string(e.Code))), slog.Bool("fault", e.Fault))
		if e.Inner != "" {
			attrs = append(attrs, slog.String("inner", plain(string(e.Inner))))
		}
		if e.BackOff > 0 {
			attrs = append(attrs, slog.Duration("backOff", e.BackOff))
		}
	case *HTTPError:
		attrs = append(attrs, slog.String("reason", e.Reason))
	default:
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	return attrs
}

func (a *answer) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("operation", string(a.op)),
		slog.String("mailbox", a.client.mailbox),
		slog.String("version", a.version.String()),
		slog.Int("status", a.status),
		slog.String("clientRequestID", a.guid),
	}
	if a.requestID != "" {
		attrs = append(attrs, slog.String("requestID", plain(a.requestID)))
	}
	if a.server != "" {
		attrs = append(attrs, slog.String("server", plain(a.server)))
	}
	return attrs
}
