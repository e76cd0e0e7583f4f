package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on a text: anything beyond them is neither searched nor returned. At the cut, a
// part of a secret may be left, with escapes of up to 12 bytes for each of its bytes
// (%26%2365%3B), so some of the remaining text is dropped too.
const (
	maxText = 64 << 10
	atCut   = 16 * longest
)

// Strike returns a text from the other side without the secrets.
func (s *Secrets) Strike(text string) string { return strike(text, s) }

func strike(text string, all ...*Secrets) string {
	all = slices.DeleteFunc(all, (*Secrets).empty)
	if len(all) == 0 {
		return text
	}
	cut := len(text) > maxText
	if cut {
		text = text[:maxText]
	}
	var spans []span
	for _, s := range all {
		found, ok := s.find(text)
		if !ok {
			return hidden
		}
		spans = append(spans, found...)
	}
	text = blank(text, spans)
	if cut {
		text = strings.ToValidUTF8(text[:max(0, len(text)-atCut)], "") + "…"
	}
	return text
}

// empty reports whether nothing has been sent.
func (s *Secrets) empty() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.passwords)+len(s.tokens) == 0
}

// span is a part of a text, from one byte up to another.
type span struct{ from, to int }

// blank replaces the spans with [Mark].
func blank(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, s := range spans {
		if s.to <= done {
			continue
		}
		if s.from > done || done == 0 {
			b.WriteString(text[done:max(s.from, done)])
			b.WriteString(Mark)
		}
		done = s.to
	}
	b.WriteString(text[done:])
	return b.String()
}

// find returns where secrets are in a text; ok is false if there is one that cannot be
// struck out.
func (s *Secrets) find(text string) (spans []span, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := plainly(text)
	for layer := 0; ; layer++ {
		found, ok := s.findIn(m)
		if !ok {
			return nil, false
		}
		spans = append(spans, found...)
		if mail, changed := m.unescape(quotedPrintableAt); changed {
			for inner := layer; changed && inner <= maxLayers; inner++ {
				if found, ok = s.findIn(mail); !ok {
					return nil, false
				}
				spans = append(spans, found...)
				mail, changed = mail.unescape(unescapeAt)
			}
		}
		var changed bool
		if m, changed = m.unescape(unescapeAt); !changed || layer == maxLayers {
			return spans, true
		}
	}
}

// findIn is find without looking into escapes, except base64.
func (s *Secrets) findIn(m mapped) (spans []span, ok bool) {
	if spans, ok = s.findPlain(m, true); !ok {
		return nil, false
	}
	if decoded, changed := m.decode(); changed {
		found, _ := s.findPlain(decoded, false)
		spans = append(spans, found...)
	}
	return append(spans, s.wrapped(m)...), true
}

// findPlain is findIn without decoding anything. If words is not set, it does not search
// for secrets that are too short to be struck out, because they occur in any bytes.
func (s *Secrets) findPlain(m mapped, words bool) (spans []span, ok bool) {
	text := string(m.text)
	folded := lower(text)
	for _, p := range s.passwords {
		for _, f := range p.forms() {
			if f.word && !words {
				continue
			}
			found := f.in(text, folded, whole)
			if f.word && len(found) > 0 {
				return nil, false
			}
			spans = append(spans, found...)
		}
	}
	spans = append(spans, s.inRuns(folded, whole)...)
	return m.origin(spans), true
}

// origin translates spans of the text to spans of the original.
func (m mapped) origin(spans []span) []span {
	for i, s := range spans {
		spans[i] = span{int(m.from[s.from]), int(m.to[s.to-1])}
	}
	return spans
}

// whole is the condition for in and inRuns that always holds.
func whole(span) bool { return true }

// in returns where the form occurs in a text and satisfies a condition; folded is the
// text in lower case.
func (f form) in(text, folded string, condition func(span) bool) (spans []span) {
	where := folded
	if f.exact {
		where = text
	}
	for at := 0; ; {
		i := strings.Index(where[at:], f.text)
		if i < 0 {
			return spans
		}
		s := span{at + i, at + i + len(f.text)}
		at = s.to
		switch {
		case !condition(s):
			continue
		case f.exact:
			s = widen(text, s)
			at = s.to
		case f.word && !alone(text, s):
			continue
		}
		spans = append(spans, s)
	}
}

// alone reports whether a part of a text is a separate word.
func alone(text string, s span) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:s.from])
	after, _ := utf8.DecodeRuneInString(text[s.to:])
	inWord := func(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return !inWord(before) && !inWord(after)
}

// inRuns returns the runs of token characters that contain a piece of a token for which a
// condition holds. It is called with mu held.
func (s *Secrets) inRuns(folded string, condition func(span) bool) (spans []span) {
	for at := 0; len(s.pieces) > 0 && at+pieceSize <= len(folded); at++ {
		piece := span{at, at + pieceSize}
		if s.pieces[folded[piece.from:piece.to]] > 0 && condition(piece) {
			found := widen(folded, piece)
			spans = append(spans, found)
			at = found.to - 1
		}
	}
	return spans
}

// widen extends a span over the token and base64 characters around it.
func widen(text string, s span) span {
	for s.from > 0 && ofToken(text[s.from-1]) {
		s.from--
	}
	for s.to < len(text) && ofToken(text[s.to]) {
		s.to++
	}
	return s
}

// ofToken reports whether a byte can be part of a token (RFC 6750, section 2.1) or of
// base64 for URLs.
func ofToken(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~+/=", b) >= 0
}
