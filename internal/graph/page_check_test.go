package graph_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// unending is a Graph whose lists have no end: each page differs from the others.
type unending struct {
	rows  func(n int) string // the rows of the n-th page
	link  func(n int) string // the end of its link
	pages int
}

func (e *unending) RoundTrip(r *http.Request) (*http.Response, error) {
	e.pages++
	return answer(200, `{"value":[`+e.rows(e.pages)+`],"@odata.nextLink":"`+testRoot+`/v1.0/next?$skip=`+e.link(e.pages)+`"}`)(r)
}

// A list without an end soon leads to an error: not to a list of what it has returned so
// far, and not to a hang.
func TestListsWithoutAnEnd(t *testing.T) {
	t.Parallel()
	number := func(n int) string { return fmt.Sprint(n) }
	row := func(n int) string { return fmt.Sprintf(`{"id":"r%d"}`, n) }
	rows := func(each int) func(int) string {
		return func(n int) string {
			all := make([]string, each)
			for i := range all {
				all[i] = fmt.Sprintf(`{"id":"r%d"}`, n*each+i)
			}
			return strings.Join(all, ",")
		}
	}
	messages := func(m graph.Mailbox) error { return through(m.Messages(t.Context(), graph.Query{})) }
	for name, c := range map[string]struct {
		rows func(int) string
		link func(int) string
		ask  func(graph.Mailbox) error
		most int // pages
	}{
		"empty for ever":          {func(int) string { return "" }, number, messages, 1_100},
		"the same row for ever":   {func(int) string { return row(1) }, number, messages, 1_100},
		"two rows in turn":        {func(n int) string { return row(n % 2) }, number, messages, 1_100},
		"a circle":                {row, func(n int) string { return fmt.Sprint(n % 3) }, messages, 5},
		"links that grow":         {row, func(n int) string { return strings.Repeat("x", 20_000*n) }, messages, 5},
		"a page with all of them": {rows(6_000), number, messages, 1},
		"attachments": {rows(1_000), number, func(m graph.Mailbox) error {
			return through(m.Attachments(t.Context(), "id"))
		}, 10},
		"folders": {rows(5_000), number, func(m graph.Mailbox) error { return through(m.Children(t.Context(), "inbox", "")) }, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &unending{rows: c.rows, link: c.link}
			err := c.ask(newClient(t, nil, func(o *graph.Options) { o.Transport = e }).Mailbox("user-1", "alice@example.test"))
			got, ok := errors.AsType[*graph.Error](err)
			require.True(t, ok, "%v", err)
			assert.LessOrEqual(t, e.pages, c.most)
			assert.False(t, got.Temporary(), "again would take as long")
			assert.NotErrorIs(t, err, graph.ErrGone)
		})
	}
}

func through[T any](pages graph.Pages[T]) error {
	for _, err := range pages {
		if err != nil {
			return err
		}
	}
	return nil
}

// A long list with some empty pages is read to its end.
func TestLongLists(t *testing.T) {
	t.Parallel()
	const last = 12_000 // pages
	e := &unending{
		rows: func(n int) string {
			if n%100 > 50 {
				return ""
			}
			return fmt.Sprintf(`{"id":"r%d"}`, n)
		},
		link: func(n int) string { return fmt.Sprint(n) },
	}
	m := newClient(t, nil, func(o *graph.Options) {
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if e.pages == last {
				return answer(200, `{"value":[{"id":"end"}]}`)(r)
			}
			return e.RoundTrip(r)
		})
	}).Mailbox("user-1", "alice@example.test")
	n := 0
	for rows, err := range m.Messages(t.Context(), graph.Query{}) {
		require.NoError(t, err)
		n += len(rows)
	}
	assert.Equal(t, last/100*51+1, n)
}

// The memory needed for the pages of a list does not grow with their links.
func TestListsDoNotGrow(t *testing.T) {
	var before, after runtime.MemStats
	e := &unending{rows: func(n int) string { return fmt.Sprintf(`{"id":"r%d"}`, n) }, link: func(n int) string { return fmt.Sprint(n) + strings.Repeat("x", 50_000) }}
	m := newClient(t, nil, func(o *graph.Options) { o.Transport = e }).Mailbox("user-1", "alice@example.test")
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, err := range m.Messages(t.Context(), graph.Query{}) {
		require.NoError(t, err)
		if e.pages == 1_000 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			break
		}
	}
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(8<<20))
}

// A page of a delta whose state is too long is an error.
func TestDeltaThatGrows(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"value":[],"@odata.nextLink":"` + testRoot + `/v1.0/delta?` + strings.Repeat("x", 70_000) + `"}`,
		`{"value":[` + strings.Repeat(`{"id":"1"},`, 6_000) + `{"id":"1"}],"@odata.deltaLink":"` + testRoot + `/v1.0/delta"}`,
	} {
		_, err := mailbox(t, script(answer(200, body))).Changes(t.Context(), "inbox", "", []string{"id"})
		assert.ErrorContains(t, err, "longer than any")
		assert.NotErrorIs(t, err, graph.ErrStateLost)
	}
}
