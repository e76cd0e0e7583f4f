package graph_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// The unpacked size of a small answer is bounded, whether the answer is read whole or is
// a refusal.
func TestPackedAnswers(t *testing.T) {
	t.Parallel()
	const most = 150 // MB
	for name, c := range map[string]struct {
		status int
		text   string
		ask    func(graph.Mailbox) error
	}{
		"list":    {200, " ", func(m graph.Mailbox) error { return through(m.Messages(t.Context(), graph.Query{})) }},
		"folder":  {200, "A", func(m graph.Mailbox) error { _, err := m.Folder(t.Context(), "inbox"); return err }},
		"refusal": {403, "A", func(m graph.Mailbox) error { return m.PermanentDelete(t.Context(), "1") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.WriteHeader(c.status)
				z := gzip.NewWriter(w)
				_, _ = io.WriteString(z, `{"value":[{"id":"`)
				piece := strings.Repeat(c.text, 1<<20)
				for range most {
					if _, err := io.WriteString(z, piece); err != nil {
						return
					}
				}
			}))
			t.Cleanup(s.Close)
			client, err := graph.New(graph.Options{Root: s.URL, Transport: http.DefaultTransport.(*http.Transport).Clone(), Attempts: 1})
			require.NoError(t, err)
			err = c.ask(client.Mailbox("user-1", "alice@example.test"))
			require.Error(t, err)
			if c.status == http.StatusOK {
				require.ErrorContains(t, err, "longer than any")
			}
		})
	}
}
