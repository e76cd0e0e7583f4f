package ews

import (
	"context"
	"errors"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// MIME is the MIME form of one item, streamed from the server as the caller
// reads. It occupies a slot of the limiter until it is closed or read
// completely.
type MIME struct {
	ItemID       ItemID
	CharacterSet string // as reported by the server; usually UTF-8

	a     *answer
	m     *message
	depth int // of the response message
	item  int // depth of the item; 0: not found
	text  *base64Reader
	what  string // the element with the content
	empty bool
	blank bool   // it may be empty
	tail  []byte // last bytes read
	err   error
}

// OpenMIME returns the MIME form of an item as a stream. Servers rebuild it from
// the item's properties each time, so it is not byte for byte what was
// delivered. The change key of the id is not sent.
//
// The caller must close the stream.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mimecontent.
func (c *Client) OpenMIME(ctx context.Context, id ItemID) (*MIME, error) {
	return do(ctx, c, openMIME{ItemID{ID: id.ID}})
}

type openMIME struct{ id ItemID }

func (r openMIME) task() (task, error) {
	return task{op: OpGetItem, stream: true}, within("OpenMIME argument id", r.id.check())
}

func (r openMIME) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:GetItem")
	e.Open("m:ItemShape")
	e.Leaf("t:BaseShape", string(ShapeIDOnly))
	e.Bool("t:IncludeMimeContent", true)
	e.Close()
	encodeItemIDs(e, []ItemID{r.id})
	e.Close()
}

// decode reads the answer up to the content, and keeps it open.
func (r openMIME) decode(a *answer) (*MIME, error) {
	m := &MIME{ItemID: r.id, a: a, what: "MimeContent", empty: true}
	if err := m.begin("Items", m.find); err != nil {
		return nil, err
	}
	return m, nil
}

// begin reads the answer up to the content, which find looks for in an element of the
// response message, and keeps the answer open.
func (m *MIME) begin(element string, find func() bool) error {
	a, d := m.a, m.a.d
	for d.NextChild(a.depth) {
		if !d.Is(xmlwire.SpaceMessages, "ResponseMessages") || !d.NextChild(d.Depth()) {
			continue
		}
		if m.depth = d.Depth(); d.Local() != string(a.op)+"ResponseMessage" {
			return a.misfit("a response message of another operation")
		}
		m.m = &message{class: d.AttrInterned("ResponseClass")}
		for d.NextChild(m.depth) {
			if !a.messageHead(m.m) && d.Local() == element && m.m.succeeds() && find() {
				a.detached = true
				return nil
			}
		}
		break
	}
	switch {
	case d.Err() != nil:
		return a.unreadable(d.Err())
	case m.m == nil:
		a.line.distrust()
		return a.missing()
	}
	if err := m.settle(); err != nil {
		return err
	}
	return a.malformed("a response message reports success without " + m.what)
}

// find advances to the content of the first item in the current element and
// reports whether it has any.
func (m *MIME) find() bool {
	d := m.a.d
	return d.NextChild(d.Depth()) && m.findIn(d)
}

// findIn advances to the content in the current element, an item.
func (m *MIME) findIn(d *xmlwire.Decoder) bool {
	m.item = d.Depth()
	for d.NextChild(m.item) {
		if d.Local() == m.what {
			m.CharacterSet = d.AttrInterned("CharacterSet")
			m.text = newBase64Reader(d.TextReader(false), m.broken)
			return true
		}
	}
	return false
}

// settle reads the rest of the answer after the content and returns nil if all
// of it reports success.
func (m *MIME) settle() error {
	a, d := m.a, m.a.d
	for m.item > 0 && d.NextChild(m.item) {
		if d.Local() == "ItemId" && !m.ItemID.IsZero() { // which follows the content
			if err := a.about(m.ItemID.ID, decodeItemID(d).ID); err != nil {
				return err
			}
		}
	}
	for d.NextChild(m.depth) {
		a.messageHead(m.m)
	}
	if err := d.Err(); err != nil {
		return a.unreadable(err)
	}
	refusal, ok := a.outcome(m.m, "")
	if !ok {
		return a.malformed("a response message reports neither success nor failure")
	}
	a.messages++
	if d.NextChild(a.depth + 1) {
		return a.misfit("more response messages than requested: 1 expected")
	}
	if err := a.finish(); err != nil {
		return err
	}
	return refusal
}

// Read reads decoded MIME. It returns io.EOF only once the whole response has
// been read and found well-formed; MIME that is cut short ends in another error.
func (m *MIME) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.text.Read(p)
	if n > 0 {
		m.empty = false
		m.tail = append(m.tail, p[max(0, n-heldBack):n]...)
		m.tail = append(m.tail[:0], m.tail[max(0, len(m.tail)-heldBack):]...)
	}
	if err != nil {
		m.end(err)
	}
	return n, m.err
}

func (m *MIME) end(err error) {
	outcome := err
	switch {
	case err == io.EOF:
		if outcome = m.settle(); outcome == nil && m.empty && !m.blank {
			outcome = m.a.malformed(m.what + " is empty")
		}
	case m.a.d.Err() != nil:
		outcome = m.a.unreadable(m.a.d.Err())
	}
	m.a.close(outcome)
	m.err = outcome
	if outcome == nil {
		m.err = io.EOF
	}
}

func (m *MIME) broken(err error) error { return m.a.malformed(m.what + ": " + err.Error()) }

var errClosed = errors.New("ews: read after Close")

// Truncated reports, after all was read, whether the MIME ends in the marker that
// servers write where they cut off an export. A sender can write it, too.
func (m *MIME) Truncated() bool { return hasMarker(m.tail) }

// Close ends the call. It does nothing after io.EOF.
func (m *MIME) Close() error {
	if m.err == nil {
		m.err = errClosed
	}
	m.a.close(nil)
	return nil
}
