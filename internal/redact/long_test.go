package redact_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// TestStrikeLong: a secret is found wherever it is, even across pieces, and nothing else
// is changed.
func TestStrikeLong(t *testing.T) {
	t.Parallel()
	const secret, token = "hunter2-and-more", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.q1w2e3r4t5z6u7i8o9p0"
	var s redact.Secrets
	s.Add("svc", secret)
	s.AddToken(token)
	ctx, w := redact.Watching(context.Background())
	s.Announce(ctx)
	pair := base64.StdEncoding.EncodeToString([]byte("svc:" + secret))
	for _, piece := range []string{"<a>text</a> ", "x"} {
		for _, at := range []int{0, 49_140, 65_530} {
			filler := strings.Repeat(piece, 66_000/len(piece))
			text := filler[:at] + " " + secret + " " + token + " " + pair + " " + filler[at:]
			struck := w.StrikeLong(text)
			assert.NotContains(t, struck, "hunter2", "%d", at)
			assert.NotContains(t, struck, token[:20], "%d", at)
			assert.NotContains(t, struck, pair[8:20], "%d", at)
			assert.Equal(t, filler[:at]+" [redacted] [redacted] [redacted] "+filler[at:], struck, "%d", at)
		}
	}
	assert.Equal(t, "nothing", w.StrikeLong("nothing"))
	_, none := redact.Watching(context.Background())
	long := strings.Repeat("no secrets ", 6_000)
	assert.Equal(t, long, none.StrikeLong(long))

	// A secret that is too short to be struck out hides the piece that contains it.
	var short redact.Secrets
	short.Add("", "pw1")
	ctx, w = redact.Watching(context.Background())
	short.Announce(ctx)
	words := strings.Repeat("word ", 15_000)
	assert.NotContains(t, w.StrikeLong(words[:49_150]+"pw1 "+words[49_150:]), "pw1")
}
