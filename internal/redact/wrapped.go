package redact

import "bytes"

// wrapAt finds a separator between lines of base64 or hex at the beginning of s: line
// ends, blanks, which line ends become in a header or an attribute, or HTML line breaks.
func wrapAt(s []byte) ([]byte, int) {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == '\r' || s[n] == '\n') {
		n++
	}
	if n > 0 || s[0] != '<' {
		return nil, n
	}
	for _, tag := range []string{"<br>", "<br/>", "<br />", "<wbr>", "<wbr/>"} {
		if len(s) >= len(tag) && bytes.EqualFold(s[:len(tag)], []byte(tag)) {
			return nil, len(tag)
		}
	}
	return nil, 0
}

// wrapped returns the spans of a text that hold a secret in base64 or hex, or a part of a
// token, interrupted by line ends. It is called with mu held.
func (s *Secrets) wrapped(m mapped) []span {
	joined, changed := plainly(string(m.text)).unescape(wrapAt)
	if !changed {
		return nil
	}
	text := string(joined.text)
	folded := lower(text)
	broken := func(s span) bool { return int(joined.to[s.to-1]-joined.from[s.from]) > s.to-s.from }
	var spans []span
	for _, p := range s.passwords {
		for _, f := range p.forms() {
			if !f.code {
				continue
			}
			spans = append(spans, f.in(text, folded, func(s span) bool {
				if f.head {
					s.from = max(s.from-1, 0)
				}
				if f.tail {
					s.to = min(s.to+1, len(text))
				}
				return broken(s)
			})...)
		}
	}
	spans = append(spans, s.inRuns(folded, broken)...)
	return m.origin(joined.origin(spans))
}
