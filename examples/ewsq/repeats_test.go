package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// many writes a file of n targets.
func (b *bundle) many(t *testing.T, n int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("mailbox,message_id\n")
	for i := range n {
		fmt.Fprintf(&text, "u%d@example.test,<%d@evil.example>\n", i, i)
	}
	return b.write(t, "many.csv", text.String())
}

// A wrong password, a dead server and a Ctrl-C are each a line or two for people, with a
// count. Each target still has its line of JSON.
func TestTheSameOfManyIsSaidOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status  int
		want    string
		prepare func(*testing.T, *bundle) context.Context
	}{
		"wrong password": {exitSome, `\d+ more targets not begun: .*authentication.password`, func(t *testing.T, b *bundle) context.Context {
			b.env["EWSQ_PASSWORD"] = "wrong"
			return t.Context()
		}},
		"dead server": {exitSome, `\d+ more targets not begun: .*(connect|503)`, func(t *testing.T, b *bundle) context.Context {
			dead := httptest.NewServer(http.NotFoundHandler())
			dead.Close()
			b.config = b.write(t, "dead.json", strings.Replace(b.object("fullAccess"), b.srv.URL(), dead.URL+"/EWS/Exchange.asmx", 1))
			return t.Context()
		}},
		"interrupt": {exitInterrupted, `\d+ more targets not begun: not started: the run was interrupted`, func(t *testing.T, b *bundle) context.Context {
			ctx, interrupt := context.WithCancel(t.Context())
			b.srv.OnRequest(func(int, *ewstest.Request) { interrupt() })
			return ctx
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			ctx := tt.prepare(t, b)
			r := b.runUntil(t, ctx, "quarantine", "-targets", b.many(t, 100))
			require.Equal(t, tt.status, r.status)
			assert.Len(t, r.lines, 100)
			assert.Regexp(t, tt.want, r.stderr)
			assert.Less(t, strings.Count(r.stderr, "\n"), 25, r.stderr)
			assert.Contains(t, r.stderr, "not begun")
		})
	}
}
