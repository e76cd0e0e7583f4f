package mimescan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"strings"
)

// Limits of one message.
const (
	maxDepth  = 32     // nesting of parts and messages
	maxParts  = 10_000 // parts in total
	maxHeader = 1 << 20
	bufSize   = 16 << 10 // per level
)

// ErrTooComplex reports that a message was not scanned completely: it has too
// many parts or nests them too deeply, or has HTML with a tag or text of more than
// 4 MiB or with more than 10,000 links relative to a base. Everything reported to
// the handler is valid.
var ErrTooComplex = errors.New("mimescan: the message is too complex to be scanned completely")

// ErrStop is returned by a handler that has seen enough. [Scan] then returns no
// error and stops reading.
var ErrStop = errors.New("mimescan: stop")

// Handler receives the content of a message, in order. A nil function is not
// called, and its work is not done. An error ends the scan.
type Handler struct {
	// Link receives each link in each text, and again in the forms in which
	// people and programs might delimit it differently. It is absolute or begins
	// with www., except that attributes of HTML are also reported as written; HTML
	// entities are resolved. It may be anything that an attacker wrote.
	Link func(link string) error

	// Attachment receives each attachment once it has been read, including nested
	// messages and their attachments.
	Attachment func(a Attachment) error
}

// Attachment is an attached file or message, or a part of the message that has a
// name or is not text.
type Attachment struct {
	Name   string // from the header, decoded; may be empty
	Type   string // media type, lower case
	SHA256 [sha256.Size]byte
	Size   int64 // bytes, without transfer encoding
}

// Report is what Scan found out about the message as a whole.
type Report struct {
	// Opaque is the media type of a part that is encrypted, or wrapped so that
	// its content was not scanned; empty if all parts were readable.
	Opaque string
}

// Scan reads a message completely. It returns an error of the reader or handler,
// or [ErrTooComplex].
func Scan(r io.Reader, h Handler) (Report, error) {
	s := &scanner{h: h}
	if h.Link != nil {
		// Several scanners read the same text: after an error, all of them stop.
		var refused error
		s.h.Link = func(link string) error {
			if refused == nil {
				refused = h.Link(link)
			}
			return refused
		}
	}
	source := &keeper{r: r}
	err := s.entity(bufio.NewReaderSize(source, bufSize), "text/plain", 0)
	if errors.Is(err, ErrStop) {
		return s.report, nil
	}
	if err == nil {
		_, err = io.Copy(io.Discard, source)
	}
	if source.err != nil {
		err = source.err // however it was interpreted on the way
	}
	if err == nil {
		err = s.late
	}
	return s.report, err
}

// keeper remembers a read error.
type keeper struct {
	r   io.Reader
	err error
}

func (k *keeper) Read(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.r.Read(p)
	if err != nil && err != io.EOF {
		k.err = err
	}
	return n, err
}

type scanner struct {
	h      Handler
	parts  int
	report Report
	late   error // why a text was not scanned completely; the scan continues
}

// entity reads a message or part of one: header and body.
func (s *scanner) entity(br *bufio.Reader, defaultType string, depth int) error {
	if s.parts++; s.parts > maxParts || depth > maxDepth {
		return ErrTooComplex
	}
	fields, rest, err := readHeader(br)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		br = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(rest), br), bufSize)
	}
	p := describe(fields, defaultType)
	switch {
	case strings.HasPrefix(p.kind, "multipart/") && p.boundary != "":
		return s.multipart(br, p, depth)
	case p.kind == "message/rfc822" || p.kind == "message/global" || p.kind == "message/news":
		return s.message(p.decoded(br), p, depth)
	}
	return s.leaf(p.decoded(br), p)
}

// multipart reads the parts between boundaries. Before the first is text that few
// programs show, and everything if the boundary never comes.
func (s *scanner) multipart(br *bufio.Reader, p part, depth int) error {
	if p.kind == "multipart/encrypted" {
		s.report.Opaque = p.kind
	}
	defaultType := "text/plain"
	if p.kind == "multipart/digest" {
		defaultType = "message/rfc822"
	}
	before := &section{br: br, delimiter: "--" + p.boundary}
	if err := s.text(before, part{kind: "text/plain"}); err != nil {
		return err
	}
	for last := before.last; !last; {
		sec := &section{br: br, delimiter: "--" + p.boundary}
		if err := s.entity(bufio.NewReaderSize(sec, bufSize), defaultType, depth+1); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, sec); err != nil {
			return err
		}
		last = sec.last
	}
	return nil
}

// message reads an attached message.
func (s *scanner) message(body io.Reader, p part, depth int) error {
	if s.h.Attachment == nil {
		return s.entity(bufio.NewReaderSize(body, bufSize), "text/plain", depth+1)
	}
	d := newDigest()
	body = io.TeeReader(body, d)
	if err := s.entity(bufio.NewReaderSize(body, bufSize), "text/plain", depth+1); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	return s.h.Attachment(d.attachment(p))
}

// leaf reads a part without subparts.
func (s *scanner) leaf(body io.Reader, p part) error {
	if p.opaque() {
		s.report.Opaque = p.kind
	}
	attached := p.attached() && s.h.Attachment != nil
	var d *digest
	if attached {
		d = newDigest()
		body = io.TeeReader(body, d)
	}
	if p.isText() {
		if err := s.text(body, p); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if attached {
		return s.h.Attachment(d.attachment(p))
	}
	return nil
}

// text scans for links.
func (s *scanner) text(body io.Reader, p part) error {
	if s.h.Link == nil {
		_, err := io.Copy(io.Discard, body)
		return err
	}
	// First as it is, whatever its charset: in most, a link is ASCII.
	plain := &linkScanner{emit: s.h.Link, unfold: p.kind == "text/calendar"}
	body = io.TeeReader(body, plain)
	converted, differs := p.utf8(body)
	var err error
	switch {
	case p.isHTML():
		err = scanHTML(converted, s.h.Link)
	case differs:
		again := &linkScanner{emit: s.h.Link, unfold: plain.unfold}
		if _, err = io.Copy(again, converted); err == nil {
			err = again.close()
		}
	}
	if errors.Is(err, ErrTooComplex) {
		s.late, err = err, nil
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	return plain.close()
}

// digest computes the hash and size of an attachment.
type digest struct {
	hash hash.Hash
	size int64
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

func (d *digest) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	return d.hash.Write(p)
}

func (d *digest) attachment(p part) Attachment {
	return Attachment{Name: p.name, Type: p.kind, SHA256: [sha256.Size]byte(d.hash.Sum(nil)), Size: d.size}
}
