package ews

import (
	"context"
	"errors"
	"io"
)

// MIME is the MIME form of one item, streamed from the server as the caller reads. A
// stream from [Client.OpenMIME] occupies a slot of the limiter until it is closed or read
// completely.
type MIME struct {
	ItemID       ItemID
	CharacterSet string // as reported by the server; usually UTF-8

	s       *MIMEs
	item    int // depth of the item
	text    *base64Reader
	what    string // name of the element with the content
	blank   bool   // the content may be empty
	some    bool   // there has been content
	settled bool
	tail    []byte // last bytes read
	err     error
}

// OpenMIME returns the MIME form of an item as a stream. Servers rebuild it from
// the item's properties each time, so it is not byte for byte what was
// delivered. The change key of the id is not sent.
//
// The caller must close the stream.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mimecontent.
func (c *Client) OpenMIME(ctx context.Context, id ItemID) (*MIME, error) {
	return do(ctx, c, openMIME{withoutKeys([]ItemID{id})})
}

// openMIME asks for one item.
type openMIME struct{ openMIMEs }

func (r openMIME) task() (task, error) {
	return task{op: OpGetItem, stream: true}, within("OpenMIME argument id", r.openMIMEs[0].check())
}

func (r openMIME) decode(a *answer) (*MIME, error) {
	s, err := r.openMIMEs.decode(a)
	if e, ok := errors.AsType[*itemRefused](err); ok {
		return nil, e.error
	}
	if err != nil {
		return nil, err
	}
	s.Next()
	return s.MIME(), nil
}

// find advances to the content of the item and reports whether it has any.
func (m *MIME) find() bool {
	d := m.s.a.d
	for d.NextChild(m.item) {
		if d.Local() == m.what {
			m.CharacterSet = d.AttrInterned("CharacterSet")
			m.text = newBase64Reader(d.TextReader(false), m.broken)
			return true
		}
	}
	return false
}

// Read reads decoded MIME. It returns io.EOF only once the response message for the item,
// and for the last item the whole response, has been read and found well-formed;
// truncated MIME ends in another error.
func (m *MIME) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.text.Read(p)
	if n > 0 {
		m.some = true
		m.tail = append(m.tail, p[max(0, n-heldBack):n]...)
		m.tail = append(m.tail[:0], m.tail[max(0, len(m.tail)-heldBack):]...)
	}
	if err != nil {
		m.end(err)
	}
	return n, m.err
}

func (m *MIME) end(err error) {
	a := m.s.a
	switch {
	case err == io.EOF && !m.some && !m.blank:
		err = a.malformed(m.what + " is empty")
	case err == io.EOF:
		m.settled = true
		if err = m.s.settle(m); err == nil {
			m.err = io.EOF
			return
		}
	case a.d.Err() != nil:
		err = a.unreadable(a.d.Err())
	}
	m.err = err
	m.s.end(err)
}

func (m *MIME) broken(err error) error { return m.s.a.malformed(m.what + ": " + err.Error()) }

// skip reads the rest of the item.
func (m *MIME) skip() error {
	m.expire()
	if m.settled {
		return nil
	}
	m.settled = true
	return m.s.settle(m)
}

// expire makes all further reads fail.
func (m *MIME) expire() {
	if m.err == nil {
		m.err = errClosed
	}
}

// Truncated reports, once everything has been read, whether the MIME ends in the marker
// that servers write where they cut off an export. A sender can write that marker, too.
func (m *MIME) Truncated() bool { return hasMarker(m.tail) }

// Close ends the call, including for the other items of [MIMEs]. It does nothing after
// the end of the last item.
func (m *MIME) Close() error { return m.s.Close() }

var errClosed = errors.New("ews: read after Close, or after MIMEs.Next")
