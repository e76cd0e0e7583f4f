package xmlwire

import (
	"bytes"
	"errors"
	"io"
)

// TextReader reads the text of one element piece by piece. It returns io.EOF at
// the end of the element, and the decoder's error if the document ends or is
// malformed before that.
type TextReader struct {
	cursor textCursor
	rest   []byte
	blanks bool
	done   bool
}

// ErrMovedOn reports that the decoder moved on before a [TextReader] had read the
// text completely.
var ErrMovedOn = errors.New("xmlwire: the decoder has moved on")

// TextReader returns a reader for the text of the current element. The decoder may move
// on at any time; the rest of the text is then skipped, and the reader returns
// [ErrMovedOn]. The reader also returns it if another reader is created for the same
// element, which continues where the first one stopped.
//
// With blanks false, white space is dropped, as for base64.
func (d *Decoder) TextReader(blanks bool) *TextReader {
	t := &TextReader{blanks: blanks}
	t.cursor, t.rest = d.cursor()
	t.cursor.raw = !blanks
	if !blanks {
		t.rest = squeeze(t.rest)
	}
	t.done = !d.isOpen()
	d.stream = t
	return t
}

// Read reads a piece of the text.
func (t *TextReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := t.more(); err != nil {
		return 0, err
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// WriteTo writes the rest of the text to w without copying it first.
func (t *TextReader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		switch err := t.more(); err {
		case nil:
		case io.EOF:
			return total, nil
		default:
			return total, err
		}
		n, err := w.Write(t.rest)
		total += int64(n)
		t.rest = t.rest[n:]
		if err != nil {
			return total, err
		}
	}
}

// more ensures that rest is not empty.
func (t *TextReader) more() error {
	if t.cursor.d.stream != t {
		t.rest = nil // the window has moved
	}
	for len(t.rest) == 0 {
		if err := t.fill(); err != nil {
			return err
		}
	}
	return nil
}

func (t *TextReader) fill() error {
	d := t.cursor.d
	switch {
	case t.done:
		return io.EOF
	case d.stream != t:
		return ErrMovedOn
	}
	run, ok := t.cursor.text()
	if !ok {
		if d.err != nil {
			return d.err
		}
		t.done = true
		return io.EOF
	}
	if !t.blanks {
		run = squeeze(run)
	}
	t.rest = run
	return nil
}

// squeeze removes white space from run, in place: the run belongs to the window
// and is not used again.
func squeeze(run []byte) []byte {
	if bytes.IndexByte(run, ' ') < 0 && bytes.IndexByte(run, '\t') < 0 {
		return joinLines(run)
	}
	n := 0
	for _, c := range run {
		if !isSpace(c) {
			run[n] = c
			n++
		}
	}
	return run[:n]
}

// joinLines removes line ends from run, in place.
func joinLines(run []byte) []byte {
	n := 0
	for rest := run; len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		for len(line) > 0 {
			part := line
			if i := bytes.IndexByte(line, '\r'); i >= 0 {
				part, line = line[:i], line[i+1:]
			} else {
				line = nil
			}
			n += copy(run[n:], part)
		}
	}
	return run[:n]
}
