package redact_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// A text that is too long is cut, and nothing is left of a secret that the cut splits in
// two.
func TestCutInTwo(t *testing.T) {
	t.Parallel()
	var secret strings.Builder
	for i := 0; secret.Len() < 1000; i++ {
		fmt.Fprintf(&secret, "%x.", i*i)
	}
	var s redact.Secrets
	s.Add("svc", secret.String())
	for _, name := range []string{"plain", "all", "hex refs", "JSON u", "path of HTML", "mail of HTML", "base64, wrapped"} {
		echo := writings[name](secret.String())
		for _, seen := range []int{len(echo) - 1, len(echo) / 2, len(echo) / 10} {
			text := strings.Repeat("x ", (64<<10-seen)/2) + echo + strings.Repeat(" y", 99)
			assert.NotContains(t, s.Strike(text), echo[:20], name)
		}
	}
}

// If base64 is within a single line, only the base64 is struck out.
func TestNextLineStays(t *testing.T) {
	t.Parallel()
	var s redact.Secrets
	s.Add(`EX\svc`, "s3cr3tPW")
	s.AddToken(strings.Repeat("0123456789abcdef", 8))
	basic := base64.StdEncoding.EncodeToString([]byte(`EX\svc:s3cr3tPW`))
	assert.Equal(t, "Authorization: Basic [redacted]\r\nHost: mail", s.Strike("Authorization: Basic "+basic+"\r\nHost: mail"))
	assert.Equal(t, "Bearer [redacted]\nHost: mail", s.Strike("Bearer "+strings.Repeat("0123456789abcdef", 2)+"\nHost: mail"))
	assert.Equal(t, "Bearer: [redacted]: mail", s.Strike("Bearer: 01234567\n89abcdef\n01234567\n89abcdef\nHost: mail"), "where the token ends is unknown")
}

// FuzzWritings looks for passwords that come back in one of the ways and are not found.
func FuzzWritings(f *testing.F) {
	names := slices.Sorted(maps.Keys(writings))
	for i, password := range awkward {
		for n := range names {
			if (i+n)%5 == 0 {
				f.Add(password, uint8(n))
			}
		}
	}
	f.Fuzz(func(t *testing.T, password string, n uint8) {
		name := names[int(n)%len(names)]
		echo := writings[name](password)
		if name == "JSON" || name == "JSON of HTML" || name == "JSON of mail" || name == "Go" || name == "Basic, wrapped, in JSON" {
			echo = echo[1 : len(echo)-1]
		}
		if len([]rune(password)) < 4 || strings.ContainsAny(password, `%\&=`) || // of which escapes may leave less
			len(password) > 500 || !utf8.ValidString(password) || strings.Contains(redact.Mark, strings.ToLower(echo)) ||
			strings.TrimFunc(password, func(r rune) bool { return r < utf8.RuneSelf && unicode.IsPrint(r) }) != "" {
			return
		}
		var s redact.Secrets
		s.Add(`EX\svc`, password)
		assert.NotContains(t, s.Strike("x <"+echo+"> y"), echo, name)
	})
}
