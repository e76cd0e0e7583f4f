package wirelog

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Hidden replaces what is never shown.
const Hidden = "[not shown]"

// WriteHeader writes the fields of a header in order. For fields with credentials it
// shows only the scheme, for cookies only the name, and for a redirect address only what
// precedes the query.
func WriteHeader(b *bytes.Buffer, h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			switch name {
			case "Cookie", "Set-Cookie":
				value = cookieNames(name, value)
			case "Www-Authenticate", "Proxy-Authenticate":
				value = schemeOf(value, true)
			case "Authorization", "Proxy-Authorization", "Authentication-Info", "Proxy-Authentication-Info":
				value = schemeOf(value, false)
			case "Location", "Content-Location", "Referer":
				if before, _, ok := strings.Cut(value, "?"); ok {
					value = before + "?" + Hidden
				}
			default:
				if IsSecret(name) {
					value = Hidden
				}
			}
			fmt.Fprintf(b, "%s: %s\n", name, strings.Map(Printable, value))
		}
	}
	b.WriteByte('\n')
}

// secretField matches the names of header fields in which programs, proxies and the
// caller's own sign-in methods carry credentials.
var secretField = regexp.MustCompile(`(?i)token|secret|passw|cookie|canary|session|ticket|credential|assertion|api-?key`)

// IsSecret reports whether a name suggests a credential.
func IsSecret(name string) bool { return secretField.MatchString(name) }

// schemeOf returns the scheme of credentials or of a challenge (RFC 9110, section 11.4).
// A value of one word is a scheme only in a challenge.
func schemeOf(value string, asks bool) string {
	scheme, rest, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(value), "\t", " "), " ")
	switch {
	case !schemeName.MatchString(scheme), rest == "" && !asks:
		return Hidden
	case rest == "":
		return scheme
	}
	return scheme + " " + Hidden
}

// schemeName matches what can be a scheme, but is too short for a secret.
var schemeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,19},?$`)

// cookieNames returns the value of a header without the values of its cookies.
func cookieNames(header, value string) string {
	var shown []string
	for part := range strings.SplitSeq(value, ";") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		shown = append(shown, name+"="+Hidden)
		if header == "Set-Cookie" {
			break // its attributes follow
		}
	}
	return strings.Join(shown, "; ")
}

// Printable replaces control characters, which would end the line or move the cursor.
func Printable(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7F {
		return '\uFFFD'
	}
	return r
}
