package ews_test

import (
	"context"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// goldenNews are the requests that ask for news, and those that react to it.
func goldenNews() []goldenRequest {
	item := ews.ItemID{ID: "AAMk=item", ChangeKey: "CQAA"}
	folder := ews.FolderID{ID: "AAMk=folder", ChangeKey: "AQAA"}
	content := ews.BytesContent([]byte("Subject: x\r\n\r\nbody\r\n"))
	return []goldenRequest{
		{name: "sync_folder_items", view: "impersonating", call: func(ctx context.Context, c *ews.Client) {
			c.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{Folder: inbox()})
		}},
		{name: "sync_folder_items_options", call: func(ctx context.Context, c *ews.Client) {
			c.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{
				Folder: folder, State: "H4sI=", MaxChanges: 10, Associated: true,
				Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject, stampField}},
			})
		}},
		{name: "sync_folder_hierarchy", call: func(ctx context.Context, c *ews.Client) {
			c.SyncFolderHierarchy(ctx, ews.SyncFolderHierarchyRequest{})
		}},
		{name: "sync_folder_hierarchy_options", call: func(ctx context.Context, c *ews.Client) {
			c.SyncFolderHierarchy(ctx, ews.SyncFolderHierarchyRequest{
				Folder: ews.DistinguishedFolder{Name: ews.FolderMsgFolderRoot}, State: "H4sI=",
				Shape: ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName}},
			})
		}},
		{name: "get_attachment", call: func(ctx context.Context, c *ews.Client) { c.OpenAttachment(ctx, "AAMk=attachment") }},
		{name: "create_attachment", call: func(ctx context.Context, c *ews.Client) {
			c.CreateAttachment(ctx, ews.CreateAttachmentRequest{
				Parent: item, Name: "a & b.txt", ContentType: "text/plain", ContentID: "1@x", IsInline: true, Content: content,
			})
		}},
		{name: "create_attachment_message", call: func(ctx context.Context, c *ews.Client) {
			c.CreateAttachment(ctx, ews.CreateAttachmentRequest{Parent: item, Name: "the message", Message: true, Content: content})
		}},
		{name: "send_item", view: "impersonating", call: func(ctx context.Context, c *ews.Client) {
			c.SendItem(ctx, ews.SendItemRequest{IDs: []ews.ItemID{item}, Save: true})
		}},
		{name: "send_item_folder", view: "delegate", call: func(ctx context.Context, c *ews.Client) {
			c.SendItem(ctx, ews.SendItemRequest{IDs: []ews.ItemID{item}, Save: true, Folder: ews.DistinguishedFolder{Name: ews.FolderSentItems, Mailbox: "alice@example.test"}})
		}},
		{name: "subscribe_pull", call: func(ctx context.Context, c *ews.Client) {
			c.Subscribe(ctx, ews.SubscribeRequest{
				Folders: []ews.FolderRef{inbox(), folder}, Events: []ews.EventKind{ews.EventNewMail, ews.EventMoved},
				Timeout: 90 * time.Second, Watermark: "AQAA=",
			})
		}},
		{name: "subscribe_streaming", view: "impersonating", call: func(ctx context.Context, c *ews.Client) {
			c.Subscribe(ctx, ews.SubscribeRequest{AllFolders: true, Events: []ews.EventKind{ews.EventNewMail, ews.EventFreeBusyChanged}, Streaming: true})
		}},
		{name: "unsubscribe", call: func(ctx context.Context, c *ews.Client) { c.Unsubscribe(ctx, "S&1") }},
		{name: "get_events", call: func(ctx context.Context, c *ews.Client) { c.GetEvents(ctx, "S&1", "AQAA=") }},
		{name: "get_streaming_events", call: func(ctx context.Context, c *ews.Client) {
			for range c.GetStreamingEvents(ctx, ews.StreamingEventsRequest{Subscriptions: []string{"S1", "S2"}, Timeout: time.Minute}) {
			}
		}},
		{name: "mark_as_junk", call: func(ctx context.Context, c *ews.Client) {
			c.MarkAsJunk(ctx, ews.MarkAsJunkRequest{IDs: []ews.ItemID{item}, Junk: true, Move: true})
		}},
	}
}

// newsDecoders are calls that read the responses of these operations.
var newsDecoders = map[ews.Operation]func(ctx context.Context, c *ews.Client) error{
	ews.OpSyncFolderItems: func(ctx context.Context, c *ews.Client) error {
		_, err := c.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{Folder: inbox()})
		return err
	},
	ews.OpSyncFolderHierarchy: func(ctx context.Context, c *ews.Client) error {
		_, err := c.SyncFolderHierarchy(ctx, ews.SyncFolderHierarchyRequest{})
		return err
	},
	ews.OpGetAttachment: func(ctx context.Context, c *ews.Client) error {
		content, err := c.OpenAttachment(ctx, "A")
		if err != nil {
			return err
		}
		defer content.Close()
		_, err = io.Copy(io.Discard, content)
		return err
	},
	ews.OpCreateAttachment: func(ctx context.Context, c *ews.Client) error {
		_, err := c.CreateAttachment(ctx, ews.CreateAttachmentRequest{Parent: threeIDs[0], Name: "x", Content: ews.BytesContent([]byte("x"))})
		return err
	},
	ews.OpSendItem: func(ctx context.Context, c *ews.Client) error {
		r, err := c.SendItem(ctx, ews.SendItemRequest{IDs: []ews.ItemID{{ID: "I", ChangeKey: "C"}}, Save: true})
		return first(err, r.Err())
	},
	ews.OpSubscribe: func(ctx context.Context, c *ews.Client) error {
		_, err := c.Subscribe(ctx, ews.SubscribeRequest{AllFolders: true, Events: []ews.EventKind{ews.EventNewMail}, Streaming: true})
		return err
	},
	ews.OpUnsubscribe: func(ctx context.Context, c *ews.Client) error { return c.Unsubscribe(ctx, "S") },
	ews.OpGetEvents: func(ctx context.Context, c *ews.Client) error {
		_, err := c.GetEvents(ctx, "f6bc657d-dde1-4f94-952d-143b95d6483d", "W")
		return err
	},
	ews.OpGetStreamingEvents: func(ctx context.Context, c *ews.Client) error {
		for _, err := range c.GetStreamingEvents(ctx, ews.StreamingEventsRequest{Subscriptions: []string{"S"}}) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	ews.OpMarkAsJunk: func(ctx context.Context, c *ews.Client) error {
		r, err := c.MarkAsJunk(ctx, ews.MarkAsJunkRequest{IDs: threeIDs[:1]})
		return first(err, r.Err())
	},
}

func init() { maps.Copy(decoders, newsDecoders) }

func FuzzSync(f *testing.F) {
	f.Add([]byte(soap(response(ews.OpSyncFolderItems, success(ews.OpSyncFolderItems, `<m:SyncState>a</m:SyncState><m:Changes><t:Create><t:Message><t:ItemId Id="I"/></t:Message></t:Create><t:ReadFlagChange><t:ItemId Id="I"/><t:IsRead>true</t:IsRead></t:ReadFlagChange></m:Changes>`)))))
	fuzz(f, ews.OpSyncFolderItems, ews.OpSyncFolderHierarchy)
}

func FuzzAttachment(f *testing.F) { fuzz(f, ews.OpGetAttachment, ews.OpCreateAttachment) }

func FuzzNotifications(f *testing.F) {
	f.Add([]byte(streamed(openDocument, eventsDocument, closedDocument)))
	fuzz(f, ews.OpGetStreamingEvents, ews.OpGetEvents, ews.OpSubscribe)
}

// TestWrongNews: invalid requests are not sent, and the error names the field.
func TestWrongNews(t *testing.T) {
	t.Parallel()
	item := ews.ItemID{ID: "I", ChangeKey: "C"}
	content := ews.BytesContent([]byte("x"))
	subscription := func(req ews.SubscribeRequest) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error { _, err := c.Subscribe(ctx, req); return err }
	}
	streaming := func(req ews.StreamingEventsRequest) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) (err error) {
			for _, err = range c.GetStreamingEvents(ctx, req) {
			}
			return err
		}
	}
	attachment := func(req ews.CreateAttachmentRequest) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error { _, err := c.CreateAttachment(ctx, req); return err }
	}
	sending := func(req ews.SendItemRequest) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error { _, err := c.SendItem(ctx, req); return err }
	}
	news := []ews.EventKind{ews.EventNewMail}
	for says, call := range map[string]func(context.Context, *ews.Client) error{
		"SyncFolderItemsRequest.Folder": func(ctx context.Context, c *ews.Client) error {
			_, err := c.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{})
			return err
		},
		"SyncFolderItemsRequest.MaxChanges": func(ctx context.Context, c *ews.Client) error {
			_, err := c.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{Folder: inbox(), MaxChanges: 513})
			return err
		},
		"SyncFolderHierarchyRequest.Folder": func(ctx context.Context, c *ews.Client) error {
			_, err := c.SyncFolderHierarchy(ctx, ews.SyncFolderHierarchyRequest{Folder: ews.FolderID{}})
			return err
		},
		"OpenAttachment": func(ctx context.Context, c *ews.Client) error { _, err := c.OpenAttachment(ctx, ""); return err },
		"GetEvents argument watermark": func(ctx context.Context, c *ews.Client) error {
			_, err := c.GetEvents(ctx, "S", "")
			return err
		},
		"Unsubscribe": func(ctx context.Context, c *ews.Client) error { return c.Unsubscribe(ctx, "") },
		"MarkAsJunkRequest.IDs": func(ctx context.Context, c *ews.Client) error {
			_, err := c.MarkAsJunk(ctx, ews.MarkAsJunkRequest{})
			return err
		},
		"CreateAttachmentRequest.Parent":          attachment(ews.CreateAttachmentRequest{Name: "x", Content: content}),
		"CreateAttachmentRequest.Name":            attachment(ews.CreateAttachmentRequest{Parent: item, Content: content}),
		"CreateAttachmentRequest.Content":         attachment(ews.CreateAttachmentRequest{Parent: item, Name: "x"}),
		"CreateAttachmentRequest.Message":         attachment(ews.CreateAttachmentRequest{Parent: item, Name: "x", Message: true, IsInline: true, Content: content}),
		"SendItemRequest.IDs":                     sending(ews.SendItemRequest{}),
		"SendItemRequest.IDs[0].ChangeKey":        sending(ews.SendItemRequest{IDs: []ews.ItemID{{ID: "I"}}}),
		"SendItemRequest.Folder is set without":   sending(ews.SendItemRequest{IDs: []ews.ItemID{item}, Folder: inbox()}),
		"SubscribeRequest.Folders is empty":       subscription(ews.SubscribeRequest{Events: news}),
		"SubscribeRequest.Folders is set":         subscription(ews.SubscribeRequest{Events: news, AllFolders: true, Folders: []ews.FolderRef{inbox()}}),
		"SubscribeRequest.Events is empty":        subscription(ews.SubscribeRequest{AllFolders: true}),
		"SubscribeRequest.Events[0]":              subscription(ews.SubscribeRequest{AllFolders: true, Events: []ews.EventKind{ews.EventStatus}}),
		"SubscribeRequest.Timeout":                subscription(ews.SubscribeRequest{AllFolders: true, Events: news, Timeout: time.Second}),
		"SubscribeRequest.Streaming":              subscription(ews.SubscribeRequest{AllFolders: true, Events: news, Streaming: true, Watermark: "x"}),
		"StreamingEventsRequest.Subscriptions is": streaming(ews.StreamingEventsRequest{}),
		"StreamingEventsRequest.Subscriptions[0]": streaming(ews.StreamingEventsRequest{Subscriptions: []string{""}}),
		"at most 200":                             streaming(ews.StreamingEventsRequest{Subscriptions: make([]string, 201)}),
		"StreamingEventsRequest.Timeout":          streaming(ews.StreamingEventsRequest{Subscriptions: []string{"S"}, Timeout: time.Hour}),
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			srv := serve(respond(500, fault("ErrorSchemaValidation", "")))
			err := call(t.Context(), newClient(t, srv, nil))
			require.Error(t, err)
			assert.ErrorContains(t, err, says)
			assert.True(t, ews.NotSent(err))
			assert.Zero(t, srv.count())
		})
	}
}
