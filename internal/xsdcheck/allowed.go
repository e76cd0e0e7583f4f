package main

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

var reference = regexp.MustCompile(`&#(x[0-9A-Fa-f]+|[0-9]+);`)

// allowed replaces characters that XML 1.0 forbids, raw or as references, and
// reports whether it found any.
func allowed(text []byte) (clean []byte, changed bool) {
	s := reference.ReplaceAllStringFunc(string(text), func(ref string) string {
		number, hex := strings.CutPrefix(ref[2:len(ref)-1], "x")
		base := 10
		if hex {
			base = 16
		}
		n, err := strconv.ParseInt(number, base, 32)
		if err != nil || n > utf8.MaxRune || xmlwire.Forbidden(rune(n)) {
			changed = true
			return "?"
		}
		return ref
	})
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || xmlwire.Forbidden(r) {
			changed = true
			b.WriteByte('?')
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return []byte(b.String()), changed
}
