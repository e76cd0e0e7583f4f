package mimescan

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decoded undoes the transfer encoding. A uuencoded file contains a name, which is known
// once the file has been read.
func (s *scanner) decoded(br *bufio.Reader, p *loosePart) io.Reader {
	if p.encoding != uuencoded {
		return p.part.decoded(br)
	}
	u := newUU(br)
	return &afterwards{r: u, end: func() {
		if u.broken {
			s.doubt(true, true, "a uuencoded part has no end")
		}
		if p.name == "" {
			p.name = u.name
		} else if u.name != "" && u.name != p.name {
			p.aliases = append(p.aliases, u.name)
		}
	}}
}

// afterwards calls a function when everything has been read.
type afterwards struct {
	r   io.Reader
	end func()
}

func (a *afterwards) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if err == io.EOF && a.end != nil {
		a.end()
		a.end = nil
	}
	return n, err
}

// rawScanner watches the undecoded form of a base64 body, which may really be text.
type rawScanner struct {
	links  *linkScanner // nil if the part is not text
	other  bool         // it has characters that are not base64
	footer bool         // they come only after an empty line, as in a mailing list's footer
	begun  bool         // a character of base64 has been seen
	lines  int          // line ends since the last other byte
}

// Write returns the error of the handler, if any.
func (r *rawScanner) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case r.other:
		case c == '\n':
			r.lines++
			continue
		case c == '\r', c == ' ', c == '\t':
			continue
		case base64Values[c] == 0 && c != '=':
			r.other = true
		}
		if r.other {
			r.footer = r.footer || r.begun && r.lines > 1
			break
		}
		r.footer = r.footer || r.begun && r.lines > 1
		r.begun, r.lines = true, 0
	}
	if r.links == nil || !r.other {
		return len(p), nil
	}
	return r.links.Write(p)
}

func (r *rawScanner) close(s *scanner, isText, attached bool) error {
	if r == nil || !r.other {
		return nil
	}
	s.doubt(isText && !r.footer, attached || !r.footer, "a part is not in base64 as declared")
	if r.links == nil {
		return nil
	}
	return r.links.close()
}

// text scans a text for links, and for files that are encoded within it.
func (s *scanner) text(body io.Reader, p loosePart, depth int) error {
	inline := &inlineScanner{s: s, depth: depth}
	body = io.TeeReader(body, inline)
	if s.h.Link != nil {
		if err := s.links(body, p, depth); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	return inline.close()
}

// links scans a text for links.
func (s *scanner) links(body io.Reader, p loosePart, depth int) (err error) {
	isPage, isCalendar := p.isPage() || p.seems == "text/html", p.isCalendar() || p.seems == "text/calendar"
	br := bufio.NewReaderSize(body, partBuf)
	c := p.convert(br, isPage)
	if c.doubt != "" {
		s.doubt(true, false, c.doubt)
	}
	var raw *linkScanner
	if !c.alike {
		// A link may still be in ASCII.
		raw = &linkScanner{emit: s.h.Link, known: s.known, work: &s.work, source: true}
		br = bufio.NewReaderSize(io.TeeReader(br, raw), partBuf)
		c = p.convert(br, isPage)
	}
	plain := &linkScanner{emit: s.link, known: s.known, work: &s.work, source: true}
	if c.alike {
		plain.zeros = func() { s.doubt(true, false, "a text has zero bytes, so it may be in another charset") }
	}
	if !isPage {
		plain.cut = func() { s.doubt(true, false, "a link is longer than 32 KiB") }
	}
	text := io.TeeReader(c.Reader, plain)
	var more []*linkScanner
	switch {
	case isCalendar:
		unfolded, unescaped := &linkScanner{emit: s.link, known: s.known, work: &s.work}, &linkScanner{emit: s.link, known: s.known, work: &s.work}
		more = append(more, unfolded, unescaped)
		files := &calendarFiles{s: s, depth: depth}
		defer func() { err = cmp.Or(err, files.close()) }()
		text = io.TeeReader(newUnfold(bufio.NewReaderSize(text, partBuf)), io.MultiWriter(unfolded, files))
		text = io.TeeReader(newUnescape(bufio.NewReaderSize(text, partBuf)), unescaped)
		if p.isOldCalendar() {
			unquoted := &linkScanner{emit: s.link, known: s.known, work: &s.work}
			more = append(more, unquoted)
			text = io.TeeReader(newQuoted(bufio.NewReaderSize(text, partBuf)), unquoted)
		}
		err = s.page(text, p) // X-ALT-DESC
	case isPage:
		err = s.page(text, p)
	case p.isSheet():
		err = s.sheet(text, p)
	case p.flowed:
		joined := &linkScanner{emit: s.link, known: s.known, work: &s.work}
		more = append(more, joined)
		_, err = io.Copy(joined, newUnflow(bufio.NewReaderSize(text, partBuf)))
	}
	if errors.Is(err, ErrTooComplex) {
		s.late, err = err, nil
	}
	if err != nil {
		return err
	}
	// A parser may have stopped before the end.
	for _, rest := range []io.Reader{text, c.Reader, br} {
		if _, err := io.Copy(io.Discard, rest); err != nil {
			return err
		}
	}
	for _, scanner := range append(more, plain, raw) {
		if scanner == nil {
			continue
		}
		if err := scanner.close(); err != nil {
			return err
		}
	}
	return nil
}

// link passes on a link. If the link is not UTF-8, its charset was not the declared one,
// and is most likely that of Windows.
func (s *scanner) link(link string) error {
	if len(link) > maxHost && len(link) < maxLink && strayHost(link) {
		s.doubt(true, false, "a link has a host that is longer than any")
	}
	if err := s.h.Link(link); err != nil || utf8.ValidString(link) {
		return err
	}
	s.doubt(true, false, "a link has letters in a charset that is not known")
	text, err := charmap.Windows1252.NewDecoder().String(link)
	if err != nil {
		return nil
	}
	return s.h.Link(text)
}
