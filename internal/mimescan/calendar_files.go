package mimescan

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"
)

// calendarFiles finds the files in an unfolded calendar or card: those in base64, and
// pages in data: URLs (RFC 5545, section 3.8.1.1).
type calendarFiles struct {
	s     *scanner
	depth int
	line  []byte
	long  bool      // the line is longer than the part that is kept
	doc   *document // the pages within the calendar
	err   error
}

// Write returns the error of the handler, if any.
func (c *calendarFiles) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && c.err == nil {
		piece, rest, ends := bytes.Cut(p, []byte("\n"))
		room := 2*maxInlineFile - len(c.line)
		c.long = c.long || len(piece) > room
		c.line = append(c.line, piece[:min(len(piece), room)]...)
		if ends {
			c.take()
		}
		p = rest
	}
	return n, c.err
}

func (c *calendarFiles) close() error {
	if c.err == nil && len(c.line) > 0 {
		c.take()
	}
	if c.err == nil && c.doc != nil {
		c.err = c.doc.resolve()
	}
	return c.err
}

// take handles one line.
func (c *calendarFiles) take() {
	line := string(bytes.TrimRight(c.line, "\r"))
	c.line = c.line[:0]
	head, value := cutProperty(line)
	params := strings.Split(head, ";")
	name, kind, encoded := "", "application/octet-stream", false
	for _, param := range params[1:] {
		key, v, _ := strings.Cut(param, "=")
		v = strings.Trim(v, `"`)
		switch strings.ToUpper(key) {
		case "ENCODING":
			encoded = encoded || strings.EqualFold(v, "BASE64") || strings.EqualFold(v, "B")
		case "BASE64":
			encoded = true // vCard 2.1
		case "FMTTYPE":
			kind = strings.ToLower(v)
		case "FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "X-ORACLE-FILENAME", "LABEL", "X-LABEL":
			name = v
		}
	}
	if encoded {
		c.file(name, kind, value)
	} else {
		c.pages(line)
	}
	c.long = false
}

// cutProperty splits a line at the first colon outside quotes.
func cutProperty(line string) (head, value string) {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ':' && !quoted:
			return line[:i], line[i+1:]
		}
	}
	return line, ""
}

// file scans a file in base64.
func (c *calendarFiles) file(name, kind, value string) {
	if c.long {
		c.s.doubt(true, true, "a file within a calendar is larger than 1.5 MiB")
		return
	}
	if c.s.parts++; c.s.parts > maxParts {
		c.err = ErrTooComplex
		return
	}
	p := loosePart{part: part{kind: kind, name: name, disposition: "attachment", encoding: "base64"}}
	c.err = c.s.body(bufio.NewReaderSize(strings.NewReader(value), partBuf), p, c.depth+1)
}

var dataScheme = regexp.MustCompile(`(?i)data:`)

// pages scans the pages in data: URLs.
func (c *calendarFiles) pages(line string) {
	for c.err == nil {
		at := dataScheme.FindStringIndex(line)
		if at == nil {
			return
		}
		link, rest, _ := strings.Cut(line[at[1]:], `"`)
		line = rest
		if page := dataPage("data:" + link); page != "" {
			if c.doc == nil {
				c.doc = c.s.document(loosePart{})
			}
			c.err = c.doc.inner(page, 0)
		}
	}
}
