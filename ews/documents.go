package ews

import (
	"bytes"
	"io"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// documents reads a body that consists of SOAP envelopes, one after the other, such as
// the answer to GetStreamingEvents. Read returns io.EOF after the end tag of each, so
// nobody has to wait for the next envelope to be sure that the last one has ended.
type documents struct {
	src  io.Reader
	buf  []byte // read, not yet returned
	name []byte // of the tag being read, after "</"
	at   tagState
	end  bool // of the document
}

// tagState is the position of the last byte read, relative to a tag.
type tagState int

const (
	outsideTag tagState = iota
	afterLess           // after '<'
	inEndTag            // after "</"
)

// maxTagName is how many bytes of an end tag's name are examined.
const maxTagName = 128

// Read reads from the current document.
func (d *documents) Read(p []byte) (int, error) {
	if d.end {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if len(d.buf) == 0 {
		if cap(d.buf) < 4<<10 {
			d.buf = make([]byte, 4<<10)
		}
		n, err := d.src.Read(d.buf[:cap(d.buf)])
		d.buf = d.buf[:n]
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, d.buf)
	n = d.scan(p[:n])
	d.buf = d.buf[n:]
	return n, nil
}

// scan returns how much of p belongs to the document.
func (d *documents) scan(p []byte) int {
	for i, c := range p {
		switch {
		case c == '<':
			d.at = afterLess
		case d.at == afterLess && c == '/':
			d.at, d.name = inEndTag, d.name[:0]
		case d.at == inEndTag && c == '>':
			d.at = outsideTag
			name := bytes.TrimRight(d.name, " \t\r\n")
			if name = name[bytes.IndexByte(name, ':')+1:]; string(name) == "Envelope" {
				d.end = true
				return i + 1
			}
		case d.at == inEndTag && len(d.name) < maxTagName:
			d.name = append(d.name, c)
		case d.at == afterLess:
			d.at = outsideTag
		}
	}
	return len(p)
}

// next waits for another document. It returns io.EOF if no more come.
func (d *documents) next() error {
	for {
		d.buf = bytes.TrimLeft(d.buf, " \t\r\n")
		if len(d.buf) > 0 {
			d.end = false
			return nil
		}
		d.buf = make([]byte, 4<<10)
		n, err := d.src.Read(d.buf)
		d.buf = d.buf[:n]
		if n == 0 && err != nil {
			return err
		}
	}
}

// Bounds of an answer that stays open.
const (
	// maxSilence is how long nothing may arrive: servers send a sign of life about every
	// 45 seconds.
	maxSilence = 2 * time.Minute
	// maxDocument bounds a document, in bytes: a notification has about 50 events.
	maxDocument = 16 << 20
	// graceOfStream is how long an answer may stay open beyond the requested time.
	graceOfStream = time.Minute
)

// stayOpen prepares for an answer that consists of documents and stays open for a while.
func (a *answer) stayOpen(during time.Duration) {
	a.live = &documents{src: a.body}
	a.body.left = maxDocument
	if limit := a.client.stall; limit >= 0 {
		limit = max(limit, maxSilence)
		late := func() { a.cancel(timeoutError{after: limit, option: stallOption}) }
		a.body.time = newAllowance(limit, late)
		a.overdue = time.AfterFunc(during+graceOfStream, late)
	}
}

// text returns the reader for the decoder.
func (a *answer) text() io.Reader {
	if a.live != nil {
		return a.live
	}
	return a.body
}

// nextDocument waits for the next document of an answer that stays open, and reads it up
// to the response element. It returns io.EOF if no more come.
func (a *answer) nextDocument() error {
	a.body.left = maxDocument
	a.body.time.renew()
	if err := a.live.next(); err != nil {
		if err == io.EOF {
			return err
		}
		return a.unreadable(err)
	}
	a.d.Release()
	a.d = xmlwire.NewDecoder(a.live, limits)
	if !a.d.NextChild(0) || !a.d.Is(xmlwire.SpaceSOAP, "Envelope") {
		return a.unreadable(a.wrongAnswer("a document is no SOAP envelope"))
	}
	for a.d.NextChild(1) {
		if !a.d.Is(xmlwire.SpaceSOAP, "Body") {
			continue
		}
		switch {
		case !a.d.NextChild(2):
			return a.unreadable(a.wrongAnswer("the SOAP body is empty"))
		case a.d.Is(xmlwire.SpaceSOAP, "Fault"):
			return a.fault()
		case !a.d.Is(xmlwire.SpaceMessages, string(a.op)+"Response"):
			return a.unreadable(a.wrongAnswer("it is the response to another operation"))
		}
		a.depth, a.messages = a.d.Depth(), 0
		return nil
	}
	return a.unreadable(a.wrongAnswer("it has no SOAP body"))
}
