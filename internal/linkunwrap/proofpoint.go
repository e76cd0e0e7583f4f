package linkunwrap

import "strings"

// proofpoint2 reads the encoding of version 2: percent-encoding with a hyphen
// for the percent sign, and an underscore for the slash.
func proofpoint2(p parts) string {
	return decode(strings.NewReplacer("-", "%", "_", "/").Replace(raw(p, "u")), false)
}

// proofpoint3 reads the encoding of version 3: the URL stands plainly between
// two pairs of underscores, but characters that might not survive are replaced
// by an asterisk each, or a run of them by two and a letter that says how many.
// They follow in base64.
func proofpoint3(p parts) string {
	rest := p.path
	if p.hasQuery {
		rest += "?" + p.query
	}
	_, rest, ok := strings.Cut(rest, "/v3/__")
	if !ok {
		return ""
	}
	end := strings.LastIndex(rest, "__;")
	if end < 0 {
		return ""
	}
	kept, _, _ := strings.Cut(rest[end+len("__;"):], "!")
	return putBack(decode(rest[:end], false), []rune(base64Text(kept)))
}

// putBack puts replaced characters back. Where there are too few, the asterisk
// stays: it may be one of the URL.
func putBack(url string, replaced []rune) string {
	var b strings.Builder
	b.Grow(len(url) + len(replaced))
	for i := 0; i < len(url); i++ {
		if url[i] != '*' {
			b.WriteByte(url[i])
			continue
		}
		n := 1
		if i+2 < len(url) && url[i+1] == '*' {
			if n = strings.IndexByte(runLengths, url[i+2]) + 2; n >= 2 {
				i += 2
			} else {
				n = 1
			}
		}
		if n > len(replaced) {
			b.WriteByte('*')
			continue
		}
		b.WriteString(string(replaced[:n]))
		replaced = replaced[n:]
	}
	return b.String()
}

// runLengths are the letters of a run, from two characters on.
const runLengths = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
