package headerscan

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Address is an address to look for.
type Address struct {
	local, domain string // folded
	ascii         string // the domain in its xn-- form, if it has one
}

// NewAddress returns an address to look for, such as name@example.com.
func NewAddress(address string) Address {
	text := fold(strings.TrimSpace(address))
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return Address{local: text}
	}
	domain := text[at+1:]
	a := Address{local: text[:at], domain: domain}
	if bare := withoutQuotes.Replace(a.local); !strings.ContainsFunc(bare, ends) {
		a.local = bare // the quotation marks mean nothing
	}
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil && strings.Contains(ascii, "xn--") {
		a.ascii = ascii
	}
	return a
}

// In reports whether a person would read the address in a field, or a program would find
// it there: see the package comment. Case is ignored.
func (a Address) In(field string) bool {
	if a.local == "" || a.domain == "" {
		return false
	}
	looked := make(map[string]bool) // most forms are the same
	look := func(s string) bool {
		if looked[s] {
			return false
		}
		looked[s] = true
		return a.scan(s)
	}
	for _, text := range readings(field) {
		plain := withoutComments(text)
		for _, v := range []string{text, plain, withoutQuotes.Replace(plain), strings.ReplaceAll(plain, `\`, "")} {
			if !looked[v] && (look(v) || look(compact(v)) || look(squeezed(v))) {
				return true
			}
		}
	}
	return false
}

var withoutQuotes = strings.NewReplacer(`"`, "", `\`, "")

// Any reports whether a field contains any address.
func Any(field string) bool {
	for _, text := range readings(field) {
		s := squeezed(text)
		if len(s) > 2 && strings.Contains(s[1:len(s)-1], "@") {
			return true
		}
	}
	return false
}

// readings returns a field as it is, and twice with its encoded words decoded: in place,
// and separated from the text that they are glued to.
func readings(field string) []string {
	all := []string{fold(field)}
	if !strings.Contains(field, "=?") {
		return all
	}
	var glued, apart strings.Builder
	for _, w := range split(field) {
		glued.WriteString(w.text)
		if w.encoded {
			apart.WriteString(" " + w.text + " ")
		} else {
			apart.WriteString(w.text)
		}
	}
	return append(all, fold(glued.String()), fold(apart.String()))
}

// fold makes texts comparable: it unifies compatible forms of characters, converts to
// lower case, and removes what cannot be seen.
func fold(s string) string {
	if isASCII(s) {
		return foldASCII(s)
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u3002', r == '\uff61':
			return '.' // IDNA takes these for dots
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	return strings.ToLower(s)
}

func foldASCII(s string) string {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= '\t' && c <= '\r':
			c = ' '
		case c < ' ' || c == 0x7F:
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// scan looks for the address at each at sign.
func (a Address) scan(s string) bool {
	for i := 0; ; i++ {
		n := strings.IndexByte(s[i:], '@')
		if n < 0 {
			return false
		}
		if i += n; a.before(s[:i]) && a.behind(s[i+1:]) {
			return true
		}
	}
}

// before reports whether a text ends in the local part.
func (a Address) before(s string) bool {
	rest, ok := strings.CutSuffix(s, a.local)
	if !ok {
		return false
	}
	// It must not be the tail of a longer local part: marks before it do not count.
	for rest != "" {
		r, size := utf8.DecodeLastRuneInString(rest)
		switch {
		case ends(r), r >= utf8.RuneSelf && a.local[0] < utf8.RuneSelf && unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r):
			return true // text in another script, such as a name in ideographs
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune("._-+", r):
			return false
		}
		rest = rest[:len(rest)-size]
	}
	return true
}

// ends reports whether a character cannot be in a local part unless quoted.
func ends(r rune) bool { return r == ' ' || strings.ContainsRune(`<>()[],;:"\@`, r) }

// behind reports whether a text begins with the domain.
func (a Address) behind(s string) bool {
	if strings.HasPrefix(s, "[") {
		return strings.HasPrefix(s, a.domain) && strings.HasSuffix(a.domain, "]")
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !inDomain(r) })
	if end < 0 {
		end = len(s)
	}
	if end > 4*maxDomain {
		return false
	}
	s = strings.TrimRight(s[:end], ".-_")
	if s == strings.TrimRight(a.domain, ".") {
		return true
	}
	// Text in another script may be glued to it.
	if plain := strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }); plain > 0 && strings.TrimRight(s[:plain], ".-_") == a.domain {
		return true
	}
	if a.ascii == "" || end > maxDomain || strings.Count(s, ".") != strings.Count(a.ascii, ".") || isASCII(s) && !strings.Contains(s, "xn--") {
		return false
	}
	ascii, err := idna.Lookup.ToASCII(s)
	return err == nil && ascii == a.ascii
}

// maxDomain is the length of the longest domain in bytes (RFC 5321, section
// 4.5.3.1.2).
const maxDomain = 255

func inDomain(r rune) bool {
	return r == '.' || r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' ||
		r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// withoutComments leaves out what is in parentheses outside quotes. An unclosed
// parenthesis does not begin a comment.
func withoutComments(s string) string {
	if !strings.ContainsRune(s, '(') {
		return s
	}
	var b strings.Builder
	depth, begin, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			if depth == 0 {
				b.WriteByte(c)
				i++
				b.WriteByte(s[i])
			} else {
				i++
			}
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			if depth == 0 {
				begin = i
			}
			depth++
			continue
		case c == ')' && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			b.WriteByte(s[i])
		}
	}
	if depth > 0 {
		b.WriteString(s[begin:])
	}
	return b.String()
}

// compact leaves out blanks around dots and at signs, which RFC 5322, section 4.4,
// allows.
func compact(s string) string {
	if !strings.ContainsRune(s, ' ') {
		return s
	}
	words := strings.Fields(s)
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !strings.HasSuffix(words[i-1], ".") && !strings.HasSuffix(words[i-1], "@") && w[0] != '.' && w[0] != '@' {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// squeezed leaves out all blanks: a line may be broken in the middle of a word.
func squeezed(s string) string { return strings.ReplaceAll(s, " ", "") }
