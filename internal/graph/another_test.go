package graph_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// Ids in the form that Graph uses.
const (
	oneID, otherID       = "AAMkAGI2T1=", "AAMkAGI2T2="
	oneFolder, oneParent = "AQMkAGI2F1=", "AQMkAGI2P1="
	otherFolder          = "AQMkAGI2F2="
)

// An answer to another request is not believed, whatever is being read.
func TestAnswersToOtherReads(t *testing.T) {
	t.Parallel()
	message := `{"id":"` + otherID + `","changeKey":"CK","subject":"x","body":{"content":"x"}}`
	folder := `{"id":"` + otherFolder + `","displayName":"x"}`
	child := `{"value":[{"id":"c1","parentFolderId":"` + oneParent + `"},{"id":"c2","parentFolderId":"` + otherFolder + `"}]}`
	part := func(bodies ...string) string {
		var text strings.Builder
		for i, b := range bodies {
			text.WriteString(fmt.Sprintf(`,{"id":"%d","status":200,"body":%s}`, i, b))
		}
		return `{"responses":[` + text.String()[1:] + `]}`
	}
	for name, c := range map[string]struct {
		body string
		ask  func(graph.Mailbox) error
	}{
		"message": {message, func(m graph.Mailbox) error {
			_, err := m.Message(t.Context(), oneID, []string{"id"}, nil)
			return err
		}},
		"text": {message, func(m graph.Mailbox) error { _, err := m.Text(t.Context(), oneID); return err }},
		"source": {message, func(m graph.Mailbox) error {
			_, _, err := m.Source(t.Context(), oneID, []string{"subject"}, nil, false)
			return err
		}},
		"message and attachments": {part(message, `{"value":[]}`), func(m graph.Mailbox) error {
			_, _, err := m.Whole(t.Context(), oneID, []string{"id"}, nil)
			return err
		}},
		"details": {part(message, `{"id":"`+otherID+`"}`), func(m graph.Mailbox) error {
			all, err := m.Details(t.Context(), []string{oneID, otherID}, []string{"id"}, nil, false)
			require.NoError(t, err)
			assert.NoError(t, all[1].Err)
			return all[0].Err
		}},
		"message and folders": {part(`{"id":"`+oneID+`"}`, folder), func(m graph.Mailbox) error {
			_, _, err := m.Placed(t.Context(), oneID, []string{"id"}, nil, false, []string{oneFolder})
			return err
		}},
		"folder": {folder, func(m graph.Mailbox) error { _, err := m.Folder(t.Context(), oneFolder); return err }},
		"two folders that are one": {part(folder, folder), func(m graph.Mailbox) error {
			_, err := m.Known(t.Context(), []string{"inbox", "drafts"})
			return err
		}},
		"folders below": {child, func(m graph.Mailbox) error { _, err := all(m.Children(t.Context(), oneParent, "")); return err }},
		"folders below several": {part(`{"value":[]}`, child), func(m graph.Mailbox) error {
			lists, err := m.Below(t.Context(), []string{oneFolder, oneParent})
			require.NoError(t, err)
			_, err = all(lists[1])
			return err
		}},
		"folders below after a search": {part(`{"value":[]}`, child), func(m graph.Mailbox) error {
			_, lists, err := m.SearchAndBelow(t.Context(), []graph.Query{{Folder: oneFolder}}, []string{oneParent})
			require.NoError(t, err)
			_, err = all(lists[0])
			return err
		}},
	} {
		err := c.ask(mailbox(t, script(answer(200, c.body))))
		e, ok := errors.AsType[*graph.Error](err)
		if assert.True(t, ok, "%s: %v", name, err) {
			assert.True(t, e.NotExecuted(), name)
			assert.True(t, e.Temporary(), name)
			assert.False(t, e.Answered(), name)
			assert.NotErrorIs(t, err, graph.ErrGone, name)
			assert.ErrorContains(t, err, "another request", name)
		}
	}
}

// After an answer to another request, the outcome of a write is unknown.
func TestAnswersToOtherWrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		ask    func(graph.Mailbox) error
	}{
		"update": {200, `{"id":"` + otherID + `","changeKey":"CK"}`, func(m graph.Mailbox) error {
			_, err := m.Update(t.Context(), oneID, "", map[string]any{"isRead": true})
			return err
		}},
		"move": {201, `{"id":"` + otherID + `","parentFolderId":"` + otherFolder + `"}`, func(m graph.Mailbox) error {
			_, err := m.Move(t.Context(), oneID, oneFolder)
			return err
		}},
		"folder elsewhere": {201, `{"id":"` + oneFolder + `","displayName":"Quarantine","parentFolderId":"` + otherFolder + `"}`, func(m graph.Mailbox) error {
			_, err := m.CreateFolder(t.Context(), oneParent, "Quarantine", false)
			return err
		}},
		"folder with another name": {201, `{"id":"` + oneFolder + `","displayName":"Surplus","parentFolderId":"` + oneParent + `"}`, func(m graph.Mailbox) error {
			_, err := m.CreateFolder(t.Context(), oneParent, "Quarantine", false)
			return err
		}},
	} {
		s := script(answer(c.status, c.body), answer(c.status, c.body))
		err := c.ask(mailbox(t, s))
		e, ok := errors.AsType[*graph.Error](err)
		if assert.True(t, ok, "%s: %v", name, err) {
			assert.False(t, e.NotExecuted(), name)
			assert.False(t, e.Answered(), name)
		}
		assert.Len(t, s.asked, 1, name)
	}
}

// Another spelling of an id means the same thing, and an answer without an id reveals
// nothing about the version.
func TestAnswersInOtherSpellings(t *testing.T) {
	t.Parallel()
	s := script(answer(200, `{"id":"AAMk-x_y="}`), answer(200, `{"changeKey":"CK"}`), answer(200, `{"id":"`+otherFolder+`"}`),
		answer(201, `{"id":"`+otherID+`","parentFolderId":"`+otherFolder+`"}`))
	m := mailbox(t, s)
	_, err := m.Message(t.Context(), "AAMk/x+y=", []string{"id"}, nil)
	require.NoError(t, err)
	after, err := m.Update(t.Context(), oneID, "", map[string]any{"isRead": true})
	require.NoError(t, err)
	assert.Empty(t, after.Version())
	_, err = m.Folder(t.Context(), "recoverableitemsdeletions")
	require.NoError(t, err)
	_, err = m.Move(t.Context(), oneID, "deleteditems")
	require.NoError(t, err)
}

// The parts of a batch have ids that no other batch uses, so the answer to an earlier
// batch matches none of them.
func TestAnswerToAnotherBatch(t *testing.T) {
	t.Parallel()
	var first string
	m := newClient(t, nil, func(o *graph.Options) {
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			if first != "" {
				return answer(200, first)(r)
			}
			resp, err := echo(r)
			if err != nil {
				return nil, err
			}
			text, err := io.ReadAll(resp.Body)
			first = string(text)
			if err != nil {
				return nil, err
			}
			return answer(200, first)(r)
		})
	}).Mailbox("user-1", "alice@example.test")
	for i := range 2 {
		lists, err := m.Search(t.Context(), []graph.Query{{Folder: "a"}, {Folder: "b"}})
		require.NoError(t, err)
		for _, pages := range lists {
			_, err := all(pages)
			assert.Equal(t, i > 0, err != nil, "%v", err)
		}
	}
}

// An answer to another question about the same message lacks what was requested, and is
// not taken for a message without it.
func TestAnswersToOtherQuestions(t *testing.T) {
	t.Parallel()
	s := script(answer(200, `{"id":"`+oneID+`","changeKey":"CK","isRead":false}`), answer(200, `{"id":"`+oneID+`","subject":"x"}`))
	m := mailbox(t, s)
	_, err := m.Message(t.Context(), oneID, []string{"id", "isDraft"}, nil)
	require.ErrorContains(t, err, "another request")
	_, _, err = m.Source(t.Context(), oneID, []string{"subject", "body"}, nil, false)
	require.ErrorContains(t, err, "another request")
}

// Ids of the two kinds cannot be compared.
func TestIDsOfBothKinds(t *testing.T) {
	t.Parallel()
	long, short := strings.Repeat("A", 152), strings.Repeat("B", 72)
	m := mailbox(t, script(answer(200, `{"id":"`+short+`"}`), answer(200, `{"id":"`+long+`"}`)))
	for _, id := range []string{long, short} {
		_, err := m.Message(t.Context(), id, []string{"id"}, nil)
		require.NoError(t, err)
	}
}
