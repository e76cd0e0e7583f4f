package xmlwire

import (
	"bytes"
	"io"
)

// TextReader reads the text of one element piece by piece. It returns io.EOF
// when the element has ended, and the decoder's error if the document breaks
// off or is malformed before that.
type TextReader struct {
	cursor textCursor
	rest   []byte
	blanks bool
	done   bool
}

// TextReader returns a reader of the text of the current element. The decoder
// may move on at any time; what has not been read is skipped then, and the
// reader is spent.
//
// With blanks false, white space is left out, as base64 wants it.
func (d *Decoder) TextReader(blanks bool) *TextReader {
	return &TextReader{cursor: textCursor{d: d, depth: len(d.open)}, blanks: blanks}
}

// Read reads a piece of the text.
func (t *TextReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(t.rest) == 0 {
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// WriteTo writes the rest of the text to w without copying it first.
func (t *TextReader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		for len(t.rest) == 0 {
			switch err := t.fill(); err {
			case nil:
			case io.EOF:
				return total, nil
			default:
				return total, err
			}
		}
		n, err := w.Write(t.rest)
		total += int64(n)
		t.rest = t.rest[n:]
		if err != nil {
			return total, err
		}
	}
}

func (t *TextReader) fill() error {
	d := t.cursor.d
	if d.err != nil {
		return d.err
	}
	if t.done || len(d.open) < t.cursor.depth {
		t.done = true
		return io.EOF
	}
	run, ok := t.cursor.text()
	if !ok {
		t.done = true
		if d.err != nil {
			return d.err
		}
		return io.EOF
	}
	if !t.blanks {
		run = squeeze(run)
	}
	t.rest = run
	return nil
}

// squeeze takes white space out of run, in place: the run is the window's, and
// nobody else looks at it again.
func squeeze(run []byte) []byte {
	first := -1
	for _, c := range []byte("\n\r \t") {
		if i := bytes.IndexByte(run, c); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first < 0 {
		return run
	}
	n := first
	for _, c := range run[first:] {
		if !isSpace(c) {
			run[n] = c
			n++
		}
	}
	return run[:n]
}
