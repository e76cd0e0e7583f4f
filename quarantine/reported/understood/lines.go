package understood

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// linesOf returns the lines of a text as people see them.
func linesOf(t mimescan.Text) []string {
	text := t.Text
	if t.Page {
		text = pageText(text)
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // old Macs end lines this way
	}
	if lines, ok := jsonLines(text); ok {
		return lines
	}
	lines := strings.SplitN(text, "\n", maxLines+1)
	return withColons(lines[:min(len(lines), maxLines)])
}

// pageWriter writes the text of a page.
type pageWriter struct {
	text  []byte
	cells []int // where the open cells begin
	links []pageLink
}

type pageLink struct {
	mail string // of a link with mailto
	at   int    // where its text begins
}

// hiddenElements have content that is not text of the page.
var hiddenElements = map[string]bool{"script": true, "style": true, "head": true, "title": true, "noscript": true, "template": true}

// blockElements begin and end a line.
var blockElements = map[string]bool{
	"p": true, "div": true, "tr": true, "li": true, "table": true, "blockquote": true, "hr": true, "dl": true, "dd": true, "ul": true, "ol": true,
	"pre": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "section": true, "article": true, "header": true, "center": true,
}

// cellElements are followed by the next one on the same line.
var cellElements = map[string]bool{"td": true, "th": true, "dt": true}

// pageText returns the text of a page. Cells are separated by tabs; the text of a mailto
// link is followed by its address, unless they are the same.
func pageText(page string) string {
	var w pageWriter
	hidden, kept := 0, 0 // depth of elements that are not shown, and of those whose white space is
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return string(w.text)
		}
		t := z.Token()
		switch {
		case kind == html.StartTagToken && hiddenElements[t.Data]:
			hidden++
		case kind == html.EndTagToken && hiddenElements[t.Data]:
			hidden = max(0, hidden-1)
		case t.Data == "body" && kind != html.TextToken:
			hidden = 0
		case hidden > 0:
		case kind == html.TextToken && kept > 0:
			w.text = append(w.text, t.Data...)
		case kind == html.TextToken:
			w.words(t.Data)
		case t.Data == "br":
			w.text = append(w.text, '\n')
		case t.Data == "a":
			w.link(kind == html.StartTagToken, t)
		case cellElements[t.Data]:
			w.cell(kind == html.StartTagToken)
		case blockElements[t.Data]:
			if t.Data == "pre" && kind == html.StartTagToken {
				kept++
			} else if t.Data == "pre" {
				kept = max(0, kept-1)
			}
			w.endLine(kind == html.StartTagToken && t.Data != "tr" && t.Data != "table")
		}
	}
}

// words adds a text, with white space as a browser shows it.
func (w *pageWriter) words(text string) {
	const blanks = " \t\r\n"
	for text != "" {
		rest := strings.TrimLeft(text, blanks)
		if len(rest) < len(text) && len(w.text) > 0 && !bytes.ContainsRune([]byte("\n\t "), rune(w.text[len(w.text)-1])) {
			w.text = append(w.text, ' ')
		}
		end := strings.IndexAny(rest, blanks)
		if end < 0 {
			end = len(rest)
		}
		w.text = append(w.text, rest[:end]...)
		text = rest[end:]
	}
}

// endLine begins a new line, unless there is nothing in this one, or a paragraph begins
// in a cell.
func (w *pageWriter) endLine(inCell bool) {
	if n := len(w.text); n > 0 && w.text[n-1] != '\n' && !(inCell && w.text[n-1] == '\t') {
		w.text = append(w.text, '\n')
	}
}

// cell begins or ends a cell. A cell that has only a label stays on one line with the next
// cell, even if it contains a paragraph.
func (w *pageWriter) cell(begins bool) {
	if begins {
		if len(w.cells) < 1000 {
			w.cells = append(w.cells, len(w.text))
		}
		return
	}
	if len(w.cells) == 0 {
		return
	}
	at := w.cells[len(w.cells)-1]
	w.cells = w.cells[:len(w.cells)-1]
	if cell := bytes.TrimSpace(w.text[at:]); len(cell) > 0 && len(cell) <= maxLabel && bytes.IndexByte(cell, '\n') < 0 {
		w.text = append(append(w.text[:at], cell...), '\t')
	} else if n := len(w.text); n > 0 && w.text[n-1] != '\n' {
		w.text = append(w.text, '\t')
	}
}

func (w *pageWriter) link(begins bool, t html.Token) {
	if begins {
		var l pageLink
		l.at = len(w.text)
		for _, a := range t.Attr {
			if scheme, rest, ok := strings.Cut(a.Val, ":"); ok && a.Key == "href" && strings.EqualFold(strings.TrimSpace(scheme), "mailto") {
				rest, _, _ = strings.Cut(rest, "?")
				if plain, err := url.PathUnescape(rest); err == nil {
					rest = plain
				}
				l.mail = mailed.FindString(rest)
			}
		}
		if len(w.links) < 1000 {
			w.links = append(w.links, l)
		}
		return
	}
	if len(w.links) == 0 {
		return
	}
	l := w.links[len(w.links)-1]
	w.links = w.links[:len(w.links)-1]
	if shown := w.text[min(l.at, len(w.text)):]; l.mail != "" && len(shown) <= maxField && !bytes.Contains(bytes.ToLower(shown), []byte(strings.ToLower(l.mail))) {
		w.text = append(w.text, (" <" + l.mail + ">")...)
	}
}
