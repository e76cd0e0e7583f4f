package mimescan

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/net/html"
	"golang.org/x/text/encoding"
	encodings "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// readText returns the normal form of a text. HTML that is too complex has the normal
// form of a text; a text that cannot be decoded, that of its bytes.
func readText(body io.Reader, p part, kind Kind) (Part, error) {
	plain, text := newTextForm(), newTextForm()
	body = io.TeeReader(body, plain)
	converted, known := p.converted(body)
	converted = io.TeeReader(converted, text)
	page, complete := newDigest(), false
	if kind == KindHTML {
		err := readHTML(converted, page)
		complete = err == nil
		if err != nil && !errors.Is(err, ErrTooComplex) {
			return Part{}, err
		}
	}
	if _, err := io.Copy(io.Discard, converted); err != nil {
		return Part{}, err
	}
	// A decoder may have stopped earlier.
	if _, err := io.Copy(io.Discard, body); err != nil {
		return Part{}, err
	}
	switch {
	case !known, text.replaced && !plain.replaced:
		return plain.digest.part(kind), nil
	case complete:
		return page.part(kind), nil
	}
	return text.digest.part(kind), nil
}

// converted returns the text in UTF-8, and whether its charset is known.
func (p part) converted(r io.Reader) (io.Reader, bool) {
	switch p.charset {
	case "":
		return transform.NewReader(r, encodings.BOMOverride(encoding.Nop.NewDecoder())), true
	case "utf-8", "utf8", "us-ascii", "ascii":
		return r, true
	}
	if converted, err := charset.Reader(p.charset, r); err == nil {
		return converted, true
	}
	return r, false
}

// wide reports whether a line end is more than one byte in the charset of the text.
func (p part) wide() bool {
	return strings.HasPrefix(p.charset, "utf-16") || strings.HasPrefix(p.charset, "utf-32") || strings.HasPrefix(p.charset, "iso-10646-ucs")
}

// textForm computes the normal form of a text: its line ends are LF, and a byte order
// mark, blanks at the end of lines and empty lines at the end are left out.
type textForm struct {
	digest   *digest
	mark     int    // bytes of a byte order mark read so far, -1 after it
	replaced bool   // it has U+FFFD, which replaces what could not be decoded
	cr       bool   // the last byte was a carriage return
	lines    int    // line ends held back until something follows
	blanks   []byte // likewise
	tail     []byte // a possible beginning of U+FFFD
}

func newTextForm() *textForm { return &textForm{digest: newDigest()} }

// maxBlanks is how many blanks are held back. Longer runs count even at the end of a line.
const maxBlanks = 4 << 10

const (
	replacement = string(utf8.RuneError)
	byteOrder   = "\uFEFF"
)

// Write never fails.
func (f *textForm) Write(p []byte) (int, error) {
	n := len(p)
	f.watch(p)
	for f.mark >= 0 && len(p) > 0 {
		if p[0] != byteOrder[f.mark] {
			f.body([]byte(byteOrder[:f.mark]))
			f.mark = -1
			break
		}
		p = p[1:]
		if f.mark++; f.mark == len(byteOrder) {
			f.mark = -1
		}
	}
	f.body(p)
	return n, nil
}

// watch looks for U+FFFD.
func (f *textForm) watch(p []byte) {
	f.tail = append(f.tail, p[:min(len(p), len(replacement)-1)]...)
	f.replaced = f.replaced || bytes.Contains(p, []byte(replacement)) || bytes.Contains(f.tail, []byte(replacement))
	if len(p) >= len(replacement) {
		f.tail = append(f.tail[:0], p[len(p)-len(replacement)+1:]...)
	}
	f.tail = append(f.tail[:0], f.tail[max(0, len(f.tail)-len(replacement)+1):]...)
}

func (f *textForm) body(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexAny(p, "\r\n \t")
		if i != 0 {
			if i < 0 {
				i = len(p)
			}
			f.flush()
			_, _ = f.digest.Write(p[:i])
			p, f.cr = p[i:], false
			continue
		}
		switch c := p[0]; {
		case c == '\n' && f.cr:
		case c == '\n' || c == '\r':
			f.lines++
			f.blanks = f.blanks[:0]
		default:
			if len(f.blanks) == maxBlanks {
				f.flush()
			}
			f.blanks = append(f.blanks, c)
		}
		f.cr = p[0] == '\r'
		p = p[1:]
	}
}

// flush writes what was held back, once something follows it.
func (f *textForm) flush() {
	for ; f.lines > 0; f.lines-- {
		_, _ = f.digest.Write([]byte{'\n'})
	}
	_, _ = f.digest.Write(f.blanks)
	f.blanks = f.blanks[:0]
}

// readHTML writes the normal form of HTML: the visible text without white space,
// and the links and addresses of images.
func readHTML(r io.Reader, form io.Writer) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxToken)
	w := bufio.NewWriter(form)
	hidden := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); errors.Is(err, html.ErrBufferExceeded) {
				return ErrTooComplex
			} else if err != io.EOF {
				return err
			}
			return w.Flush()
		case html.TextToken:
			if !hidden {
				squeeze(w, z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			hidden = writeLinks(w, z)
		case html.EndTagToken:
			hidden = false
		}
	}
}

// writeLinks writes the links of a tag, and reports whether the text in the element is
// not part of the page.
func writeLinks(w *bufio.Writer, z *html.Tokenizer) (hidden bool) {
	name, more := z.TagName()
	switch string(name) {
	case "script", "style", "title":
		hidden = true
	}
	counts := !hidden && string(name) != "link" && string(name) != "meta"
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if counts && isLink(string(key)) {
			_ = w.WriteByte(1)
			_, _ = w.Write(key)
			_ = w.WriteByte('=')
			squeeze(w, value)
			_ = w.WriteByte(1)
		}
	}
	return hidden
}

// squeeze writes a text without white space, which servers change when they generate
// HTML.
func squeeze(w *bufio.Writer, text []byte) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if !unicode.IsSpace(r) {
			_, _ = w.Write(text[:size])
		}
		text = text[size:]
	}
}
