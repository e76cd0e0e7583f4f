package ews_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestNewsWithExchange reads what is new in a mailbox of the Exchange for tests, which
// validates each request.
func TestNewsWithExchange(t *testing.T) {
	t.Parallel()
	for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2016, ewstest.ExchangeOnline} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(&ewstest.Options{Version: version})
			t.Cleanup(srv.Close)
			alice := srv.Client("svc", nil).Impersonating("alice@example.test")
			deliver := func(subject string) {
				srv.Mailbox("alice@example.test").Deliver([]byte("From: bob@example.test\r\nTo: alice@example.test\r\nSubject: " + subject + "\r\n\r\nbody\r\n"))
			}
			deliver("one")
			deliver("two")
			ctx := t.Context()
			shape := ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}}

			sync, err := alice.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{Folder: inbox(), Shape: shape, MaxChanges: 1})
			require.NoError(t, err)
			require.Len(t, sync.Changes, 1)
			assert.False(t, sync.Last)
			sync, err = alice.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{Folder: inbox(), Shape: shape, State: sync.State})
			require.NoError(t, err)
			require.Len(t, sync.Changes, 1)
			assert.True(t, sync.Last)
			first := sync.Changes[0].Item
			assert.Equal(t, ews.SyncCreate, sync.Changes[0].Kind)
			assert.Equal(t, "one", first.Subject)
			_, err = alice.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{Folder: inbox(), State: "AAAA"})
			assert.ErrorContains(t, err, "ErrorInvalidSyncStateData")

			hierarchy, err := alice.SyncFolderHierarchy(ctx, ews.SyncFolderHierarchyRequest{Shape: ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName}}})
			require.NoError(t, err)
			assert.NotEmpty(t, hierarchy.Changes)
			assert.NotEmpty(t, hierarchy.Changes[0].Folder.DisplayName)
			hierarchy, err = alice.SyncFolderHierarchy(ctx, ews.SyncFolderHierarchyRequest{State: hierarchy.State})
			require.NoError(t, err)
			assert.Empty(t, hierarchy.Changes)
			assert.True(t, hierarchy.Last)

			pull, err := alice.Subscribe(ctx, ews.SubscribeRequest{Folders: []ews.FolderRef{inbox()}, Events: []ews.EventKind{ews.EventNewMail, ews.EventMoved}})
			require.NoError(t, err)
			stream, err := alice.Subscribe(ctx, ews.SubscribeRequest{Folders: []ews.FolderRef{inbox()}, Events: []ews.EventKind{ews.EventNewMail}, Streaming: true})
			require.NoError(t, err)
			rung := 0
			for got, err := range alice.GetStreamingEvents(ctx, ews.StreamingEventsRequest{Subscriptions: []string{stream.ID}}) {
				if rung == 3 {
					require.Error(t, err) // it was the only one
					assert.ErrorContains(t, err, "ErrorSubscriptionUnsubscribed")
					rung++
					break
				}
				require.NoError(t, err)
				if len(got.Notifications) == 0 {
					deliver("three")
					continue
				}
				assert.Equal(t, stream.ID, got.Notifications[0].Subscription)
				assert.Equal(t, ews.EventNewMail, got.Notifications[0].Events[0].Kind)
				if rung++; rung < 3 {
					deliver("more")
				} else {
					// Another call while the connection is open.
					require.NoError(t, alice.Unsubscribe(ctx, stream.ID))
				}
			}
			assert.Equal(t, 4, rung)
			events, err := alice.GetEvents(ctx, pull.ID, pull.Watermark)
			require.NoError(t, err)
			require.Len(t, events.Events, 3)
			events, err = alice.GetEvents(ctx, pull.ID, events.Watermark)
			require.NoError(t, err)
			assert.Equal(t, ews.EventStatus, events.Events[0].Kind)
			require.NoError(t, alice.Unsubscribe(ctx, pull.ID))
			_, err = alice.GetEvents(ctx, pull.ID, events.Watermark)
			assert.ErrorContains(t, err, "ErrorSubscriptionNotFound")

			junk, err := alice.MarkAsJunk(ctx, ews.MarkAsJunkRequest{IDs: []ews.ItemID{first.ID}, Junk: true, Move: true})
			if version < ewstest.Exchange2013 {
				assert.ErrorIs(t, err, ews.ErrUnsupportedVersion)
				return
			}
			require.NoError(t, err)
			assert.False(t, junk[0].Value.IsZero())
		})
	}
}

// TestAttachments: a draft gets a file and a message, is sent, and is read by its
// recipient.
func TestAttachments(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	alice, bob := srv.Client("svc", nil).Impersonating("alice@example.test"), srv.Client("svc", nil).Impersonating("bob@example.test")
	srv.Mailbox("bob@example.test")
	ctx := t.Context()
	mime := "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: with attachments\r\n\r\nhello\r\n"
	id, err := alice.CreateItem(ctx, ews.CreateItemRequest{Folder: ews.DistinguishedFolder{Name: ews.FolderDrafts}, MIME: ews.BytesContent([]byte(mime))})
	require.NoError(t, err)
	big := strings.Repeat("0123456789abcdef", 10_000)
	file, err := alice.CreateAttachment(ctx, ews.CreateAttachmentRequest{Parent: id, Name: "big.bin", ContentType: "application/octet-stream", Content: ews.BytesContent([]byte(big))})
	require.NoError(t, err)
	message, err := alice.CreateAttachment(ctx, ews.CreateAttachmentRequest{Parent: file.Root, Name: "evil", Message: true, Content: ews.BytesContent([]byte("From: eve@evil.test\r\nMessage-ID: <1@evil.test>\r\nSubject: evil\r\n\r\nclick\r\n"))})
	require.NoError(t, err)
	_, err = alice.SendItem(ctx, ews.SendItemRequest{IDs: []ews.ItemID{id}, Save: true})
	require.NoError(t, err)
	sent, err := alice.SendItem(ctx, ews.SendItemRequest{IDs: []ews.ItemID{message.Root}, Save: true})
	require.NoError(t, err)
	if sent.Err() != nil { // the old change key was accepted
		t.Log(sent.Err())
	}

	var got ews.ItemID
	deadline := time.Now().Add(10 * time.Second)
	for got.IsZero() && time.Now().Before(deadline) {
		for it, err := range bob.FindItems(ctx, ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}}) {
			require.NoError(t, err)
			got = it.ID
		}
	}
	items, err := bob.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{got}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldAttachments}}})
	require.NoError(t, err)
	require.NoError(t, items.Err())
	attached := items[0].Value.Attachments
	require.Len(t, attached, 2)
	for _, a := range attached {
		content, err := bob.OpenAttachment(ctx, a.ID)
		require.NoError(t, err)
		b, err := io.ReadAll(content)
		require.NoError(t, err)
		require.NoError(t, content.Close())
		assert.Equal(t, a.IsItem, content.Attachment.IsItem)
		assert.Equal(t, a.Name, content.Attachment.Name)
		if a.IsItem {
			assert.Contains(t, string(b), "<1@evil.test>")
		} else {
			assert.Equal(t, big, string(b))
		}
	}
	_, err = bob.OpenAttachment(ctx, attached[0].ID+"x")
	assert.Error(t, err)
}
