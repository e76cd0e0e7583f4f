package mimescan

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// linkScanner finds the links in the text written to it.
type linkScanner struct {
	emit func(link string) error
	// known reports whether a link has been emitted and need not be again. It may be nil.
	known func(link []byte) bool
	// cut is called if a link is longer than maxLink. It may be nil.
	cut func()
	// source means that the text is from the message itself, before any parsing.
	source bool
	// zeros is called if the text has many zero bytes. It may be nil.
	zeros func()
	work  *int64 // how many bytes have been looked at
	buf   []byte
	err   error
}

func (s *linkScanner) did(n int) {
	if s.work != nil {
		*s.work += int64(n)
	}
}

const (
	// maxLink is how many bytes of a link are read.
	maxLink = 32 << 10
	// window is how many bytes of a text are scanned in one pass.
	window = 2 * maxLink
	// maxWhole is how many of the links that follow each other without a blank are also
	// reported with everything that follows.
	maxWhole = 4
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

// drain reports the links in the buffer and keeps a possible beginning of one.
func (s *linkScanner) drain(final bool) {
	text := s.buf
	s.did(len(text))
	at := s.find(text, final)
	if s.zeros != nil && bytes.Count(text, []byte{0}) > maxZeros {
		s.zeros()
	}
	undos := []func([]byte) []byte{withoutMarks, unescapeScript, withoutZeros, unquote}
	if !s.source {
		undos = undos[:2]
	}
	for _, undo := range undos {
		other := undo(text)
		if other == nil || s.err != nil {
			continue
		}
		s.find(other, true)
		if !final {
			// The last word may continue.
			at = min(at, max(bytes.LastIndexAny(text, " \t\r\n\"<>")+1, len(text)-maxLink))
		}
	}
	if final {
		s.buf = s.buf[:0]
		return
	}
	s.buf = append(s.buf[:0], text[min(at, len(text)):]...)
}

// find reports the links in a text, and returns where one may begin that continues beyond
// the text.
func (s *linkScanner) find(text []byte, final bool) int {
	at := 0
	for s.err == nil {
		start := nextLink(text, at)
		if start < 0 {
			s.did(len(text) - at)
			begin, _ := hostAround(text, at, len(text)) // it may continue
			return max(at, min(begin, len(text)-len("https:/")))
		}
		end := linkEnd(text, start)
		s.did(end - at)
		if !final && start > 0 && len(text)-start < maxLink {
			return max(start-1, at) // keep an opening bracket
		}
		if end == start+maxLink && s.cut != nil {
			s.cut()
		}
		s.report(text, start, end)
		at = max(end, start+1) // make progress in any case
	}
	return at
}

// nextLink returns where the next link begins, or -1 if there are no more. A link may lack
// a scheme: mail programs turn text that begins with www. into links, and many also text
// that looks like a host.
func nextLink(text []byte, from int) int {
	for i := from; i < len(text); i++ {
		if text[i] != ':' && text[i] != '.' {
			continue
		}
		if text[i] == '.' {
			if start := i - len("www"); start >= from && strings.EqualFold(string(text[start:i]), "www") && (start == 0 || !wordByte(text[start-1])) {
				return start
			}
			start, end := hostAround(text, from, i)
			if bareLink(text, start, end) {
				return start
			}
			i = max(i, end-1) // its other dots have the same result
			continue
		}
		if i+1 == len(text) {
			continue
		}
		next := text[i+1]
		slash := next == '/' || next == '\\'
		if !slash && (!wordByte(next) || next == '-' || next == '.') && next < utf8.RuneSelf && next != '[' {
			continue
		}
		for _, scheme := range []string{"https", "http", "ftp"} {
			start := i - len(scheme)
			if start >= from && strings.EqualFold(string(text[start:i]), scheme) && (slash || start == 0 || !wordByte(text[start-1])) {
				return start
			}
		}
	}
	return -1
}

// hostAround returns the bounds of a possible host with a dot at i.
func hostAround(text []byte, from, i int) (start, end int) {
	start, end = i, min(i+1, len(text))
	for start > from && i-start <= maxHost {
		c, size := rune(text[start-1]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeLastRune(text[from:start])
		}
		if !inHost(c) {
			break
		}
		start -= size
	}
	for end < len(text) {
		c, size := rune(text[end]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(text[end:])
		}
		if !inHost(c) {
			break
		}
		end += size
	}
	return start, end
}

// inHost reports whether a rune can be in a host. A rune that ends a link cannot.
func inHost(r rune) bool {
	if r < utf8.RuneSelf {
		return wordByte(byte(r))
	}
	return !endsLink(r)
}

// endsLink reports whether a rune beyond ASCII is a blank, quotation mark or angle bracket.
func endsLink(r rune) bool {
	switch r {
	case '\u00a0', '\u2028', '\u2029', '\u3000', '“', '”', '«', '»', '「', '」', '＜', '＞':
		return true
	}
	return false
}

// bareLink reports whether a word and what follows it look like a host, with or without
// a port and a path.
func bareLink(text []byte, start, end int) bool {
	host := text[start:end]
	host = bytes.TrimRight(host, ".-_") // punctuation of the sentence
	if len(host) > 4*maxHost || len(host) == 0 || host[0] == '.' || bytes.IndexByte(host, '@') >= 0 {
		return false
	}
	if end+1 < len(text) && text[end] == ':' && text[end+1] > ' ' && (text[end+1] < '0' || text[end+1] > '9') {
		return false // not a port
	}
	dot := bytes.LastIndexByte(host, '.')
	top := host[dot+1:]
	if dot > 0 && bytes.HasPrefix(top, []byte("xn--")) {
		return true
	}
	return dot > 0 && len(top) >= 2 && !slices.ContainsFunc(top, func(c byte) bool { return c|0x20 < 'a' || c|0x20 > 'z' })
}

// bare reports whether a link has no scheme and does not begin with www.
func bare(link []byte) bool {
	switch scheme, _, ok := bytes.Cut(link[:min(len(link), len("https:"))], []byte(":")); {
	case !ok:
	case strings.EqualFold(string(scheme), "http"), strings.EqualFold(string(scheme), "https"), strings.EqualFold(string(scheme), "ftp"):
		return false
	}
	return !(len(link) > 4 && strings.EqualFold(string(link[:4]), "www."))
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
		if endsLink(r) {
			return i
		}
		i += size
	}
	return limit
}

// report emits a link and those that follow it without a blank.
func (s *linkScanner) report(text []byte, start, end int) {
	for n := 0; s.err == nil; n++ {
		next := follower(text[:end], start)
		if s.did(end - start); next >= 0 {
			s.did(next - end) // follower looked only as far as next
		}
		if next < 0 || n < maxWhole {
			s.forms(text[start:end])
		}
		if n == 0 {
			s.broken(text, start, end)
		}
		if next < 0 {
			return
		}
		s.forms(text[start:next])
		start = next
	}
}

// follower returns where another link begins within the text of one, or -1. A parameter of
// a link is not another link.
func follower(text []byte, start int) int {
	for at := start + len("ftp:"); at < len(text); {
		next := nextLink(text, at)
		if next < 0 {
			return -1
		}
		before := text[next-1]
		schemeless := text[next]|0x20 == 'w' || bare(text[next:])
		if schemeless && strings.IndexByte(",;|()[]{}'`", before) >= 0 || !schemeless && before != '=' {
			return next
		}
		at = next + len("ftp:")
		if schemeless {
			at = max(at, next+bareHost(text[next:]))
		}
	}
	return -1
}

// forms emits the possible forms of a link: complete, without the punctuation of
// the sentence, and up to a character that often ends a link.
func (s *linkScanner) forms(link []byte) {
	s.did(len(link))
	s.form(link)
	if trimmed := bytes.TrimRight(link, `.,;:!?'*_~|)]}(`+"`"); len(trimmed) != len(link) {
		s.form(trimmed)
	}
	if cut := slices.IndexFunc(link, func(c byte) bool { return endsOften[c] }); cut > 0 {
		s.form(link[:cut])
	}
}

// endsOften has the bytes at which a link often ends, although it may contain them.
var endsOften = func() (ends [256]bool) {
	for _, c := range []byte(`'()[]{}|,;*^\` + "`") {
		ends[c] = true
	}
	for c := utf8.RuneSelf; c < len(ends); c++ {
		ends[c] = true
	}
	return ends
}()

func (s *linkScanner) form(link []byte) {
	if bare(link) {
		// Some languages are written without a blank before a link.
		if n := bytes.LastIndexFunc(link[:bareHost(link)], func(r rune) bool { return r >= utf8.RuneSelf }); n >= 0 {
			_, size := utf8.DecodeRune(link[n:])
			s.whole(append([]byte("http://"), link[n+size:]...))
		}
		link = append([]byte("http://"), link...)
	}
	s.whole(link)
}

// bareHost returns the length of the host in a link without a scheme.
func bareHost(link []byte) int {
	_, end := hostAround(link, 0, 0)
	return end
}

func (s *linkScanner) whole(link []byte) {
	if s.err == nil && !(s.known != nil && s.known(link)) {
		s.err = s.emit(string(link))
	}
}

// broken emits a link that is broken across lines, which RFC 3986, appendix C, allows in
// angle brackets.
func (s *linkScanner) broken(text []byte, start, end int) {
	if start == 0 || text[start-1] != '<' || end >= len(text) || text[end] > ' ' || s.err != nil {
		return
	}
	rest := text[end:min(len(text), start+maxLink)]
	if n := bytes.IndexAny(rest, "<>"); n >= 0 && rest[n] == '>' {
		s.err = s.emit(strings.Join(strings.Fields(string(text[start:end+n])), ""))
	}
}
