package mimescan

import (
	"bufio"
	"bytes"
	"encoding/base64"
)

// Limits of the search within a text.
const (
	maxInlineLine = 1 << 10 // bytes of a line
	maxInlineFile = 1 << 20 // bytes of a file whose content is scanned
)

// inlineScanner finds what older programs put into a text: uuencoded files, and text
// encoded with PGP, yEnc or BinHex.
type inlineScanner struct {
	s     *scanner
	depth int
	line  []byte
	long  bool // the line is longer than the part that is kept

	name  string
	state uuState
	plain bool // the file is in base64
	part  quotedPart
	file  []byte
	sum   *digest
	err   error
}

type uuState int

const (
	uuOutside uuState = iota
	uuBegun           // after the line that begins a file
	uuInside
)

// Write returns the error of the handler, if any.
func (i *inlineScanner) Write(p []byte) (int, error) {
	n := len(p)
	i.s.work += int64(n)
	for len(p) > 0 && i.err == nil {
		end := bytes.IndexByte(p, '\n')
		piece := p
		if end >= 0 {
			piece = p[:end]
		}
		room := maxInlineLine - len(i.line)
		i.long = i.long || len(piece) > room
		i.line = append(i.line, piece[:min(len(piece), room)]...)
		i.part.extend(piece, end >= 0)
		if end < 0 {
			break
		}
		i.take()
		p = p[end+1:]
	}
	return n, i.err
}

func (i *inlineScanner) close() error {
	if len(i.line) > 0 && i.err == nil {
		i.take()
	}
	if i.state == uuInside && i.err == nil {
		i.s.doubt(false, true, "a uuencoded file has no end")
		i.finish()
	}
	if i.err == nil {
		i.err = i.part.finish(i.s, i.depth)
	}
	return i.err
}

// take handles one line.
func (i *inlineScanner) take() {
	line := bytes.TrimRight(i.line, "\r")
	if i.state != uuOutside {
		i.encoded(line)
	}
	if i.state == uuOutside && len(line) > 0 {
		begin, plain := bytes.CutPrefix(line, []byte("begin-base64"))
		if plain {
			begin = append([]byte("begin"), begin...)
		} else {
			begin = line
		}
		if name, ok := uuBegin(begin); ok && !i.long {
			i.state, i.name, i.file, i.sum, i.plain = uuBegun, name, nil, newDigest(), plain
		} else {
			i.opaque(line)
		}
	}
	if i.err == nil && i.state == uuOutside && !i.s.quoted {
		i.err = i.part.take(line, i.long, i.s, i.depth)
	}
	i.line, i.long = i.line[:0], false
}

func (i *inlineScanner) opaque(line []byte) {
	const pgp = "-----BEGIN PGP MESSAGE"
	switch at := bytes.Index(line, []byte(pgp)); {
	case at == 0 || at > 0 && line[at-1] == '>':
		i.s.report.Opaque = "PGP in the text"
	case bytes.HasPrefix(line, []byte("=ybegin ")):
		i.s.report.Opaque = "yEnc in the text"
	case bytes.HasPrefix(line, []byte("(This file must be converted with BinHex")):
		i.s.report.Opaque = "BinHex in the text"
	}
}

// encoded decodes a line after the one that begins a file.
func (i *inlineScanner) encoded(line []byte) {
	end := "end"
	if i.plain {
		end = "===="
	}
	if string(bytes.TrimSpace(line)) == end {
		i.finish()
		return
	}
	b, ok := uuLine(nil, line)
	if i.plain {
		var err error
		b, err = base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(line))
		ok = err == nil
	}
	switch {
	case ok && !i.long:
		i.state = uuInside
		_, _ = i.sum.Write(b)
		if len(i.file) <= maxInlineFile {
			i.file = append(i.file, b...)
		}
	case len(bytes.TrimSpace(line)) == 0:
	case i.state == uuBegun:
		i.state = uuOutside // it was only text
	default:
		i.s.doubt(false, true, "a uuencoded file has no end")
		i.finish()
	}
}

// finish reports the file.
func (i *inlineScanner) finish() {
	i.state = uuOutside
	p := loosePart{part: part{kind: "application/octet-stream", name: i.name, disposition: "attachment"}}
	if i.s.parts++; i.s.parts > maxParts {
		i.err = ErrTooComplex
		return
	}
	if len(i.file) <= maxInlineFile {
		i.s.within++
		i.err = i.s.body(bufio.NewReaderSize(bytes.NewReader(i.file), partBuf), p, i.depth+1)
		i.s.within--
		i.file = nil
		return
	}
	i.file = nil
	if p.isLooseText() {
		i.s.doubt(true, false, "a uuencoded file is larger than 1 MiB")
	}
	if i.s.h.Attachment != nil {
		i.err = i.s.h.Attachment(i.sum.attachment(p))
	}
}
