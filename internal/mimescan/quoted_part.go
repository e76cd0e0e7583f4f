package mimescan

import (
	"bufio"
	"bytes"
)

// quotedPart is a part of a message within a text: because a header broke off before it,
// because a server could not deliver the message and quotes it, or because it is in
// base64 without a declaration. Programs may show it as the part that it was.
type quotedPart struct {
	kind quotedKind
	body bool   // its header has ended
	text []byte // its header and body
}

type quotedKind int

const (
	quotedNone    quotedKind = iota
	quotedHeader             // begins with a field
	quotedParts              // the same, and contains parts or a message
	quotedEncoded            // lines of base64
)

// Limits of quoted parts in the texts of a message.
const (
	maxQuoted    = 1000
	minQuotedBuf = 512
)

// minEncoded is how many characters a line needs to be taken for base64.
const minEncoded = 60

// extend adds a piece of a line.
func (q *quotedPart) extend(piece []byte, ends bool) {
	if q.kind != quotedHeader && q.kind != quotedParts || len(q.text) > maxInlineFile {
		return
	}
	q.text = append(q.text, piece...)
	if ends {
		q.text = append(q.text, '\n')
	}
}

// take handles a line. A long one has been cut.
func (q *quotedPart) take(line []byte, long bool, s *scanner, depth int) error {
	begins := false
	if len(line) > len(contentType) && line[0]|0x20 == 'c' {
		key, _, isField := cutLooseField(line)
		begins = isField && (key == contentType || key == contentEncoding)
	}
	encoded := !long && isEncoded(line)
	switch {
	case q.kind == quotedEncoded && encoded && len(q.text) < maxInlineFile:
		q.text = append(append(q.text, line...), '\n')
		return nil
	case q.kind == quotedHeader && !q.body && len(line) == 0:
		q.body = true
		if lower := bytes.ToLower(q.text); bytes.Contains(lower, []byte("multipart/")) || bytes.Contains(lower, []byte("message/")) {
			q.kind = quotedParts
		}
		return nil
	case q.kind == quotedHeader && (!q.body || !begins), q.kind == quotedParts:
		return nil
	case q.kind == quotedNone && !begins && (!encoded || len(line) < minEncoded):
		return nil
	}
	err := q.finish(s, depth)
	switch {
	case err != nil || long:
	case begins:
		*q = quotedPart{kind: quotedHeader, text: append(bytes.Clone(line), '\n')}
	case encoded && len(line) >= minEncoded:
		*q = quotedPart{kind: quotedEncoded, text: append([]byte(contentEncoding+": base64\n\n"), line...)}
	}
	return err
}

// isEncoded reports whether a line may be base64.
func isEncoded(line []byte) bool {
	for _, c := range bytes.TrimRight(line, "= \t") {
		if base64Values[c] == 0 {
			return false
		}
	}
	return len(line) > 0
}

// finish scans the gathered text. Defects in it are not defects of the message.
func (q *quotedPart) finish(s *scanner, depth int) error {
	text := q.text
	*q = quotedPart{}
	if len(text) == 0 || s.quoted {
		return nil
	}
	if s.quotedParts++; s.quotedParts > maxQuoted {
		s.doubt(true, true, "a text has too many parts of messages within it")
		return nil
	}
	report, late := s.report, s.late
	s.quoted = true
	s.within++
	err := s.entity(bufio.NewReaderSize(bytes.NewReader(text), min(len(text)+minQuotedBuf, bufSize)), "text/plain", false, depth+1)
	s.quoted = false
	s.within--
	s.report, s.late = report, late
	if err == ErrTooComplex && s.parts <= maxParts {
		return nil
	}
	return err
}
