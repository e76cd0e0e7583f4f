package mimescan

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// style reports the links in a style sheet or the value of an attribute that are not found
// as in a text: relative and escaped ones, and those without a scheme.
// See https://www.w3.org/TR/css-syntax-3/#consume-url-token.
func (d *document) style(text []byte, depth int) error {
	d.s.work += int64(len(text))
	if plain := unescapeStyle(text); plain != nil {
		if err := d.value(plain); err != nil {
			return err
		}
		text = plain
	}
	for i := 0; i < len(text); i++ {
		begin := -1
		switch text[i] {
		case '(':
			if i >= 3 && strings.EqualFold(string(text[i-3:i]), "url") {
				begin = i + 1
			}
		case '@':
			if end := i + len("@import"); end <= len(text) && strings.EqualFold(string(text[i:end]), "@import") {
				begin = end
			}
		case '"', '\'':
			// A string, as in image-set().
			if end := min(i+3, len(text)); bytes.Equal(text[i+1:end], []byte("//")) {
				begin = i
			}
		}
		if begin < 0 {
			continue
		}
		link, end := styleLink(text, begin)
		if link != "" {
			if err := d.attribute(link, depth); err != nil {
				return err
			}
		}
		i = end - 1
	}
	return nil
}

// styleLink reads a link, in quotes or not, and returns where it ends.
func styleLink(text []byte, begin int) (link string, end int) {
	for begin < len(text) && text[begin] <= ' ' {
		begin++
	}
	ends := " \t\r\n\f)('\";"
	if begin < len(text) && (text[begin] == '"' || text[begin] == '\'') {
		ends = "\n" + string(text[begin])
		begin++
	}
	end = min(len(text), begin+maxLink+1)
	if n := bytes.IndexAny(text[begin:end], ends); n >= 0 {
		end = begin + n
	}
	link = string(text[begin:end])
	if len(ends) == 2 && end < len(text) && text[end] == ends[1] {
		end++ // skip the quotation mark
	}
	if strings.EqualFold(link, "url") {
		link = "" // @import url(...)
	}
	return link, end
}

// unescapeStyle undoes the escapes of style sheets. It returns nil if there are none.
// See https://www.w3.org/TR/css-syntax-3/#consume-escaped-code-point.
func unescapeStyle(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return nil
	}
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		c := text[0]
		text = text[1:]
		if c != '\\' || len(text) == 0 {
			out = append(out, c)
			continue
		}
		digits := 0
		for digits < min(6, len(text)) && isHex(text[digits]) {
			digits++
		}
		switch {
		case digits > 0:
			v, err := strconv.ParseUint(string(text[:digits]), 16, 32)
			if err != nil || v == 0 || v > utf8.MaxRune {
				v = utf8.RuneError
			}
			out = utf8.AppendRune(out, rune(v))
			text = text[digits:]
			if bytes.HasPrefix(text, crlf) {
				text = text[2:]
			} else if len(text) > 0 && strings.IndexByte(" \t\r\n\f", text[0]) >= 0 {
				text = text[1:]
			}
		case text[0] == '\n':
			text = text[1:]
		case bytes.HasPrefix(text, crlf):
			text = text[2:]
		}
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// sheet reports the links of an attached style sheet.
func (s *scanner) sheet(r io.Reader, p loosePart) error {
	text, err := io.ReadAll(io.LimitReader(r, maxToken+1))
	if err != nil {
		return err
	}
	d := s.document(p)
	if err := d.style(text, 0); err != nil {
		return err
	}
	if err := d.resolve(); err != nil || len(text) <= maxToken {
		return err
	}
	return ErrTooComplex
}
