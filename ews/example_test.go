package ews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// exampleServer answers like a small Exchange, so that the examples run.
func exampleServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		for op, messages := range map[ews.Operation]string{
			ews.OpFindItem: success(ews.OpFindItem, `<m:RootFolder TotalItemsInView="2" IncludesLastItemInRange="true"><t:Items>`+
				`<t:Message><t:ItemId Id="AAMk1"/><t:Subject>Invoice 1</t:Subject></t:Message>`+
				`<t:Message><t:ItemId Id="AAMk2"/><t:Subject>Invoice 2</t:Subject></t:Message></t:Items></m:RootFolder>`),
			ews.OpGetItem: success(ews.OpGetItem, `<m:Items><t:Message><t:ItemId Id="AAMk1"/><t:Subject>Invoice 1</t:Subject></t:Message></m:Items>`) +
				refusal(ews.OpGetItem, "ErrorItemNotFound"),
			ews.OpDeleteItem:  refusal(ews.OpDeleteItem, "ErrorServerBusy"),
			ews.OpExportItems: success(ews.OpExportItems, `<m:ItemId Id="AAMk1"/><m:Data>QWxsIHByb3BlcnRpZXM=</m:Data>`),
			ews.OpUploadItems: success(ews.OpUploadItems, `<m:ItemId Id="AAMkNew"/>`),
		} {
			if strings.Contains(string(body), "<m:"+string(op)) {
				io.WriteString(w, soap(response(op, messages)))
			}
		}
	}))
}

// A client works in a mailbox through a view: here as a delegate.
func Example() {
	srv := exampleServer()
	defer srv.Close()
	client, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", &ews.Options{Payer: "svc@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	alice := client.ForMailbox("alice@example.com")
	items := alice.FindItems(context.Background(), ews.FindItemRequest{
		Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "alice@example.com"}},
		Shape:   ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}},
		Restriction: ews.Compare{
			Op: ews.IsGreaterThan, Property: ews.FieldDateTimeReceived,
			Value: ews.FormatTime(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)),
		},
	})
	for item, err := range items {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %q\n", item.ID.ID, item.Subject)
	}
	fmt.Println("server", alice.Build())
	// Output:
	// AAMk1 "Invoice 1"
	// AAMk2 "Invoice 2"
	// server 15.1.2507.6
}

// A batch returns a result for each of its members.
func ExampleClient_GetItem() {
	srv := exampleServer()
	defer srv.Close()
	client, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := client.GetItem(context.Background(), ews.GetItemRequest{
		IDs:   []ews.ItemID{{ID: "AAMk1"}, {ID: "AAMkGone"}},
		Shape: ews.ItemShape{Base: ews.ShapeDefault},
	})
	if err != nil {
		fmt.Println(err) // the whole request failed
		return
	}
	for i, r := range results {
		switch {
		case errors.Is(r.Err, ews.ErrNotFound):
			fmt.Println(i, "is gone, has moved, or is not visible")
		case r.Err != nil:
			fmt.Println(i, r.Err)
		default:
			fmt.Println(i, r.Value.Subject)
		}
	}
	// Output:
	// 0 Invoice 1
	// 1 is gone, has moved, or is not visible
}

// An item is transferred from one mailbox to another without being held in
// memory: the base64 text of the export is passed on to the upload.
func ExampleClient_ExportItems() {
	srv := exampleServer()
	defer srv.Close()
	client, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	exports, err := client.Impersonating("alice@example.com").ExportItems(ctx, []ews.ItemID{{ID: "AAMk1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer exports.Close()
	for exports.Next() {
		if err := exports.ItemErr(); err != nil {
			fmt.Println(err)
			continue
		}
		results, err := client.Impersonating("quarantine@example.com").UploadItems(ctx, []ews.UploadItem{{
			Parent: ews.FolderID{ID: "AAMkFolder"},
			Data: ews.Content{
				Open:   func() (io.ReadCloser, error) { return io.NopCloser(exports.Reader()), nil },
				Size:   -1,
				Base64: true,
			},
		}})
		if err := errors.Join(err, results.Err()); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("the copy is", results[0].Value.ID)
	}
	if err := exports.Err(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// the copy is AAMkNew
}

// Functions report what an error means for the caller; do not examine its code or text.
func ExampleNotExecuted() {
	srv := exampleServer()
	defer srv.Close()
	client, err := ews.NewClient(srv.URL+"/EWS/Exchange.asmx", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := client.DeleteItem(context.Background(), ews.DeleteItemRequest{
		IDs: []ews.ItemID{{ID: "AAMk1"}}, Type: ews.HardDelete, RequireSuppression: true,
	})
	err = errors.Join(err, results.Err())
	fmt.Println("asked to slow down:", ews.IsThrottled(err))
	fmt.Println("certainly not deleted:", ews.NotExecuted(err))
	fmt.Println("check the state first:", ews.Ambiguous(err))
	// Output:
	// asked to slow down: true
	// certainly not deleted: true
	// check the state first: false
}
