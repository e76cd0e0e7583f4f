package mimescan

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Limits of a document.
const (
	maxToken    = 4 << 20 // bytes of a tag, comment or text; attributes may contain pictures
	maxBase     = 2 << 10 // bytes of a base URL; a longer one is ignored
	maxRelative = 10_000  // links resolved against the base
)

// scanHTML reports the links of a document: in its attributes, resolved against
// its base, and in its text and comments. Entities are resolved.
func scanHTML(r io.Reader, emit func(string) error) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxToken)
	d := &document{emit: emit, text: linkScanner{emit: emit}}
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); errors.Is(err, html.ErrBufferExceeded) {
				return ErrTooComplex
			} else if err != io.EOF {
				return err
			}
			return d.text.close()
		case html.TextToken:
			_, _ = d.text.Write(z.Text())
		case html.CommentToken, html.DoctypeToken:
			// Mail hides buttons in conditional comments.
			if err := d.value(z.Text()); err != nil {
				return err
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if err := d.tag(z); err != nil {
				return err
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			d.boundary(name)
		}
		if d.text.err != nil {
			return d.text.err
		}
	}
}

type document struct {
	emit func(string) error
	text linkScanner
	base *url.URL

	relative int // links resolved
}

// boundary separates the texts of neighbouring blocks. Inline tags, such as <wbr>,
// do not split a link.
func (d *document) boundary(tag []byte) {
	switch string(tag) {
	case "a", "abbr", "b", "big", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u", "wbr":
		return
	}
	_, _ = d.text.Write([]byte("\n"))
}

func (d *document) tag(z *html.Tokenizer) error {
	name, more := z.TagName()
	isBase := string(name) == "base"
	d.boundary(name)
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if isBase && string(key) == "href" && d.base == nil && len(value) <= maxBase {
			d.base, _ = url.Parse(strings.TrimSpace(string(value)))
		}
		if err := d.attribute(string(key), value); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) attribute(key string, value []byte) error {
	if !isLink(key) {
		return d.value(value)
	}
	link := strings.TrimSpace(string(value[:min(len(value), maxLink)]))
	if err := d.emit(link); err != nil {
		return err
	}
	if d.base == nil {
		if strings.HasPrefix(strings.ReplaceAll(link, `\`, "/"), "//") {
			return d.emit("http:" + link)
		}
		return nil
	}
	ref, err := url.Parse(link)
	if err != nil || ref.IsAbs() {
		return nil
	}
	if d.relative++; d.relative > maxRelative {
		return ErrTooComplex
	}
	return d.emit(d.base.ResolveReference(ref).String())
}

// isLink reports whether the value of an attribute is a link.
func isLink(key string) bool {
	switch key {
	case "href", "src", "action", "formaction", "data", "background", "poster", "cite", "xlink:href", "ping":
		return true
	}
	return false
}

// value scans a complete text.
func (d *document) value(text []byte) error {
	s := &linkScanner{emit: d.emit}
	_, _ = s.Write(text)
	return s.close()
}
