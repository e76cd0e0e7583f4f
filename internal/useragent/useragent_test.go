package useragent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/useragent"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	for product, want := range map[string]string{
		"":                              "sdk/1",
		"Acme/2.1":                      "Acme/2.1 sdk/1",
		"Acme/2.1 (worker; a) Lib/3":    "Acme/2.1 (worker; a) Lib/3 sdk/1",
		"Acme/2.1 sdk/1":                "Acme/2.1 sdk/1",
		"Acme/2.1 notsdk/1":             "Acme/2.1 notsdk/1 sdk/1",
		strings.Repeat("a", 256):        strings.Repeat("a", 256) + " sdk/1",
		strings.Repeat("a", 257):        "!256 bytes",
		"Acme/2.1\r\nX-Evil: 1":         "!not allowed in a header",
		"Acme\x00":                      "!not allowed in a header",
		"Acme\x7f/1":                    "!not allowed in a header",
		"Ünlü/1":                        "!not allowed in a header",
		" Acme/1":                       "!begins or ends",
		"Acme/1\n":                      "!begins or ends",
		"Acme/1\tMozilla/5.0 (Windows)": "!not allowed in a header",
	} {
		got, err := useragent.Join(product, "sdk/1")
		if reason, refused := strings.CutPrefix(want, "!"); refused {
			assert.ErrorContains(t, err, reason, "%q", product)
			continue
		}
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	}
}
