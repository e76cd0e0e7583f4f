package graph_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
)

func TestErrorsInAllSpellings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status             int
		body               string
		code, inner, reqID string
		is                 error
	}{
		{404, `{"error":{"code":"ErrorItemNotFound","message":"m","innerError":{"request-id":"r","date":"d"}}}`, "ErrorItemNotFound", "", "request-1", graph.ErrGone},
		{404, `{"Error":{"Code":"","innererror":{"code":"a","innererror":{"code":"ErrorItemNotFound"}}}}`, "", "ErrorItemNotFound", "request-1", graph.ErrGone},
		{404, `{"error":{"code":"ResourceNotFound","message":{"value":"x"}}}`, "ResourceNotFound", "", "request-1", graph.ErrNoMailbox},
		{404, `<html>`, "", "", "request-1", nil},
		{412, `{"error":{"code":"ErrorIrresolvableConflict"}}`, "ErrorIrresolvableConflict", "", "request-1", graph.ErrConflict},
		{403, `{"error":{"code":"ErrorAccessDenied"}}`, "ErrorAccessDenied", "", "request-1", graph.ErrDenied},
		{401, `{"error":{"code":"InvalidAuthenticationToken"}}`, "InvalidAuthenticationToken", "", "request-1", graph.ErrSignIn},
		{400, `{"error":{"code":"x","message":3,"innerError":"text"}}`, "", "", "request-1", nil},
		{308, ``, "", "", "request-1", nil},
	} {
		s := script(answer(c.status, c.body))
		err := mailbox(t, s).PermanentDelete(t.Context(), "id")
		e, ok := errors.AsType[*graph.Error](err)
		require.True(t, ok, c.body)
		assert.Equal(t, []any{c.status, c.code, c.inner, c.reqID}, []any{e.Status, e.Code, e.Inner, e.RequestID}, c.body)
		assert.True(t, e.NotExecuted(), c.body)
		for _, group := range []error{graph.ErrGone, graph.ErrNoMailbox, graph.ErrConflict, graph.ErrDenied, graph.ErrSignIn, graph.ErrThrottled} {
			assert.Equal(t, group == c.is, errors.Is(err, group), "%s: %v", c.body, group)
		}
		assert.Len(t, s.asked, 1)
	}
}

func TestWritesWithAnUnknownOutcomeAreNotRepeated(t *testing.T) {
	t.Parallel()
	for what, a := range map[string]func(*http.Request) (*http.Response, error){
		"503 without a body": answer(503, ""),
		"503 with a hint":    answer(503, "", "Retry-After", "1"),
		"504":                answer(504, `{"error":{"code":"UnknownError"}}`),
		"500":                answer(500, `{"error":{"code":"ErrorInternalServerError"}}`),
		"302":                answer(302, "", "Location", "https://evil.example/"),
		"303":                answer(303, "", "Location", testRoot+"/done"),
		"cut":                breaks(io.ErrUnexpectedEOF),
		"not JSON":           answer(201, "<html>"),
		"another's":          answer(201, `{"id":"x"}`, "client-request-id", "another"),
	} {
		s := script(a, answer(201, `{"id":"twice"}`))
		_, err := mailbox(t, s).Move(t.Context(), "id", "folder")
		e, ok := errors.AsType[*graph.Error](err)
		require.True(t, ok, what)
		assert.False(t, e.NotExecuted(), what)
		assert.Len(t, s.asked, 1, what)

		s = script(a, answer(201, ``))
		err = mailbox(t, s).PermanentDelete(t.Context(), "id")
		if e, ok := errors.AsType[*graph.Error](err); assert.True(t, ok, what) {
			assert.False(t, e.NotExecuted(), what)
		}
		assert.Len(t, s.asked, 1, what)
	}
}

func TestWritesThatWereNotCarriedOutAreRepeated(t *testing.T) {
	t.Parallel()
	for what, a := range map[string]func(*http.Request) (*http.Response, error){
		"429":          answer(429, `{"error":{"code":"ApplicationThrottled"}}`, "Retry-After", "7"),
		"never dialed": breaks(&net.OpError{Op: "dial", Err: errors.New("refused")}),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := script(a, answer(201, `{"id":"new"}`))
			began := time.Now()
			got, err := mailbox(t, s).Move(t.Context(), "id", "folder")
			require.NoError(t, err, what)
			assert.Equal(t, "new", got.ID)
			if what == "429" {
				assert.Equal(t, 7*time.Second, time.Since(began))
			}
		})
	}
}

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script(answer(503, ""), answer(429, "{}"), breaks(io.ErrUnexpectedEOF), answer(200, `{"id":"id"}`))
		began := time.Now()
		got, err := mailbox(t, s).Message(t.Context(), "id", nil, nil)
		require.NoError(t, err)
		assert.Equal(t, "id", got.ID)
		assert.Greater(t, time.Since(began), 10*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		s := script(answer(503, ""), answer(503, ""), answer(503, ""), answer(503, ""), answer(503, ""))
		_, err := mailbox(t, s).Message(t.Context(), "id", nil, nil)
		require.Error(t, err)
		assert.Len(t, s.asked, graph.DefaultAttempts)
	})
	synctest.Test(t, func(t *testing.T) { // the item is to blame, not the server
		s := script(answer(500, ""), answer(500, ""), answer(500, ""))
		_, err := mailbox(t, s).Message(t.Context(), "id", nil, nil)
		require.Error(t, err)
		assert.Len(t, s.asked, 2)
	})
}

func TestNothingIsSentOnceTheContextHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s := script(answer(429, "{}", "Retry-After", "60"), answer(200, `{}`))
		_, err := mailbox(t, s).Message(ctx, "id", nil, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, s.asked, 1)
		err = mailbox(t, s).PermanentDelete(ctx, "id")
		e, _ := errors.AsType[*graph.Error](err)
		assert.True(t, e.NotExecuted())
		assert.Len(t, s.asked, 1)
	})
}

func TestSecretsStandInNoError(t *testing.T) {
	t.Parallel()
	const token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.c2VjcmV0c2VjcmV0"
	signIn := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+token)
			return next.RoundTrip(r)
		})
	}
	s := script(answer(403, `{"error":{"code":"ErrorAccessDenied","message":"the token `+token+` is bad"}}`))
	_, err := mailbox(t, s, func(o *graph.Options) { o.Transport = signIn(s) }).Message(t.Context(), "id", nil, nil)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), token)
	assert.Contains(t, err.Error(), "ErrorAccessDenied")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"http://graph.microsoft.com", "https://u:p@graph.microsoft.com", "graph.microsoft.com", "https://graph.microsoft.com/v1.0", "https://x?y", "::"} {
		_, err := graph.New(graph.Options{Root: root, Transport: script()})
		assert.Error(t, err, root)
	}
	_, err := graph.New(graph.Options{})
	assert.Error(t, err)
	c, err := graph.New(graph.Options{Transport: script()})
	require.NoError(t, err)
	assert.Equal(t, "graph.microsoft.com", c.Host())
}

// refusal is the error of a transport that could not sign in.
type refusal struct{}

func (refusal) Error() string      { return "the token was refused" }
func (refusal) Unauthorized() bool { return true }
func (refusal) NotExecuted() bool  { return true }

func TestTransportsThatSignInSayWhatTheyKnow(t *testing.T) {
	t.Parallel()
	s := script(breaks(refusal{}), answer(204, ""))
	err := mailbox(t, s).PermanentDelete(t.Context(), "id")
	require.ErrorIs(t, err, graph.ErrSignIn)
	e, _ := errors.AsType[*graph.Error](err)
	assert.True(t, e.NotExecuted())
	assert.False(t, e.Temporary())
	assert.Len(t, s.asked, 1)
}
