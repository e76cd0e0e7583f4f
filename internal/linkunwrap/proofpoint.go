package linkunwrap

import "strings"

// proofpoint2 reads the encoding of version 2: percent-encoding with a hyphen
// for the percent sign, and an underscore for the slash.
func proofpoint2(p parts) string {
	return decode(strings.NewReplacer("-", "%", "_", "/").Replace(raw(p, "u")), false)
}

// proofpoint3 reads the encoding of version 3: the URL appears in plain text
// between two pairs of underscores, but a character that might not survive is
// replaced by an asterisk, and a run of such characters by two asterisks and a letter
// for its length. The replaced characters follow in base64.
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

// putBack restores replaced characters. If there are too few, the asterisk stays,
// because it may belong to the URL.
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

// runLengths are the letters for the lengths of runs, from two characters up.
const runLengths = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
