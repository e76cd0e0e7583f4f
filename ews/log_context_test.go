package ews_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

type callerKey struct{}

// callerHandler counts the records that come with the caller's context, which a handler
// that adds trace ids needs.
type callerHandler struct{ with, without atomic.Int32 }

func (h *callerHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *callerHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h *callerHandler) WithGroup(string) slog.Handler            { return h }

func (h *callerHandler) Handle(ctx context.Context, _ slog.Record) error {
	if ctx.Value(callerKey{}) == nil {
		h.without.Add(1)
	} else {
		h.with.Add(1)
	}
	return nil
}

func TestRecordsHaveTheContextOfTheCall(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test")
	h := &callerHandler{}
	client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc"), Logger: slog.New(h)})
	require.NoError(t, err)
	ctx := context.WithValue(t.Context(), callerKey{}, true)
	srv.FailNext(ews.OpGetItem, ewstest.FaultCode("ErrorAccessDenied"))
	_, err = client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: "AAA="}}})
	require.Error(t, err)
	assert.EqualValues(t, 2, h.with.Load(), "the refusal and the call")
	assert.Zero(t, h.without.Load())
}
