// Command graphsdk uses Microsoft's SDK for Go to judge examples/exchange -api graph: it
// creates messages, filters, pages, gets MIME, patches, moves, removes and asks for
// changes. Version 1.89 of the SDK does not support export and import. The argument is
// the first line that exchange prints. It is a separate module, and takes half an hour to
// build on a busy machine.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

type bearer string

func (b bearer) AuthenticateRequest(_ context.Context, r *abstractions.RequestInformation, _ map[string]any) error {
	r.Headers.Add("Authorization", "Bearer "+string(b))
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Printf("FAILED %T %v\n", err, err)
		os.Exit(1)
	}
	return v
}

func ptr[T any](v T) *T { return &v }

func main() {
	var place struct{ URL, Token string }
	if len(os.Args) != 2 || json.Unmarshal([]byte(os.Args[1]), &place) != nil || place.URL == "" {
		fmt.Fprintln(os.Stderr, "usage: graphsdk LINE, with the first line that examples/exchange -api graph prints")
		os.Exit(2)
	}
	ctx := context.Background()
	adapter := must(msgraph.NewGraphRequestAdapter(bearer(place.Token)))
	adapter.SetBaseUrl(place.URL + "/v1.0")
	client := msgraph.NewGraphServiceClient(adapter)
	alice := client.Users().ByUserId("alice@example.test")

	for i := range 12 {
		m := models.NewMessage()
		m.SetSubject(ptr(fmt.Sprintf("it's+%d", i)))
		m.SetInternetMessageId(ptr(fmt.Sprintf("<it's+%d@evil.example>", i)))
		body := models.NewItemBody()
		body.SetContent(ptr("hello"))
		body.SetContentType(ptr(models.TEXT_BODYTYPE))
		m.SetBody(body)
		made := must(alice.MailFolders().ByMailFolderId("inbox").Messages().Post(ctx, m, nil))
		if made.GetId() == nil {
			panic("no id")
		}
	}
	fmt.Println("ok make from JSON")

	found := must(alice.Messages().Get(ctx, &users.ItemMessagesRequestBuilderGetRequestConfiguration{QueryParameters: &users.ItemMessagesRequestBuilderGetQueryParameters{
		Filter: ptr("internetMessageId eq '<it''s+3@evil.example>'"), Select: []string{"id", "subject"},
	}}))
	if len(found.GetValue()) != 1 || *found.GetValue()[0].GetSubject() != "it's+3" {
		panic(fmt.Sprint("filter ", len(found.GetValue())))
	}
	id := *found.GetValue()[0].GetId()
	fmt.Println("ok filter")

	first := must(alice.Messages().Get(ctx, &users.ItemMessagesRequestBuilderGetRequestConfiguration{QueryParameters: &users.ItemMessagesRequestBuilderGetQueryParameters{
		Top: ptr(int32(5)), Select: []string{"subject"}, Count: ptr(true),
	}}))
	pages := must(core.NewPageIterator[models.Messageable](first, adapter, models.CreateMessageCollectionResponseFromDiscriminatorValue))
	n := 0
	if err := pages.Iterate(ctx, func(models.Messageable) bool { n++; return true }); err != nil {
		must(0, err)
	}
	if n != 12 {
		panic(fmt.Sprint("pages: ", n))
	}
	fmt.Println("ok page")

	mime := must(alice.Messages().ByMessageId(id).Content().Get(ctx, nil))
	if !strings.Contains(string(mime), "hello") {
		panic("MIME")
	}
	fmt.Println("ok MIME")

	const stamp = "String {7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2} Name QuarantineOperation"
	change := models.NewMessage()
	change.SetIsRead(ptr(true))
	change.SetCategories([]string{"red"})
	p := models.NewSingleValueLegacyExtendedProperty()
	p.SetId(ptr(stamp))
	p.SetValue(ptr("op"))
	change.SetSingleValueExtendedProperties([]models.SingleValueLegacyExtendedPropertyable{p})
	must(alice.Messages().ByMessageId(id).Patch(ctx, change, nil))
	got := must(alice.Messages().ByMessageId(id).Get(ctx, &users.ItemMessagesMessageItemRequestBuilderGetRequestConfiguration{QueryParameters: &users.ItemMessagesMessageItemRequestBuilderGetQueryParameters{
		Expand: []string{"singleValueExtendedProperties($filter=id eq '" + stamp + "')"},
	}}))
	if v := got.GetSingleValueExtendedProperties(); len(v) != 1 || *v[0].GetValue() != "op" || len(got.GetCategories()) != 1 {
		panic("patch")
	}
	fmt.Println("ok patch and extended properties")

	folder := models.NewMailFolder()
	folder.SetDisplayName(ptr("Quarantine"))
	folder.SetIsHidden(ptr(true))
	home := must(alice.MailFolders().Post(ctx, folder, nil))
	move := users.NewItemMessagesItemMovePostRequestBody()
	move.SetDestinationId(home.GetId())
	moved := must(alice.Messages().ByMessageId(id).Move().Post(ctx, move, nil))
	if _, err := alice.Messages().ByMessageId(id).Get(ctx, nil); err == nil {
		panic("the old id is still good")
	} else {
		fmt.Printf("ok folders and move (then: %v)\n", err)
	}
	id = *moved.GetId()

	list := must(alice.MailFolders().Get(ctx, &users.ItemMailFoldersRequestBuilderGetRequestConfiguration{QueryParameters: &users.ItemMailFoldersRequestBuilderGetQueryParameters{
		IncludeHiddenFolders: ptr("true"), Top: ptr(int32(100)),
	}}))
	fmt.Println("ok list folders:", len(list.GetValue()))
	if err := alice.Messages().ByMessageId(id).PermanentDelete().Post(ctx, nil); err != nil {
		must(0, err)
	}
	fmt.Println("ok permanentDelete")
	delta := must(alice.MailFolders().ByMailFolderId("inbox").Messages().Delta().GetAsDeltaGetResponse(ctx, nil))
	fmt.Println("ok delta:", len(delta.GetValue()), delta.GetOdataNextLink() != nil, delta.GetOdataDeltaLink() != nil)
}
