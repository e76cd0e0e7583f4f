package graph_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// echo answers each part of a batch with a row that has the part's address as its id.
func echo(r *http.Request) (*http.Response, error) {
	var asked struct {
		Requests []struct{ ID, URL string }
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	var parts []string
	for _, q := range asked.Requests {
		path, _, _ := strings.Cut(q.URL, "?")
		parts = append(parts, fmt.Sprintf(`{"id":%q,"status":200,"body":{"value":[{"id":%q}]}}`, q.ID, path))
	}
	return answer(200, `{"responses":[`+strings.Join(parts, ",")+`]}`)(r)
}

// Folders are listed after all searches, so that folders created meanwhile are seen, and
// each answer is matched to its question, even if they do not fit into one batch.
func TestFoldersAreListedAfterTheSearches(t *testing.T) {
	t.Parallel()
	var batches int
	m := newClient(t, nil, func(o *graph.Options) {
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { batches++; return echo(r) })
	}).Mailbox("user-1", "alice@example.test")
	var queries []graph.Query
	for i := range 19 {
		queries = append(queries, graph.Query{Folder: fmt.Sprint("f", i)})
	}
	found, below, err := m.SearchAndBelow(t.Context(), queries, []string{"p0", "p1"})
	require.NoError(t, err)
	assert.Equal(t, 2, batches)
	require.Len(t, found, 19)
	require.Len(t, below, 2)
	for i, pages := range found {
		rows, err := all(pages)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		assert.Equal(t, fmt.Sprintf("/users/user-1/mailFolders/f%d/messages", i), rows[0].ID)
	}
	for i, pages := range below {
		rows, err := all(pages)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		assert.Equal(t, fmt.Sprintf("/users/user-1/mailFolders/p%d/childFolders", i), rows[0].ID)
	}
}

// A delta continues after its last page, reports that Graph has lost its state, and
// follows no link to another host.
func TestArrivals(t *testing.T) {
	t.Parallel()
	link := func(name string) string {
		return testRoot + "/v1.0/users/user-1/mailFolders/inbox/messages/delta?" + name
	}
	s := script(
		answer(200, `{"value":[{"id":"1"},{"id":"2","@removed":{"reason":"deleted"}}],"@odata.nextLink":"`+link("$skiptoken=a")+`"}`),
		answer(200, `{"value":[],"@odata.deltaLink":"`+link("$deltatoken=b")+`"}`),
	)
	var pages []graph.DeltaPage
	for state := ""; len(pages) == 0 || !pages[len(pages)-1].Last; state = pages[len(pages)-1].State {
		p, err := mailbox(t, s).Changes(t.Context(), "inbox", state, []string{"id"})
		require.NoError(t, err)
		pages = append(pages, p)
	}
	require.Len(t, pages, 2)
	require.Len(t, pages[0].Messages, 1, "what is removed has not come")
	assert.Equal(t, []any{false, true, link("$deltatoken=b")}, []any{pages[0].Last, pages[1].Last, pages[1].State})
	assert.Equal(t, []string{"2"}, pages[0].Removed)
	assert.NotContains(t, s.asked[0].url, "changeType", "what leaves the folder is told as well")
	assert.NotContains(t, strings.ToLower(fmt.Sprint(s.asked[0].header)), "immutable")
	assert.Equal(t, link("$skiptoken=a"), s.asked[1].url, "links are used as they are")

	for name, c := range map[string]struct {
		state string
		body  func(*http.Request) (*http.Response, error)
		lost  bool
	}{
		"410":          {link("$deltatoken=b"), answer(410, `{"error":{"code":"SyncStateNotFound"}}`), true},
		"by its code":  {link("$deltatoken=b"), answer(400, `{"error":{"code":"resyncRequired"}}`), true},
		"another host": {"https://evil.example/v1.0/users/x/mailFolders/inbox/messages/delta", answer(200, `{}`), true},
		"another path": {testRoot + "/v1.0/users/x/messages", answer(200, `{}`), true},
		"no link":      {"%", answer(200, `{}`), true},
		"no state":     {"", answer(200, `{"value":[]}`), false},
	} {
		s := script(c.body, c.body, c.body)
		_, last := mailbox(t, s).Changes(t.Context(), "inbox", c.state, []string{"id"})
		require.Error(t, last, name)
		assert.Equal(t, c.lost, errors.Is(last, graph.ErrStateLost), name)
		if strings.HasPrefix(name, "another") || name == "no link" {
			assert.Empty(t, s.asked, name)
		}
	}
}

// An answer to another question about a message is not taken to mean that no receipt was
// requested.
func TestReceiptMustBeTold(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]any{
		`{"id":"1","isRead":false}`: nil, `{"id":"1","isReadReceiptRequested":null}`: false,
		`{"id":"1","isReadReceiptRequested":true}`: true, `{"id":"1","isReadReceiptRequested":false}`: false,
	} {
		got, err := mailbox(t, script(answer(200, body))).Message(t.Context(), "1", []string{"id", "isReadReceiptRequested"}, nil)
		if want == nil {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, got.Receipt.Yes, body)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"value":[{"id":"1","@removed":{"reason":"deleted"}}],"@odata.nextLink":"https://graph.example.test/v1.0/users/u/mailFolders/inbox/messages/delta?$skiptoken=a"}`,
		`{"id":"1","importance":"NORMAL","receivedDateTime":"datetime-value","singleValueExtendedProperties":[{"id":"Integer 0xe07","value":"4"}]}`,
		`{"value":null}`, `[]`, `{"@odata.deltaLink":":"}`, "\xff",
	} {
		f.Add(200, body)
	}
	f.Add(410, `{"error":{"code":"SyncStateNotFound","innerError":{}}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		synctest.Test(t, func(t *testing.T) { // where waiting takes no time
			for _, r := range append(readers, readDraft, readText) {
				c := newClient(t, script(answer(status, body), answer(200, body)))
				_, _ = r.read(t, c.Mailbox("user", "alice@example.test"), namedIn(body), c)
			}
		})
	})
}
