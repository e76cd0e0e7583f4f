package redact

import (
	"slices"
	"strings"
)

// StrikeLong returns a text of any length without the secrets. It searches the text piece
// by piece, so it is slow: use it for what a person asked to see.
func (w *Watch) StrikeLong(text string) string { return strikeLong(text, w.all()...) }

func strikeLong(text string, all ...*Secrets) string {
	all = slices.DeleteFunc(all, (*Secrets).empty)
	if len(all) == 0 {
		return text
	}
	var b strings.Builder
	for len(text) > maxText {
		// Whatever begins before the cut ends within the window: see atCut.
		window := text[:maxText]
		spans, ok := findAll(window, all)
		cut := maxText - atCut
		if i := strings.LastIndexAny(window[:cut], " \r\n\t>"); i > 0 {
			cut = i + 1 // between words, so that a short secret stays one
		}
		slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
		n := 0
		for ; n < len(spans) && spans[n].from < cut; n++ {
			cut = max(cut, spans[n].to)
		}
		if ok {
			b.WriteString(blank(text[:cut], spans[:n]))
		} else {
			b.WriteString(hidden)
		}
		text = text[cut:]
	}
	b.WriteString(strike(text, all...))
	return b.String()
}

// findAll returns where secrets are; ok is false if there is one that cannot be struck
// out.
func findAll(text string, all []*Secrets) (spans []span, ok bool) {
	ok = true
	for _, s := range all {
		found, whole := s.find(text)
		spans, ok = append(spans, found...), ok && whole
	}
	return spans, ok
}
