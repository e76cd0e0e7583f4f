package ews_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// doorkeeper lets requests through or refuses them.
type doorkeeper struct {
	asked   *[]ews.Operation
	refusal error
}

func (doorkeeper) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context { return ctx }
func (doorkeeper) TraceCallEnd(context.Context, ews.CallEnd)                           {}
func (d doorkeeper) TraceCallSend(_ context.Context, c ews.CallStart) error {
	*d.asked = append(*d.asked, c.Operation)
	return d.refusal
}

// admission is a limiter that counts the permissions that have not been returned.
type admission struct{ out int }

func (a *admission) Acquire(context.Context, string) (func(bool, time.Duration), error) {
	a.out++
	return func(bool, time.Duration) { a.out-- }, nil
}

// A request that a gate refuses is not sent, and nothing is done; the limiter gets its
// permission back.
func TestGate(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte("Subject: Invoice\r\n\r\nText\r\n"))
	for _, url := range []string{srv.DirectURL(), srv.URL()} {
		limiter := &admission{}
		transport := srv.Direct()
		if url == srv.URL() {
			transport = &http.Transport{}
		}
		client, err := ews.NewClient(url, &ews.Options{Transport: srv.As(transport, "svc"), Limiter: limiter, Payer: "svc"})
		require.NoError(t, err)
		var asked []ews.Operation
		refusal := errors.New("given up")
		inbox := ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "alice@example.test"}
		open := client.Hooked(doorkeeper{&asked, nil}).ForMailbox("alice@example.test")
		found, err := open.FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox}, Shape: ews.ItemShape{}})
		require.NoError(t, err)
		assert.Equal(t, []ews.Operation{ews.OpFindItem}, asked)

		srv.ResetRequests()
		shut := client.Hooked(doorkeeper{&asked, refusal}).ForMailbox("alice@example.test")
		_, err = shut.DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{found[0].Value.Items[0].ID}, Type: ews.HardDelete})
		require.ErrorIs(t, err, refusal)
		assert.True(t, ews.NotExecuted(err))
		assert.False(t, ews.IsTransient(err))
		_, err = shut.FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox}})
		require.ErrorIs(t, err, refusal)
		assert.Equal(t, []ews.Operation{ews.OpFindItem, ews.OpDeleteItem, ews.OpFindItem}, asked, "and it is not tried again")
		for _, r := range srv.Requests() {
			assert.False(t, r.Acted)
		}
		assert.Zero(t, limiter.out)
		assert.Len(t, srv.Mailbox("alice@example.test").Messages(), 1)
	}
}
