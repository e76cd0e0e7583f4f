package understood

import (
	"strings"
	"unicode"
)

// forwards are the prefixes that mail programs put before the subject of a forwarded
// message, replies those of an answered one.
var forwards, replies = prefixSet("fw|fwd|wg|tr|rv|i|enc|vs|vb|vl|doorst|pd|ynt|ilt|i̇lt|továb|tov|πρθ|trs|转发|轉寄|轉發|전달|転送|rif|reenv|res-enc|vidarebefordrat|přep|prep|fwd fw|תשובה|הועבר|إعادة توجيه|chuyển tiếp|ส่งต่อ|trimis|redir|redir.|videresend|proslijeđeno|pren|prosl|persiųsta"),
	prefixSet("re|aw|sv|antw|antwort|odp|rép|rép.|ref|res|vá|r|ynt|απ|σχετ|回复|回覆|答复|답장|回信|返信|отв|на|atb|ats|bls|ri|vál")

func prefixSet(names string) map[string]bool {
	all := make(map[string]bool)
	for name := range strings.SplitSeq(names, "|") {
		all[name] = true
	}
	return all
}

// cutPrefix cuts off what a program has put before a subject: a prefix, or a mark in
// brackets.
func cutPrefix(subject string) (prefix, rest string, ok bool) {
	subject = strings.TrimSpace(subject)
	if strings.HasPrefix(subject, "[") {
		if mark, rest, ok := strings.Cut(subject[1:], "]"); ok && len(mark) <= 40 && strings.TrimSpace(rest) != "" {
			return "", strings.TrimSpace(rest), true
		}
	}
	before, rest, ok := strings.Cut(strings.ReplaceAll(subject, "：", ":"), ":")
	name := strings.ToLower(strings.TrimSpace(before))
	name, _, _ = strings.Cut(name, "[") // Re[2]:
	if name = strings.TrimSpace(name); ok && (forwards[name] || replies[name]) {
		return name, strings.TrimSpace(rest), true
	}
	return "", subject, false
}

// bare returns a subject without the prefixes of programs.
func bare(subject string) string {
	for range 20 {
		_, rest, ok := cutPrefix(subject)
		if !ok {
			break
		}
		subject = rest
	}
	return clean(subject)
}

// isForward reports whether a program made a subject from that of a forwarded message.
// Buttons use their own marks in brackets.
func isForward(subject string) bool {
	if lower := strings.ToLower(subject); strings.HasPrefix(lower, "[") {
		mark, _, _ := strings.Cut(lower, "]")
		for _, word := range []string{"phish", "report", "suspicious", "spam", "abuse"} {
			if strings.Contains(mark, word) {
				return false
			}
		}
	}
	for range 3 {
		prefix, rest, ok := cutPrefix(subject)
		if !ok || forwards[prefix] {
			return ok
		}
		if prefix != "" {
			return false
		}
		subject = rest
	}
	return false
}

// sameSubject compares subjects without the prefixes of programs, ignoring case and white
// space. Damaged letters match any others.
func sameSubject(a, b string) bool {
	a, b = squeezed(bare(a)), squeezed(bare(b))
	if a == b {
		return true
	}
	if strings.Contains(a, damaged) {
		return like(a, b)
	}
	return strings.Contains(b, damaged) && like(b, a)
}

// damaged replaces bytes that are not text.
const damaged = "\uFFFD"

// like reports whether a text matches a pattern, which is the same text with damaged
// letters.
func like(pattern, text string) bool {
	pieces := strings.Split(pattern, damaged)
	first, last := pieces[0], pieces[len(pieces)-1]
	if strings.Join(pieces, "") == "" || !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for _, piece := range pieces[1:] {
		_, after, ok := strings.Cut(text, piece)
		if !ok {
			return false
		}
		text = after
	}
	return text == "" || last == "" && len(text) <= len(pieces)*4
}

func squeezed(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s))
}

// unfold returns a quoted subject with what a program wrapped into the next lines, if the
// subject of the report shows that they belong to it.
func unfold(subject string, next []string, reported string) string {
	if subject == "" || sameSubject(subject, reported) {
		return subject
	}
	joined := subject
	for _, line := range next {
		if line = trimMarks(line); line == "" {
			break
		}
		spaced, tight := clean(joined+" "+line), clean(joined+line)
		joined = spaced
		if strings.Contains(clean(reported), bare(tight)) && !strings.Contains(clean(reported), bare(spaced)) {
			joined = tight
		}
		if sameSubject(joined, reported) {
			return joined
		}
	}
	return subject
}
