package mimescan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// TestBlanksBeyondASCII checks that the scan ends and finds the link if a Unicode blank or
// quotation mark is next to a host without a scheme.
func TestBlanksBeyondASCII(t *testing.T) {
	t.Parallel()
	for _, blank := range []string{"\u00a0", "\u2028", "\u2029", "\u3000", "“", "”", "«", "»", "「", "」", "＜", "＞", "س\u00a0", "\u00a0\u00a0", "\xec\u00a0", "日\u3000"} {
		for _, form := range []string{"BLANKlure.example", "see BLANKlure.example now", "seeBLANKlure.example/payBLANKnow", "a.BLANKlure.example", "müller.testBLANKlure.example"} {
			for kind, text := range map[string]string{"plain": form, "html": "<p>" + form + "</p>"} {
				text = "Content-Type: text/" + kind + "; charset=utf-8\n\n" + strings.ReplaceAll(text, "BLANK", blank) + "\n"
				found := make(chan bool, 1)
				go func() {
					seen := false
					_, err := mimescan.Scan(strings.NewReader(text), mimescan.Handler{Link: func(l string) error {
						seen = seen || strings.HasPrefix(l, "http://lure.example")
						return nil
					}})
					found <- seen && err == nil
				}()
				select {
				case ok := <-found:
					assert.True(t, ok, "%q", text)
				case <-time.After(20 * time.Second):
					require.Fail(t, "the scan does not end", "%q", text)
				}
			}
		}
	}
}
