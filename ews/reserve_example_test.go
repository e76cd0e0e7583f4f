package ews_test

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// oneAtATime is a program's own limiter, with one permission. It has no Reserve method.
type oneAtATime chan struct{}

func (l oneAtATime) Acquire(ctx context.Context, payer string) (func(bool, time.Duration), error) {
	select {
	case l <- struct{}{}:
		return func(throttled bool, backOff time.Duration) { <-l }, nil // a real one waits longer after throttled
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// An export that is streamed into an upload is two calls in flight. With Reserve, a
// limiter cannot keep the second from joining the first.
func ExampleClient_Reserve() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	it := srv.Mailbox("alice@example.test").Deliver([]byte("Subject: You have won\r\n\r\nClick here.\r\n"))
	srv.Mailbox("quarantine@example.test")
	client := srv.Client("svc", &ews.Options{Limiter: make(oneAtATime, 1), Payer: "svc"})
	from, to := client.Impersonating("alice@example.test"), client.Impersonating("quarantine@example.test")
	inbox, err := to.GetFolder(context.Background(), ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}}})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, done, err := from.Reserve(context.Background(), to)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer done()
	exports, err := from.ExportItems(ctx, []ews.ItemID{it.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer exports.Close()
	exports.Next()
	uploaded, err := to.UploadItems(ctx, []ews.UploadItem{{Parent: ews.FolderID{ID: inbox[0].Value.ID.ID}, Data: ews.Content{
		Size: -1, Base64: true, Open: func() (io.ReadCloser, error) { return io.NopCloser(exports.Reader()), nil },
	}}})
	fmt.Println(len(uploaded), err)
	// Output:
	// 1 <nil>
}
