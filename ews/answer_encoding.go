package ews

import (
	"bufio"
	"bytes"
	"io"
	"regexp"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// encodingError reports that a response is in a charset that cannot be read.
type encodingError string

func (e encodingError) Error() string { return string(e) }

// headLength is how much of a response is examined for its charset: more than the length
// of an XML declaration.
const headLength = 256

// sticky returns the same error each time; bufio.Reader asks again.
type sticky struct {
	src io.Reader
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.src.Read(p)
	}
	return n, s.err
}

// usualDeclaration begins nearly every response of Exchange.
const usualDeclaration = `<?xml version="1.0" encoding="utf-8"?>`

var encodingDeclared = regexp.MustCompile(`^(?:\xEF\xBB\xBF)?\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'>]*)["']`)

// toUTF8 returns a text as UTF-8. Its encoding is determined by its first bytes or its
// XML declaration: see appendix F of XML 1.0, https://www.w3.org/TR/xml/.
func toUTF8(src io.Reader) (io.Reader, error) {
	r, ok := src.(*bufio.Reader) // if it was not compressed
	if !ok {
		r = bufio.NewReaderSize(&sticky{src: src}, headLength)
	}
	start, err := r.Peek(2)
	if len(start) < 2 {
		if len(start) == 0 && err != nil {
			return nil, err
		}
		return r, nil
	}
	if isUTF16(start) {
		order := unicode.LittleEndian
		if start[0] == 0xFE || start[0] == 0 {
			order = unicode.BigEndian
		}
		return transform.NewReader(r, unicode.UTF16(order, unicode.UseBOM).NewDecoder()), nil
	}
	head, _ := r.Peek(headLength)
	if bytes.HasPrefix(head, []byte(usualDeclaration)) {
		return r, nil
	}
	found := encodingDeclared.FindSubmatch(head)
	if found == nil {
		return r, nil
	}
	switch name := string(bytes.ToLower(found[1])); name {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return r, nil
	case "iso-8859-1", "latin1":
		return transform.NewReader(r, charmap.ISO8859_1.NewDecoder()), nil
	default:
		return nil, encodingError("it is encoded in " + quote(name) + ", which EWS never is; check what converts it on the way")
	}
}
