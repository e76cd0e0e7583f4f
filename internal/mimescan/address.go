package mimescan

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// schemeOf cuts off the scheme of a link and returns it in lower case, or "" if it has none.
// See https://url.spec.whatwg.org/#scheme-start-state.
func schemeOf(link string) (scheme, rest string) {
	before, after, ok := strings.Cut(link, ":")
	if !ok || before == "" || len(before) > 64 {
		return "", link
	}
	for i, c := range []byte(before) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '+' && c != '-' && (c < '0' || c > '9')) {
			return "", link
		}
	}
	return strings.ToLower(before), after
}

// maxHost is the length of the longest host name in characters, including a trailing
// dot (RFC 1035, section 2.3.4).
const maxHost = 254

// strayHost reports whether the host of a link is longer than any host can be. Text in
// another script after an ASCII host does not count, because some languages are written
// without blanks.
func strayHost(link string) bool {
	_, rest := schemeOf(link)
	if rest == link {
		return false
	}
	host := strings.TrimLeft(rest, `/\`)
	if end := strings.IndexAny(host, `/\?#`); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if utf8.RuneCountInString(host) <= maxHost {
		return false
	}
	ascii := host
	if end := strings.IndexFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }); end >= 0 {
		ascii = host[:end]
	}
	return len(ascii) > maxHost || !strings.Contains(ascii, ".")
}

// refreshed returns the link in the content of an http-equiv refresh.
// See https://html.spec.whatwg.org/#shared-declarative-refresh-steps.
func refreshed(content string) string {
	rest := strings.TrimLeft(content, " \t\r\n\f")
	rest = strings.TrimLeft(rest, "0123456789.")
	rest = strings.TrimLeft(rest, " \t\r\n\f")
	rest = strings.TrimLeft(rest, ";,")
	rest = strings.TrimLeft(rest, " \t\r\n\f")
	if len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
		if after, ok := strings.CutPrefix(strings.TrimLeft(rest[3:], " \t\r\n\f"), "="); ok {
			rest = strings.TrimLeft(after, " \t\r\n\f")
		}
	}
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		quote := rest[:1]
		rest, _, _ = strings.Cut(rest[1:], quote)
	}
	return rest
}

// dataPage returns the text in a data: URL, or "" if the URL does not contain a page.
// See https://fetch.spec.whatwg.org/#data-url-processor.
func dataPage(link string) string {
	head, body, ok := strings.Cut(link[len("data:"):], ",")
	if !ok {
		return ""
	}
	head = strings.ToLower(head)
	if strings.HasPrefix(head, "image/") && !strings.HasPrefix(head, "image/svg") || strings.HasPrefix(head, "font/") || strings.HasPrefix(head, "audio/") || strings.HasPrefix(head, "video/") {
		return ""
	}
	body = mimeparam.Unescape(body)
	if !strings.HasSuffix(strings.TrimRight(head, " "), "base64") {
		return narrow(body)
	}
	body = strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r < 0x80 && base64Values[byte(r)] > 0:
			return r
		}
		return -1
	}, body)
	if len(body)%4 == 1 {
		body = body[:len(body)-1]
	}
	b, _ := base64.RawStdEncoding.DecodeString(body)
	return narrow(string(b))
}

// narrow converts a text in UTF-16 or UTF-32 to UTF-8, and returns any other as it is.
func narrow(text string) string {
	first := []byte(text[:min(len(text), 1<<10)])
	wide := wideByMark(first)
	if wide == nil {
		wide = wideByZeros(first)
	}
	if wide == nil {
		return text
	}
	converted, err := wide.NewDecoder().String(text)
	if err != nil {
		return text
	}
	return converted
}
