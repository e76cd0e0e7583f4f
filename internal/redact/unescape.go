package redact

import (
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers is the number of layers of nested escapes that are undone.
const maxLayers = 4

// mapped is a text with the original position of each byte.
type mapped struct {
	text []byte
	from []int32 // where the byte begins in the original
	to   []int32 // and ends
}

func plainly(s string) mapped {
	m := mapped{text: []byte(s), from: make([]int32, len(s)), to: make([]int32, len(s))}
	for i := range len(s) {
		m.from[i], m.to[i] = int32(i), int32(i+1)
	}
	return m
}

// unescape undoes one layer of the escapes that at knows, and reports whether there were
// any.
func (m mapped) unescape(at func([]byte) ([]byte, int)) (mapped, bool) {
	var out mapped
	done := 0 // how much of the text is in out
	for i := 0; i < len(m.text); {
		plain, n := at(m.text[i:])
		if n == 0 {
			i++
			continue
		}
		if out.text == nil {
			out = mapped{text: make([]byte, 0, len(m.text)), from: make([]int32, 0, len(m.text)), to: make([]int32, 0, len(m.text))}
		}
		out.text, out.from, out.to = append(out.text, m.text[done:i]...), append(out.from, m.from[done:i]...), append(out.to, m.to[done:i]...)
		for _, b := range plain {
			out.text, out.from, out.to = append(out.text, b), append(out.from, m.from[i]), append(out.to, m.to[i+n-1])
		}
		i += n
		done = i
	}
	if out.text == nil {
		return m, false
	}
	out.text, out.from, out.to = append(out.text, m.text[done:]...), append(out.from, m.from[done:]...), append(out.to, m.to[done:]...)
	return out, true
}

// unescapeAt undoes the escape at the beginning of s: it returns what the escape stands
// for and its length, which is 0 if s does not begin with an escape.
func unescapeAt(s []byte) ([]byte, int) {
	switch s[0] {
	case 0: // every other byte of ASCII in UTF-16
		return nil, 1
	case '%':
		if r, ok := hexAt(s, 1, 2); ok {
			return []byte{byte(r)}, 3
		}
		if len(s) > 1 && (s[1] == 'u' || s[1] == 'U') { // classic ASP
			return unitAt(s, 2, "%u")
		}
	case '&':
		return entityAt(s)
	case '\\':
		return backslashAt(s)
	}
	return nil, 0
}

// maxEntity is the length of the longest reference considered.
const maxEntity = 12

// entityAt undoes a character reference of HTML or XML.
func entityAt(s []byte) ([]byte, int) {
	for n := 2; n < min(len(s), maxEntity); n++ {
		if s[n] == ';' {
			ref := string(s[:n+1])
			if text := html.UnescapeString(ref); text != ref {
				return []byte(text), n + 1
			}
			return nil, 0
		}
	}
	return nil, 0
}

// backslashAt undoes an escape of JSON, JavaScript or Go.
func backslashAt(s []byte) ([]byte, int) {
	if len(s) < 2 {
		return nil, 0
	}
	switch c := s[1]; c {
	case '"', '\\', '/', '\'':
		return []byte{c}, 2
	case 'n':
		return []byte{'\n'}, 2
	case 'r':
		return []byte{'\r'}, 2
	case 'x':
		if r, ok := hexAt(s, 2, 2); ok {
			return []byte{byte(r)}, 4
		}
	case 'u':
		return unitAt(s, 2, `\u`)
	case 'U':
		if r, ok := hexAt(s, 2, 8); ok {
			return utf8.AppendRune(nil, rune(r)), 10
		}
	}
	return nil, 0
}

// unitAt reads the four digits of a UTF-16 unit at i, and those of the second unit of a
// pair after the prefix.
func unitAt(s []byte, i int, prefix string) ([]byte, int) {
	first, ok := hexAt(s, i, 4)
	if !ok {
		return nil, 0
	}
	r, n := rune(first), i+4
	if next := n + len(prefix); utf16.IsSurrogate(r) && len(s) >= next && string(s[n:next]) == prefix {
		if second, ok := hexAt(s, next, 4); ok {
			r, n = utf16.DecodeRune(r, rune(second)), next+4
		}
	}
	return utf8.AppendRune(nil, r), n
}

// hexAt reads digits at i.
func hexAt(s []byte, i, digits int) (uint64, bool) {
	if len(s) < i+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[i:i+digits]), 16, 32)
	return n, err == nil
}
