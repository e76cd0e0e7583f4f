package mimeparam

import (
	"encoding/base64"
	"strings"
)

// JoinWords joins adjacent encoded words of the same charset and encoding, because
// programs that split a text by bytes split characters. It also removes the language of
// a word (RFC 2231, section 5).
func JoinWords(s string) string {
	var b strings.Builder
	for {
		before, w, rest, ok := nextWord(s)
		if !ok {
			b.WriteString(s)
			return b.String()
		}
		content := w.content()
		for content != nil {
			between, next, after, ok := nextWord(rest)
			if !ok || strings.TrimSpace(between) != "" || !w.alike(next) {
				break
			}
			more := next.content()
			if more == nil {
				break
			}
			content, rest = append(content, more...), after
		}
		switch {
		case content == nil:
		case w.base64():
			w.text = base64.StdEncoding.EncodeToString(content)
		default:
			w.text = string(content)
		}
		b.WriteString(before + "=?" + w.charset + "?" + w.kind + "?" + w.text + "?=")
		s = rest
	}
}

// encodedWord is an encoded word of RFC 2047, section 2.
type encodedWord struct{ charset, kind, text string }

func (w encodedWord) base64() bool { return strings.EqualFold(w.kind, "b") }

func (w encodedWord) alike(other encodedWord) bool {
	return strings.EqualFold(w.charset, other.charset) && strings.EqualFold(w.kind, other.kind)
}

// content returns what can be appended to the content of another word: the decoded bytes
// of base64, or the undecoded text of Q. It returns nil if the base64 cannot be decoded.
func (w encodedWord) content() []byte {
	if !w.base64() {
		return []byte(w.text)
	}
	b, err := base64.StdEncoding.DecodeString(w.text)
	if err != nil {
		return nil
	}
	return b
}

// nextWord splits a text around its first encoded word.
func nextWord(s string) (before string, w encodedWord, rest string, ok bool) {
	for at := 0; ; {
		i := strings.Index(s[at:], "=?")
		if i < 0 {
			return "", encodedWord{}, "", false
		}
		at += i
		fields := strings.SplitN(s[at+2:], "?", 4)
		if len(fields) < 4 {
			return "", encodedWord{}, "", false
		}
		if after, ends := strings.CutPrefix(fields[3], "="); ends && len(fields[1]) == 1 && strings.ContainsAny(fields[1], "bBqQ") && !strings.ContainsAny(fields[0], " \t\r\n") {
			charset, _, _ := strings.Cut(fields[0], "*")
			return s[:at], encodedWord{charset, fields[1], fields[2]}, after, true
		}
		at += 2
	}
}
