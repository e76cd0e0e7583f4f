package ewstest

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// answer is what goes back to the client.
type answer struct {
	status int
	header http.Header
	body   []piece

	again bool  // the answer is sent twice, see [OddTwoAnswers]
	drop  bool  // nothing is sent, the connection is closed
	cut   bool  // the connection is closed in the middle of the body
	cause error // why drop is set, for callers in process

	stall bool          // the body stops in the middle
	pause time.Duration // for how long; 0: forever

	stream *stream // more documents follow, see getStreamingEvents

	bare    bool // without the headers of Exchange, or only with those already set
	wrongID bool // with a client-request-id that differs from the request's
}

func textAnswer(status int, kind, text string) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {kind}}, body: []piece{{raw: []byte(text)}}}
}

func xmlAnswer(status int, body []piece) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}}, body: body}
}

// write sends the answer over a socket. The context is the request's.
func (a *answer) write(ctx context.Context, w http.ResponseWriter) {
	if a.drop {
		panic(http.ErrAbortHandler)
	}
	body, size := bodyOf(a.body)
	maps.Copy(w.Header(), a.header)
	if a.stream == nil {
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	}
	w.WriteHeader(a.status)
	if a.cut {
		a.abandon()
		_, _ = io.CopyN(w, body, size/2)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if a.stall {
		_, _ = io.CopyN(w, body, size/2)
		_ = http.NewResponseController(w).Flush()
		if !stalled(ctx, a.pause, nil) {
			a.abandon()
			panic(http.ErrAbortHandler)
		}
	}
	_, _ = io.Copy(w, body)
	if a.stream != nil {
		a.stream.send(ctx, w)
	}
}

// abandon ends the stream of an answer that breaks off.
func (a *answer) abandon() {
	if a.stream != nil {
		a.stream.end()
		a.stream = nil
	}
}

// response turns the answer into the response of an in-process round trip.
func (a *answer) response(r *http.Request) (*http.Response, error) {
	if a.drop {
		if a.cause != nil {
			return nil, a.cause
		}
		return nil, io.ErrUnexpectedEOF
	}
	body, size := bodyOf(a.body)
	if a.cut {
		a.abandon()
		body = io.MultiReader(io.LimitReader(body, size/2), failing{})
	}
	var closer io.ReadCloser = io.NopCloser(body)
	if a.stall {
		closer = newStalling(r.Context(), body, size/2, a.pause)
	}
	if a.stream != nil {
		closer, size = newStreamBody(r.Context(), closer, a.stream), -1
	}
	header := a.header.Clone() // it may be kept, and clients may change their copy
	if header == nil {
		header = make(http.Header)
	}
	return &http.Response{
		Status:        strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          closer,
		ContentLength: size,
		Request:       r,
	}, nil
}

// failing is a reader on a broken connection.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
