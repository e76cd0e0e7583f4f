package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
)

// entity reads a message or part of one: header and body.
func (s *scanner) entity(br *bufio.Reader, defaultType string, isMessage bool, depth int) error {
	if s.parts++; s.parts > maxParts || depth > maxDepth {
		return ErrTooComplex
	}
	if isMessage {
		br = withLineEnds(br)
	}
	h, err := readLoose(br, isMessage, isMessage && s.h.Begin != nil)
	if err != nil {
		return err
	}
	if isMessage && s.h.Begin != nil {
		if err := s.h.Begin(h.raw); err != nil {
			return err
		}
	}
	s.work += int64(h.work)
	if h.doubt != "" {
		s.doubt(true, true, h.doubt)
	}
	if len(h.odd) > 0 {
		if err := s.text(bytes.NewReader(h.odd), loosePart{part: part{kind: "text/plain"}}, depth); err != nil {
			return err
		}
	}
	if len(h.rest) > 0 {
		br = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(h.rest), br), bufSize)
	}
	p := describeLoosely(h.fields, defaultType)
	p.location = s.located(p.location)
	if h.broke && (p.encoding != "" || p.attached() && !strings.HasPrefix(p.kind, "multipart/") || p.isMessage()) {
		// The line is text, or corrupts encoded content.
		s.doubt(true, true, "a header broke off")
	}
	return s.body(br, p, depth)
}

// withLineEnds converts the line ends of a message whose only line ends are carriage
// returns.
func withLineEnds(br *bufio.Reader) *bufio.Reader {
	ahead, _ := br.Peek(maxAhead)
	if bytes.IndexByte(ahead, '\n') >= 0 || bytes.IndexByte(ahead, '\r') < 0 {
		return br
	}
	return bufio.NewReaderSize(&decoder{fill: func(dst []byte) ([]byte, error) {
		dst = dst[:cap(dst)]
		n, err := br.Read(dst)
		for i, c := range dst[:n] {
			if c == '\r' {
				dst[i] = '\n'
			}
		}
		return dst[:n], err
	}}, bufSize)
}

func (s *scanner) body(br *bufio.Reader, p loosePart, depth int) error {
	if depth > maxDepth {
		return ErrTooComplex
	}
	if p.strange != "" {
		s.doubt(p.isLooseText() || p.isMessage(), true, "the transfer encoding of a part is not known")
	}
	if strings.HasPrefix(p.kind, "multipart/") {
		if p.long {
			s.doubt(true, true, "the boundary of a multipart is longer than 8 KiB")
		}
		if p.twice {
			s.doubt(true, true, "a multipart has two different boundaries")
		}
		if br = s.whole(br, &p); p.boundary != "" {
			outer := s.location
			s.location = p.location
			err := s.multipart(br, p, depth)
			s.location = outer
			return err
		}
	}
	if p.isMessage() {
		return s.message(s.decoded(br, &p), p, depth)
	}
	return s.leaf(br, p, depth)
}

// whole prepares the body of a multipart. It may be encoded as a whole, although RFC 2045,
// section 6.4, forbids that, and its boundary may not be the declared one.
func (s *scanner) whole(br *bufio.Reader, p *loosePart) *bufio.Reader {
	ahead, _ := br.Peek(bufSize)
	if delimited(ahead, p.boundary) {
		if p.encoding == "base64" || p.encoding == uuencoded {
			s.doubt(true, true, "a multipart is not encoded as declared")
		}
		return br
	}
	if p.encoding != "" {
		br = bufio.NewReaderSize(s.decoded(br, p), bufSize)
		p.encoding = ""
		if ahead, _ = br.Peek(bufSize); delimited(ahead, p.boundary) {
			return br
		}
	}
	if len(ahead) == bufSize && p.boundary != "" || len(bytes.TrimSpace(ahead)) == 0 {
		return br // the boundary may come later, or there is no content
	}
	s.doubt(true, true, "the boundary of a multipart never comes")
	if other := likelyBoundary(ahead); other != "" {
		p.boundary = other
	}
	return br
}

// delimited reports whether a line of a text begins with the delimiter.
func delimited(text []byte, boundary string) bool {
	if boundary == "" {
		return false
	}
	delimiter := []byte("--" + boundary)
	return bytes.HasPrefix(text, delimiter) || bytes.Contains(text, append([]byte("\n"), delimiter...))
}

// likelyBoundary returns the boundary that a text seems to have: a line that begins with
// two hyphens and is followed by a header field of a part.
func likelyBoundary(text []byte) string {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		boundary, ok := bytes.CutPrefix(bytes.TrimRight(line, " \t\r"), []byte("--"))
		if !ok || len(boundary) == 0 {
			continue
		}
		next, _, _ := bytes.Cut(text, []byte("\n"))
		if key, _, ok := cutLooseField(next); ok && strings.HasPrefix(key, "content-") {
			return string(boundary)
		}
	}
	return ""
}

// multipart reads the parts between boundaries, and the text before the first and after the
// last, which few programs show.
func (s *scanner) multipart(br *bufio.Reader, p loosePart, depth int) error {
	if p.kind == "multipart/encrypted" {
		s.report.Opaque = p.kind
	}
	defaultType := "text/plain"
	if p.kind == "multipart/digest" {
		defaultType = "message/rfc822"
	}
	for began := false; ; began = true {
		if began {
			if s.parts++; s.parts > maxParts {
				return ErrTooComplex
			}
		}
		between := &section{br: br, delimiter: "--" + p.boundary, work: &s.work}
		if err := s.text(between, loosePart{part: part{kind: "text/plain"}}, depth); err != nil {
			return err
		}
		if !began && between.last && between.read {
			s.doubt(true, true, "the boundary of a multipart comes at its end only")
		}
		if between.open {
			if !began && between.read {
				s.doubt(true, true, "the boundary of a multipart never comes")
			}
			return nil
		}
		for last := between.last; !last; {
			sec := &section{br: br, delimiter: "--" + p.boundary, work: &s.work}
			if err := s.entity(bufio.NewReaderSize(sec, bufSize), defaultType, false, depth+1); err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, sec); err != nil {
				return err
			}
			last = sec.last
		}
	}
}

// message reads an attached message.
func (s *scanner) message(body io.Reader, p loosePart, depth int) error {
	outer := s.location
	s.location = ""
	defer func() { s.location = outer }()
	if s.h.Attachment == nil {
		return s.inner(body, depth)
	}
	d := newDigest()
	body = io.TeeReader(body, d)
	if err := s.inner(body, depth); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	return s.h.Attachment(d.attachment(p))
}

// leaf reads a part without subparts.
func (s *scanner) leaf(br *bufio.Reader, p loosePart, depth int) error {
	opaque := ""
	if p.hides() {
		opaque = p.kind
	}
	isText := p.isLooseText()
	var raw *rawScanner
	if p.encoding == "base64" {
		raw = &rawScanner{}
		if isText && s.h.Link != nil {
			raw.links = &linkScanner{emit: s.h.Link, known: s.known, work: &s.work}
		}
		br = bufio.NewReaderSize(io.TeeReader(br, raw), bufSize)
	}
	body := bufio.NewReaderSize(s.decoded(br, &p), partBuf)
	first, _ := body.Peek(512)
	if bytes.HasPrefix(first, []byte("\x78\x9f\x3e\x22")) {
		opaque = "application/ms-tnef" // [MS-OXTNEF] 2.1.3.1
	}
	if opaque != "" {
		s.report.Opaque = opaque
	}
	if !isText || strings.HasPrefix(p.kind, "text/") {
		switch kind := sniffed(first); {
		case kind == "":
			if !isText && p.mayBeText() && looksLikeText(first) {
				p.seems, isText = "text/plain", true
			}
		case isText && kind == "text/plain":
		default:
			p.seems, isText = kind, true
		}
	}
	attached := p.attached() && s.h.Attachment != nil
	var d *digest
	var content io.Reader = body
	if attached {
		d = newDigest()
		content = io.TeeReader(body, d)
	}
	if isText {
		var err error
		if content, err = s.shown(content, p); err != nil {
			return err
		}
		if err := s.text(content, p, depth); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	if err := raw.close(s, isText, p.attached()); err != nil {
		return err
	}
	if attached {
		a := d.attachment(p)
		a.Opaque = opaque
		return s.h.Attachment(a)
	}
	return nil
}

// located returns the base of relative links in a part: its own location, or that of the
// parts around it (RFC 2557, section 5).
func (s *scanner) located(own string) string {
	if own == "" || s.location == "" {
		return own + s.location
	}
	if resolved, ok := linkunwrap.Resolve(s.location, own); ok {
		return resolved
	}
	return own
}
