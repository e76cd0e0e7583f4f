package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// ImportSession allows items to be imported into one mailbox for a while. It is a secret,
// and printing it shows nothing.
type ImportSession struct {
	link    *url.URL
	expires time.Time
}

// Format writes [redact.Mark], whatever the verb.
func (s ImportSession) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redact.Mark) }

// expiryMargin is how long before its end a session is no longer used: an import takes a
// while, and clocks differ.
const expiryMargin = 2 * time.Minute

// Good reports whether the session can still be used.
func (s ImportSession) Good() bool {
	return s.link != nil && (s.expires.IsZero() || time.Until(s.expires) > expiryMargin)
}

// Server returns the scheme and host of the server to which items are sent, which are not
// secret; empty for the zero value.
func (s ImportSession) Server() string {
	if s.link == nil {
		return ""
	}
	return s.link.Scheme + "://" + s.link.Host
}

// NewImportSession prepares imports into the mailbox with the given id from
// [Mailbox.ExchangeID]. It changes nothing there.
// See https://learn.microsoft.com/en-us/graph/api/mailbox-createimportsession.
func (m Mailbox) NewImportSession(ctx context.Context, exchangeID string) (ImportSession, error) {
	k := write("createImportSession", m.payer, http.MethodPost, to("/admin/exchange/mailboxes", exchangeID, "createImportSession"), nil,
		http.StatusOK, http.StatusCreated)
	k.read = true // a session that nobody uses does nothing
	var got struct {
		URL     string `json:"importUrl"`
		Expires Time   `json:"expirationDateTime"`
	}
	if err := m.client.document(ctx, k, &got); err != nil {
		return ImportSession{}, err
	}
	link, err := url.Parse(got.URL)
	if err != nil || link.Host == "" || link.User != nil || !private(link) {
		return ImportSession{}, &Error{Operation: k.op, Status: http.StatusOK, read: true, final: true,
			Err: errors.New("the import URL is none that can be used: it must be https")}
	}
	return ImportSession{link, got.Expires.Time}, nil
}

// Import creates an item in a folder from the text of an [Export], which is streamed. If
// reading fails, no complete request reaches the server, and nothing is created; the
// error is then the one from reading. The request is sent only once, whatever happens.
// size is the approximate size of the item in bytes.
// See https://learn.microsoft.com/en-us/graph/import-exchange-mailbox-item.
func (m Mailbox) Import(ctx context.Context, s ImportSession, folder string, data io.Reader, size int64) (itemID string, err error) {
	source := &source{r: data}
	k := call{
		op: "import item", payer: m.payer, method: http.MethodPost, link: s.link, elsewhere: true,
		content: io.MultiReader(strings.NewReader(`{"FolderId":`+literal(folder)+`,"Mode":"create","Data":"`), source, strings.NewReader(`"}`)),
		size:    size / 3 * 4, // in base64
		want:    []int{http.StatusOK, http.StatusCreated},
	}
	if folder == "" || s.link == nil {
		return "", &Error{Operation: k.op, Err: errNoID, unsent: true, final: true}
	}
	var got struct {
		ID string `json:"itemId"`
	}
	err = m.client.document(ctx, k, &got)
	if failed := source.failure(); failed != nil {
		return "", &SourceError{failed}
	}
	if err == nil && got.ID == "" {
		err = &Error{Operation: k.op, Status: http.StatusOK, imported: true, Err: errors.New("the answer names no item")}
	}
	return got.ID, err
}

// literal returns a text as a JSON string.
func literal(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}

// SessionOver reports whether an import was refused because its session has ended or
// belongs to another mailbox: nothing was created, and a new session may help.
func SessionOver(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.imported && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// source is streamed into an import. A transport may still read it after the call has
// ended.
type source struct {
	r io.Reader

	mu     sync.Mutex
	failed error
}

// Read reads, and records why reading failed.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.mu.Lock()
		s.failed = err
		s.mu.Unlock()
	}
	return n, err
}

func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// SourceError is the error of an import whose source could not be read to its end.
type SourceError struct{ Err error }

// Error returns the reason.
func (e *SourceError) Error() string {
	return "the item could not be read to its end, so no copy was made: " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *SourceError) Unwrap() error { return e.Err }

// NotExecuted reports that nothing was created: the server discards a request that is cut
// off.
func (*SourceError) NotExecuted() bool { return true }
