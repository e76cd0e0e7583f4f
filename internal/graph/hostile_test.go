package graph_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// noLists are answers with status 200 that are not a list, or not a whole one. Taken for
// one, they would mean that there is nothing.
var noLists = []string{
	`{}`, `null`, `[]`, `""`, `0`, ``, `{"value":null}`, `{"value":{}}`, `{"value":"x"}`, `{"value":[null]}`, `{"value":[{"id":"1"},null]}`,
	`{"value":[{}]}`, `{"value":[{"id":null}]}`, `{"value":[{"id":""}]}`, `{"value":[1]}`,
	`{"error":{"code":"ErrorInternalServerError","message":"no"}}`, `{"value":[],"error":{"code":"ErrorServerBusy"}}`,
	`{"value":[{"id":"1"}`, `<html>Sign in</html>`, `{"value":[],"@odata.nextLink":7}`, `{"responses":[]}`,
}

// An answer that is not a list is an error, whatever the request, and never an empty
// list.
func TestNoList(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(graph.Mailbox, *graph.Client) error{
		"messages": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := all(m.Messages(t.Context(), graph.Query{}))
			return err
		},
		"folders": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := all(m.Children(t.Context(), "inbox", ""))
			return err
		},
		"attachments": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := all(m.Attachments(t.Context(), "1"))
			return err
		},
		"files": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := all(m.Files(t.Context(), "1"))
			return err
		},
		"own folders": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := all(m.TransferFolders(t.Context(), "MBX:1"))
			return err
		},
		"own items": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := all(m.TransferItems(t.Context(), "MBX:1", "f", nil))
			return err
		},
		"users": func(_ graph.Mailbox, c *graph.Client) error {
			_, err := c.UserOf(t.Context(), "alice@example.test")
			return err
		},
		"members": func(_ graph.Mailbox, c *graph.Client) error {
			_, err := c.MembersOf(t.Context(), "g")
			return err
		},
		"changes": func(m graph.Mailbox, _ *graph.Client) error {
			_, err := m.Changes(t.Context(), "inbox", "", []string{"id"})
			return err
		},
	} {
		for _, body := range noLists {
			if name == "changes" && len(body) > 1 && body[0] == '{' && body[len(body)-1] == '}' {
				body = body[:len(body)-1] + `,"@odata.deltaLink":"` + testRoot + `/v1.0/x/delta"}`
				if body[1] == ',' {
					body = "{" + body[2:]
				}
			}
			s := script(answer(200, body), answer(200, body))
			c := newClient(t, s)
			err := ask(c.Mailbox("user-1", "alice@example.test"), c)
			if assert.Error(t, err, "%s: %s", name, body) {
				assert.NotErrorIs(t, err, graph.ErrGone, "%s: %s", name, body)
				assert.NotErrorIs(t, err, graph.ErrNoMailbox, "%s: %s", name, body)
			}
		}
	}
}

// The same applies in a batch.
func TestNoListInABatch(t *testing.T) {
	t.Parallel()
	for _, body := range noLists {
		if body == "" || body[0] == '<' || body == `{"value":[{"id":"1"}` {
			continue // cannot be written in a batch
		}
		part := fmt.Sprintf(`{"responses":[{"id":"0","status":200,"body":{"value":[]}},{"id":"1","status":200,"body":%s}]}`, body)
		s := script(answer(200, part), answer(200, part))
		lists, err := mailbox(t, s).Search(t.Context(), []graph.Query{{Folder: "a"}, {Folder: "b"}})
		if err == nil {
			_, err = all(lists[1])
		}
		assert.Error(t, err, body)
	}
	for _, responses := range []string{
		`null`, `{}`, `[]`, `[null]`, `[{"id":"7","status":200,"body":{"value":[]}}]`,
		`[{"id":"0","status":200},{"id":"1","status":200}]`, `[{"id":"0","status":200,"body":{"value":[]}},{"id":"0","status":200,"body":{"value":[]}}]`,
		// Two answers to one request: it is unknown which is the right one.
		`[{"id":"0","status":200,"body":{"value":[]}},{"id":"1","status":200,"body":{"value":[{"id":"x"}]}},{"id":"1","status":200,"body":{"value":[]}}]`,
	} {
		text := `{"responses":` + responses + `}`
		s := script(answer(200, text), answer(200, text), answer(200, text))
		lists, err := mailbox(t, s).Search(t.Context(), []graph.Query{{Folder: "a"}, {Folder: "b"}})
		if err == nil {
			_, err = all(lists[1])
		}
		assert.Error(t, err, responses)
	}
}

// An answer that lacks what was requested is not believed: each of these would be a
// message, a folder or an id made out of nothing.
func TestNoObject(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(graph.Mailbox) error{
		"message": func(m graph.Mailbox) error {
			_, err := m.Message(t.Context(), "1", []string{"id", "changeKey"}, nil)
			return err
		},
		"folder": func(m graph.Mailbox) error { _, err := m.Folder(t.Context(), "inbox"); return err },
		"move":   func(m graph.Mailbox) error { _, err := m.Move(t.Context(), "1", "inbox"); return err },
		"source": func(m graph.Mailbox) error {
			_, _, err := m.Source(t.Context(), "1", []string{"subject", "body"}, nil, false)
			return err
		},
		"text": func(m graph.Mailbox) error { _, err := m.Text(t.Context(), "1"); return err },
	} {
		for _, body := range []string{`{}`, `null`, `{"error":{"code":"ErrorServerBusy"}}`, `{"id":null}`} {
			s := script(answer(200, body), answer(200, body))
			assert.Error(t, ask(mailbox(t, s)), "%s: %s", name, body)
		}
	}
}

// A hint that is not a time is ignored.
func TestRetryAfterThatIsNoTime(t *testing.T) {
	t.Parallel()
	for _, hint := range []string{"NaN", "-Inf", "-1", "0", "soon", "", "-1e400"} {
		s := script(answer(429, `{}`, "Retry-After", hint))
		_, err := mailbox(t, s, func(o *graph.Options) { o.Attempts = 1 }).Folder(t.Context(), "inbox")
		e, ok := errors.AsType[*graph.Error](err)
		if assert.True(t, ok) {
			assert.Zero(t, e.RetryAfter, hint)
		}
	}
	for _, hint := range []string{"Inf", "1e300", "1e400", "99999999999999999999"} {
		s := script(answer(429, `{}`, "Retry-After", hint))
		_, err := mailbox(t, s, func(o *graph.Options) { o.Attempts = 1 }).Folder(t.Context(), "inbox")
		e, ok := errors.AsType[*graph.Error](err)
		if assert.True(t, ok) {
			assert.LessOrEqual(t, e.RetryAfter, time.Hour, hint)
			assert.Positive(t, e.RetryAfter, hint)
		}
	}
}
