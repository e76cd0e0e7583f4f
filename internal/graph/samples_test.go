package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

// sample is an exchange shown on Microsoft's pages.
type sample struct {
	Request  struct{ URL, Method string }
	Response struct {
		StatusCode int
		Body       json.RawMessage
	}
}

// body returns the text of the answer, which is a string in some samples.
func (s sample) body() string {
	var text string
	switch {
	case string(s.Response.Body) == "null" || len(s.Response.Body) == 0:
		return ""
	case json.Unmarshal(s.Response.Body, &text) == nil:
		return text
	}
	return string(s.Response.Body)
}

// reader reads an answer and returns the number of objects read. It asks for the object
// that the answer names, since the pages do not show which object they ask for.
type reader struct {
	name string
	read func(t *testing.T, m graph.Mailbox, of named, c *graph.Client) (int, error)
}

// named is what an answer reports about its object.
type named struct {
	ID     string `json:"id"`
	Parent string `json:"parentFolderId"`
	Name   string `json:"displayName"`
}

// namedIn returns the names in an answer, with placeholders for missing ones.
func namedIn(body string) named {
	of := named{"id", "id", "name"}
	_ = json.Unmarshal([]byte(body), &of) // it may not be an object
	return of
}

func one[T any](got T, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return 1, nil
}

func counted[T any](pages graph.Pages[T]) (int, error) {
	got, err := all(pages)
	return len(got), err
}

var (
	readMessage = reader{"message", func(t *testing.T, m graph.Mailbox, of named, _ *graph.Client) (int, error) {
		return one(m.Message(t.Context(), of.ID, nil, nil))
	}}
	readMessages = reader{"messages", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return counted(m.Messages(t.Context(), graph.Query{}))
	}}
	readMoved = reader{"moved", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return one(m.Move(t.Context(), "id", "inbox"))
	}}
	readUpdated = reader{"updated", func(t *testing.T, m graph.Mailbox, of named, _ *graph.Client) (int, error) {
		return one(m.Update(t.Context(), of.ID, "", nil))
	}}
	readFiles = reader{"attachments", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return counted(m.Attachments(t.Context(), "id"))
	}}
	readFolder = reader{"folder", func(t *testing.T, m graph.Mailbox, of named, _ *graph.Client) (int, error) {
		return one(m.Folder(t.Context(), of.ID))
	}}
	readFolders = reader{"folders", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return counted(m.Children(t.Context(), "id", ""))
	}}
	readMade = reader{"folder made", func(t *testing.T, m graph.Mailbox, of named, _ *graph.Client) (int, error) {
		return one(m.CreateFolder(t.Context(), of.Parent, of.Name, false))
	}}
	readMembers = reader{"members", func(t *testing.T, _ graph.Mailbox, _ named, c *graph.Client) (int, error) {
		got, err := c.MembersOf(t.Context(), "id")
		return len(got), err
	}}
	readArrivals = reader{"arrivals", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		page, err := m.Changes(t.Context(), "inbox", "", []string{"id"})
		return 1 + len(page.Messages) + len(page.Removed), err
	}}
	readMIME = reader{"MIME", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		text, err := m.MIME(t.Context(), "id")
		if err != nil {
			return 0, err
		}
		defer text.Close()
		b, err := io.ReadAll(text)
		return len(b), err
	}}
	readNothing = reader{"nothing", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return one(0, m.PermanentDelete(t.Context(), "id"))
	}}
	readSent = reader{"sent", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return one(0, m.Send(t.Context(), "id"))
	}}
	readText = reader{"text", func(t *testing.T, m graph.Mailbox, of named, _ *graph.Client) (int, error) {
		return one(m.Text(t.Context(), of.ID))
	}}
	readDraft = reader{"draft", func(t *testing.T, m graph.Mailbox, _ named, _ *graph.Client) (int, error) {
		return one(m.CreateDraft(t.Context(), []byte("Subject: x\r\n\r\n")))
	}}
	readers = []reader{readMessage, readMessages, readMoved, readUpdated, readFiles, readFolder, readFolders, readMade, readMembers, readArrivals, readMIME, readNothing, readSent}
)

// readerOf returns the reader of the answer to a request, or nil if none of this
// package's requests has an answer of that kind, or it is not JSON: the pages have four
// such.
func readerOf(s sample) *reader {
	path, _, _ := strings.Cut(strings.TrimPrefix(s.Request.URL, "https://graph.microsoft.com/v1.0/"), "?")
	parts := strings.Split(strings.TrimPrefix(path, "me/"), "/")
	last := parts[len(parts)-1]
	get := s.Request.Method == http.MethodGet
	switch {
	case strings.Contains(path, "messageRules") || strings.Contains(path, "extensions") || parts[0] == "security" || last == "createUploadSession" || last == "translateExchangeIds":
		return nil
	case s.body() == "" && s.Response.StatusCode == http.StatusNoContent:
		return &readNothing
	case last == "send":
		return &readSent
	case s.body() == "":
		return nil // nothing is answered or forwarded
	case last == "$value":
		return &readMIME
	case !json.Valid([]byte(s.body())):
		return nil
	case parts[0] == "groups":
		return &readMembers
	case last == "delta" && parts[0] == "mailFolders" && len(parts) == 2:
		return &readFolders
	case last == "delta":
		return &readArrivals
	case last == "attachments" && get:
		return &readFiles
	case strings.Contains(path, "attachments"):
		return nil // they are read in lists
	case last == "messages" && get:
		return &readMessages
	case strings.Contains(path, "messages") && get:
		return &readMessage
	case strings.Contains(path, "messages") && s.Request.Method == http.MethodPatch:
		return &readUpdated
	case strings.Contains(path, "messages"):
		return &readMoved
	case (last == "mailFolders" || last == "childFolders") && get:
		return &readFolders
	case get || s.Request.Method == http.MethodPatch:
		return &readFolder
	}
	return &readMade
}

// withIDs adds an id to every object in an answer that has none: the pages leave out some
// that Graph always returns. It reports whether it added any.
func withIDs(body string) (whole string, completed bool) {
	var document map[string]any
	if json.Unmarshal([]byte(body), &document) != nil {
		return body, false
	}
	complete := func(entry map[string]any) {
		if _, has := entry["id"]; !has {
			entry["id"], completed = "AAMk", true
		}
	}
	if list, ok := document["value"].([]any); ok {
		for _, e := range list {
			if entry, ok := e.(map[string]any); ok {
				complete(entry)
			}
		}
	} else {
		complete(document)
	}
	if !completed {
		return body, false
	}
	text, _ := json.Marshal(document)
	return string(text), true
}

// TestDocumentationSamples reads every answer on Microsoft's pages to a request that this
// package makes, also with 200 where the page has 201. It also gives every answer to
// every reader: they must neither loop forever nor panic. GRAPH_SCHEMA_DIR names the
// folder with doc-samples.json.
func TestDocumentationSamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("GRAPH_SCHEMA_DIR")
	if dir == "" {
		t.Log("GRAPH_SCHEMA_DIR is not set: the samples are not available here")
		return
	}
	b, err := os.ReadFile(filepath.Join(dir, "doc-samples.json"))
	require.NoError(t, err)
	var samples struct{ Mocks []sample }
	require.NoError(t, json.Unmarshal(b, &samples))
	require.Len(t, samples.Mocks, 57)
	read := make(map[string]int)
	for _, s := range samples.Mocks {
		own := readerOf(s)
		for _, r := range readers {
			body, completed := s.body(), false
			if own != nil && r.name == own.name {
				body, completed = withIDs(body)
			}
			answers := script(answer(s.Response.StatusCode, body))
			if json.Valid([]byte(s.body())) { // the answer to a followed link is empty, and the last
				answers.answers = append(answers.answers, answer(http.StatusOK, `{"value":[],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta?$deltatoken=1"}`))
			}
			c := newClient(t, answers, func(o *graph.Options) { o.Root, o.Attempts = graph.DefaultRoot, 1 })
			n, err := r.read(t, c.Mailbox("me", "me"), namedIn(body), c)
			if body := s.body(); body != "" && !json.Valid([]byte(body)) && r.name != readMIME.name && r.name != readNothing.name && r.name != readSent.name {
				assert.Error(t, err, "%s: what is no JSON was read as %s", s.Request.URL, r.name)
			}
			if own == nil || r.name != own.name {
				continue
			}
			if assert.NoError(t, err, "%s %s as %s", s.Request.Method, s.Request.URL, r.name) && assert.NotZero(t, n, "%s %s as %s", s.Request.Method, s.Request.URL, r.name) {
				read[r.name]++
			}
			if completed && r.name != readUpdated.name { // a change is read back in any case
				c := newClient(t, script(answer(s.Response.StatusCode, s.body())), func(o *graph.Options) { o.Root, o.Attempts = graph.DefaultRoot, 1 })
				_, err := r.read(t, c.Mailbox("me", "me"), namedIn(s.body()), c)
				assert.Error(t, err, "%s %s as %s: what has no id is nothing that Graph returns", s.Request.Method, s.Request.URL, r.name)
			}
		}
		if own == nil {
			read["of no request"]++
		}
	}
	t.Logf("read: %v", read)
	for _, r := range readers {
		assert.NotZero(t, read[r.name], "no sample of %s", r.name)
	}
}
