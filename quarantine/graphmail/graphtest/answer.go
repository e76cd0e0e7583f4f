package graphtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
)

// answer is what goes back to the client.
type answer struct {
	status int
	header http.Header
	body   []piece

	drop bool // nothing is sent and the connection is closed
	cut  bool // the connection is closed in the middle of the body
	odd  bool // as servers answer, though they should not: not captured
	code string
}

// piece is part of a body: raw bytes, followed by the base64 of content, if any, that is
// too large to encode in advance.
type piece struct {
	raw     []byte
	content [][]byte
}

// object is a JSON object.
type object = map[string]any

func jsonAnswer(status int, v any) *answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic("graphtest: " + err.Error()) // strings, numbers and maps only
	}
	return &answer{
		status: status, body: []piece{{raw: b}},
		header: http.Header{"Content-Type": {"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"}},
	}
}

func noContent() *answer { return &answer{status: http.StatusNoContent, header: make(http.Header)} }

// reader returns the body and its length.
func (a *answer) reader() (io.Reader, int64) {
	var size int64
	var all []io.Reader
	for _, p := range a.body {
		size += int64(len(p.raw))
		all = append(all, bytes.NewReader(p.raw))
		if p.content == nil {
			continue
		}
		var n int64
		var readers []io.Reader
		for _, b := range p.content {
			n += int64(len(b))
			readers = append(readers, bytes.NewReader(b))
		}
		size += (n + 2) / 3 * 4
		all = append(all, &encoding{from: io.MultiReader(readers...), in: make([]byte, 24<<10), out: make([]byte, 32<<10)})
	}
	return io.MultiReader(all...), size
}

// encoding is a reader of base64, without a goroutine.
type encoding struct {
	from    io.Reader
	in, out []byte
	text    []byte // encoded, not yet read
	err     error
}

func (e *encoding) Read(p []byte) (int, error) {
	for len(e.text) == 0 {
		if e.err != nil {
			return 0, e.err
		}
		n, err := io.ReadFull(e.from, e.in)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		e.err = err
		base64.StdEncoding.Encode(e.out, e.in[:n])
		e.text = e.out[:base64.StdEncoding.EncodedLen(n)]
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}

// write sends the answer over a socket.
func (a *answer) write(w http.ResponseWriter) {
	if a.drop {
		panic(http.ErrAbortHandler)
	}
	body, size := a.reader()
	maps.Copy(w.Header(), a.header)
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	}
	w.WriteHeader(a.status)
	if a.cut {
		_, _ = io.CopyN(w, body, size/2)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(w, body)
}

// response turns the answer into the response of an in-process round trip.
func (a *answer) response(r *http.Request) (*http.Response, error) {
	if a.drop {
		return nil, io.ErrUnexpectedEOF
	}
	body, size := a.reader()
	if a.cut {
		body = io.MultiReader(io.LimitReader(body, size/2), failing{})
	}
	header := a.header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	return &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(body), ContentLength: size, Request: r,
	}, nil
}

// failing is a reader on a broken connection.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
