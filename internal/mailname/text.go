package mailname

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// CheckText refuses what no request can contain: bytes that are not UTF-8, and
// characters that XML 1.0 forbids.
func CheckText(s string) error {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			return fmt.Errorf("contains bytes that are not UTF-8 at offset %d, which cannot be searched for; search by other criteria", i)
		}
		if forbidden(r) {
			return fmt.Errorf("contains the control character %U at offset %d, which cannot be searched for; search by other criteria", r, i)
		}
	}
	return nil
}

// forbidden reports whether XML 1.0 does not allow a character.
// See https://www.w3.org/TR/xml/#charsets.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}
