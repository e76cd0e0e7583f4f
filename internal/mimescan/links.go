package mimescan

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// linkScanner finds the links in the text written to it.
type linkScanner struct {
	emit func(link string) error
	// unfold undoes the line folding of iCalendar (RFC 5545, section 3.1), which
	// breaks links.
	unfold bool
	buf    []byte
	err    error
}

const (
	// maxLink is how many bytes of a link are read.
	maxLink = 32 << 10
	// window is how many bytes of a text are scanned at once.
	window = 2 * maxLink
)

// Write returns the error of emit, if any.
func (s *linkScanner) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && s.err == nil {
		room := min(window-len(s.buf), len(p))
		s.buf = append(s.buf, p[:room]...)
		p = p[room:]
		if len(s.buf) == window {
			s.drain(false)
		}
	}
	return n, s.err
}

// close scans the rest.
func (s *linkScanner) close() error {
	if s.err == nil {
		s.drain(true)
	}
	return s.err
}

// drain reports the links in the buffer and keeps what may be the beginning of
// one.
func (s *linkScanner) drain(final bool) {
	text := s.buf
	if s.unfold {
		text = unfold(text)
	}
	at := 0
	for s.err == nil {
		start := nextLink(text, at)
		if start < 0 {
			at = max(at, len(text)-len("https:/"))
			break
		}
		end := linkEnd(text, start)
		if !final && start > 0 && len(text)-start < maxLink {
			at = max(start-1, at) // keep a bracket before it
			break
		}
		s.report(text, start, end)
		at = end
	}
	if final {
		s.buf = s.buf[:0]
		return
	}
	s.buf = append(s.buf[:0], text[min(at, len(text)):]...)
}

func unfold(text []byte) []byte {
	for _, fold := range []string{"\r\n ", "\n ", "\r\n\t", "\n\t"} {
		text = bytes.ReplaceAll(text, []byte(fold), nil)
	}
	return text
}

// nextLink returns where the next link begins, -1 if there are no more.
func nextLink(text []byte, from int) int {
	for i := from; ; i++ {
		n := bytes.IndexAny(text[i:], ":.")
		if n < 0 {
			return -1
		}
		i += n
		if text[i] == '.' {
			if start := i - len("www"); start >= from && strings.EqualFold(string(text[start:i]), "www") && (start == 0 || !wordByte(text[start-1])) {
				return start
			}
			continue
		}
		if i+1 == len(text) || text[i+1] != '/' && text[i+1] != '\\' {
			continue
		}
		for _, scheme := range []string{"https", "http", "ftp"} {
			if start := i - len(scheme); start >= from && strings.EqualFold(string(text[start:i]), scheme) {
				return start
			}
		}
	}
}

func wordByte(c byte) bool {
	return c == '.' || c == '-' || c == '_' || c == '@' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// linkEnd returns the last possible end of a link: at a blank, quotation mark or
// angle bracket.
func linkEnd(text []byte, start int) int {
	limit := min(len(text), start+maxLink)
	for i := start; i < limit; {
		c := text[i]
		if c <= ' ' || c == '"' || c == '<' || c == '>' || c == 0x7F {
			return i
		}
		if c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:limit])
		switch r {
		case '\u00a0', '\u200b', '\u2028', '\u2029', '\u3000', '“', '”', '«', '»', '「', '」', '＜', '＞':
			return i
		}
		i += size
	}
	return limit
}

// report emits the possible forms of a link: complete, without the punctuation of
// the sentence, and up to a character that often ends a link.
func (s *linkScanner) report(text []byte, start, end int) {
	link := string(text[start:end])
	candidates := []string{link}
	if trimmed := strings.TrimRight(link, `.,;:!?'*_~|)]}`+"`"); trimmed != link {
		candidates = append(candidates, trimmed)
	}
	cut := strings.IndexFunc(link, func(r rune) bool { return r >= utf8.RuneSelf || strings.ContainsRune(`'()[]{}|,;*`+"`", r) })
	if cut > 0 {
		candidates = append(candidates, link[:cut])
	}
	// RFC 3986, appendix C: a link in angle brackets may be broken across lines.
	if start > 0 && text[start-1] == '<' && end < len(text) && text[end] <= ' ' {
		rest := text[end:min(len(text), start+maxLink)]
		if n := bytes.IndexAny(rest, "<>"); n >= 0 && rest[n] == '>' {
			candidates = append(candidates, strings.Join(strings.Fields(string(text[start:end+n])), ""))
		}
	}
	for _, c := range candidates {
		if s.err = s.emit(c); s.err != nil {
			return
		}
	}
}
