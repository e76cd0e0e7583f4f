package ewstest

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// wide returns the byte order of a document that begins like UTF-16, with or without a
// byte order mark.
func wide(begin []byte) (unicode.Endianness, bool) {
	if len(begin) < 2 {
		return unicode.BigEndian, false
	}
	switch string(begin[:2]) {
	case "\xff\xfe", "<\x00":
		return unicode.LittleEndian, true
	case "\xfe\xff", "\x00<":
		return unicode.BigEndian, true
	}
	return unicode.BigEndian, false
}

// narrowed reads a document in UTF-16 as UTF-8.
func narrowed(document io.Reader, order unicode.Endianness) io.Reader {
	return transform.NewReader(document, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
}

// declaration matches the XML declaration at the beginning of a document, with its
// version and encoding.
var declaration = regexp.MustCompile(`^(?:\x{FEFF})?<\?xml\s+version\s*=\s*["']([^"']*)["'](?:\s+encoding\s*=\s*["']([^"']*)["'])?`)

// misdeclared refuses a document whose declaration is wrong. Exchange reads XML 1.0 in
// UTF-8 and UTF-16, and goes by the bytes; a declaration that contradicts them is an
// error. See
// https://learn.microsoft.com/en-us/archive/blogs/nathana/text-encoding-and-wcf.
func misdeclared(begin []byte, encoding string) error {
	found := declaration.FindSubmatch(begin[:min(len(begin), 256)])
	if found == nil {
		return nil
	}
	version, declared := string(found[1]), strings.ToLower(string(found[2]))
	switch {
	case version != "1.0":
		return wrongDeclaration("the XML version %s is not supported; say 1.0", version)
	case declared == "", declared == encoding, encoding == "utf-16" && strings.HasPrefix(declared, encoding):
		return nil
	}
	return wrongDeclaration("the encoding in the declaration, %s, is not that of the document, "+encoding, declared)
}

func wrongDeclaration(format, value string) error {
	return &ewsschema.SyntaxError{Line: 1, Position: 1, Err: fmt.Errorf(format, value)}
}

// parseText reads a request that begins with these bytes, in either encoding.
func parseText(begin []byte, rest io.Reader, server ewsschema.Version) (*ewsschema.Request, error) {
	document := io.MultiReader(bytes.NewReader(begin), rest)
	order, is := wide(begin)
	if !is {
		if err := misdeclared(begin, "utf-8"); err != nil {
			return nil, err
		}
		return ewsschema.Parse(document, server)
	}
	document = narrowed(document, order)
	first := make([]byte, 256)
	n, err := io.ReadFull(document, first)
	if err != nil && n == 0 {
		return ewsschema.Parse(document, server)
	}
	if err := misdeclared(first[:n], "utf-16"); err != nil {
		return nil, err
	}
	return ewsschema.Parse(io.MultiReader(bytes.NewReader(first[:n]), document), server)
}
