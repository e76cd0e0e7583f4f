package mimescan

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// Limits of a document.
const (
	maxToken    = 4 << 20 // bytes of a tag, comment or text; attributes may contain pictures
	maxRelative = 10_000  // links resolved against a base
	maxRelBytes = 4 << 20 // bytes of them
	maxResolved = 8 << 20 // bytes of them with their bases
	maxBases    = 4
	maxInner    = 4     // levels of documents within others
	maxPages    = 1_000 // documents within one
)

// page reports the links of a document: in its attributes, resolved against its base,
// and in its text and comments. Entities are resolved.
func (s *scanner) page(r io.Reader, p loosePart) error {
	d := s.document(p)
	if err := d.read(r, 0); err != nil {
		return err
	}
	return d.resolve()
}

// document returns a document that is the text of a part.
func (s *scanner) document(p loosePart) *document {
	d := &document{s: s}
	d.values = linkScanner{emit: s.link, known: s.known, work: &s.work, cut: d.cut}
	if p.location != "" {
		d.base(p.location)
	}
	return d
}

// document is an HTML page with the documents within it.
type document struct {
	s        *scanner
	bases    []string
	relative []string // links kept until the base is known, which may follow them
	size     int      // bytes of them
	tooMany  bool
	pages    int         // documents within it
	isStyle  bool        // the text that follows is a style sheet
	values   linkScanner // for texts in attributes and comments
}

// read reads a document at a depth within others.
func (d *document) read(r io.Reader, depth int) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxToken)
	text := &linkScanner{emit: d.values.emit, known: d.values.known, work: d.values.work, cut: d.values.cut}
	for {
		kind := z.Next()
		d.s.work += int64(len(z.Raw()))
		switch kind {
		case html.ErrorToken:
			if err := z.Err(); errors.Is(err, html.ErrBufferExceeded) {
				return ErrTooComplex
			} else if err != io.EOF {
				return err
			}
			return text.close()
		case html.TextToken:
			content := z.Text()
			_, _ = text.Write(content)
			if d.isStyle {
				if err := d.style(content, depth); err != nil {
					return err
				}
			}
		case html.CommentToken, html.DoctypeToken:
			if err := d.comment(z.Text(), depth); err != nil {
				return err
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if err := d.tag(z, text, depth); err != nil {
				return err
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			separate(text, name)
			d.isStyle = false
		}
		if text.err != nil {
			return text.err
		}
	}
}

// cut notes a link that was not read to its end.
func (d *document) cut() { d.s.doubt(true, false, "a link is longer than 32 KiB") }

// separate separates the texts of adjacent blocks. Inline tags, such as <wbr>, do not
// split a link.
func separate(text *linkScanner, tag []byte) {
	switch string(tag) {
	case "a", "abbr", "b", "big", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u", "wbr":
		return
	}
	_, _ = text.Write([]byte("\n"))
}

// comment scans a comment. Outlook shows the contents of conditional comments.
func (d *document) comment(text []byte, depth int) error {
	if err := d.value(text); err != nil || !bytes.Contains(text, []byte("<")) {
		return err
	}
	return d.inner(string(text), depth)
}

// inner scans a document within another.
func (d *document) inner(page string, depth int) error {
	if d.pages++; depth == maxInner || d.pages > maxPages {
		d.s.doubt(true, false, "a page has too many other pages within it")
		return nil
	}
	return d.read(strings.NewReader(page), depth+1)
}

func (d *document) tag(z *html.Tokenizer, text *linkScanner, depth int) error {
	tag, more := z.TagName()
	name := string(tag)
	separate(text, tag)
	d.isStyle = name == "style"
	switch name {
	case "noscript", "noframes", "noembed", "iframe", "xmp", "plaintext":
		z.NextIsNotRawText() // mail programs run no scripts and show no frames
	}
	content, isRefresh := "", false
	for more {
		var k, value []byte
		k, value, more = z.TagAttr()
		var err error
		switch key := string(k); {
		case name == "base" && key == "href":
			d.base(string(value))
			err = d.attribute(string(value), depth)
		case isLink(key), strings.HasSuffix(key, ":href"), key == "longdesc", key == "lowsrc", key == "dynsrc":
			err = d.attribute(string(value), depth)
		case key == "srcset", key == "imagesrcset":
			for candidate := range strings.SplitSeq(string(value), ",") {
				link, _, _ := strings.Cut(strings.TrimSpace(candidate), " ")
				if err == nil {
					err = d.attribute(link, depth)
				}
			}
		case key == "srcdoc":
			err = d.inner(string(value), depth)
		default:
			isRefresh = isRefresh || key == "http-equiv" && strings.EqualFold(strings.TrimSpace(string(value)), "refresh")
			if key == "content" {
				content = string(value)
			}
			if err = d.value(value); err == nil && bytes.IndexByte(value, '(') >= 0 {
				err = d.style(value, depth)
			}
		}
		if err != nil {
			return err
		}
	}
	if isRefresh {
		return d.attribute(refreshed(content), depth)
	}
	return nil
}

// attribute reports a link in all the forms in which programs might read it.
func (d *document) attribute(value string, depth int) error {
	d.s.work += int64(len(value))
	link := linkunwrap.Tidy(value)
	scheme, rest := schemeOf(link)
	if scheme == "data" {
		if page := dataPage(link); page != "" {
			return d.inner(page, depth)
		}
		return nil
	}
	if len(link) > maxLink {
		d.cut()
		link = link[:maxLink]
	}
	if err := d.s.link(link); err != nil || link == "" {
		return err
	}
	switch scheme {
	case "":
		if err := d.schemeless(link); err != nil {
			return err
		}
		if strings.ContainsAny(link, ":") {
			// There may be text around it, such as an unpaired quote.
			if err := d.value([]byte(link)); err != nil {
				return err
			}
		}
	case "http", "https", "ftp":
		if strings.HasPrefix(rest, "//") {
			return nil
		}
	default:
		if plain := mimeparam.Unescape(link); plain != link {
			if err := d.value([]byte(plain)); err != nil {
				return err
			}
		}
		return d.value([]byte(link))
	}
	d.size += len(link)
	if d.tooMany = d.tooMany || len(d.relative) == maxRelative || d.size > maxRelBytes; !d.tooMany {
		d.relative = append(d.relative, link)
	}
	return nil
}

// schemeless reports a link without a scheme as mail programs read it: they have no page
// that it could be relative to.
func (d *document) schemeless(link string) error {
	if first := strings.ReplaceAll(link[:min(len(link), 2)], `\`, "/"); first == "//" {
		return d.s.link("http:" + link)
	}
	host, _, _ := strings.Cut(link, "/")
	if i := strings.IndexByte(host, '.'); i > 0 && !strings.ContainsAny(host, "?# ") {
		return d.s.link("http://" + link)
	}
	return nil
}

// base notes a base of the document. Browsers use the first, but not all programs do.
func (d *document) base(value string) {
	link := linkunwrap.Tidy(value)
	if len(link) > maxLink {
		d.s.doubt(true, false, "the base of a page is longer than 32 KiB")
		return
	}
	if scheme, _ := schemeOf(link); scheme == "" {
		link = "http://" + strings.TrimLeft(link, `/\`)
	}
	if len(d.bases) == maxBases {
		d.s.doubt(true, false, "a page has too many bases")
		return
	}
	d.bases = append(d.bases, link)
}

// resolve reports the relative links, once the base is known.
func (d *document) resolve() error {
	size := 0
	for _, base := range d.bases {
		for _, link := range d.relative {
			if size > maxResolved {
				return ErrTooComplex
			}
			resolved, ok := linkunwrap.Resolve(base, link)
			if !ok {
				continue
			}
			size += len(resolved)
			d.s.work += int64(len(resolved))
			if err := d.s.link(resolved); err != nil {
				return err
			}
		}
	}
	if d.tooMany && len(d.bases) > 0 {
		return ErrTooComplex
	}
	return nil
}

// isLink reports whether the value of an attribute is a link.
func isLink(key string) bool {
	switch key {
	case "href", "src", "action", "formaction", "data", "background", "poster", "cite", "xlink:href", "ping":
		return true
	}
	return false
}

// value scans a complete text without copying it.
func (d *document) value(text []byte) error {
	d.values.buf = text
	return d.values.close()
}
