package driver

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxReference is how many bytes a reference may have. A stamp keeps all of them.
const MaxReference = 100

// ValidReference reports whether a text can be the reference of a stamp: up to
// [MaxReference] bytes of UTF-8 on one line, printable, with no blank at either end.
// The empty string means no reference, and is valid.
func ValidReference(text string) bool {
	return len(text) <= MaxReference && utf8.ValidString(text) && text == strings.TrimSpace(text) &&
		!strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError })
}
