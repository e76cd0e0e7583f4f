package ews_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func fromFixture(t testing.TB, name string) *ews.Client {
	return newClient(t, serve(respond(200, fixture(t, name))), nil)
}

func TestGetItem(t *testing.T) {
	t.Parallel()
	results, err := fromFixture(t, "get_item.xml").GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{{ID: "a"}, {ID: "b"}, {ID: "c"}}})
	require.NoError(t, err)
	require.Len(t, results, 3)
	require.NoError(t, results[0].Err)
	at := func(h, m, s int) time.Time { return time.Date(2026, 11, 24, h, m, s, 0, time.UTC) }
	quick := ews.ExtendedField{GUID: "11111111-2222-3333-4444-555555555555", Name: "Operation", Type: ews.TypeString}
	list := ews.ExtendedField{Set: ews.SetPublicStrings, Name: "List", Type: ews.TypeStringArray}
	dispatch := ews.ExtendedField{Set: ews.SetCommon, ID: 0x8530, Type: ews.TypeSystemTime}
	it := results[0].Value
	assert.Equal(t, ews.Item{
		ID: ews.ItemID{ID: "AAMk=a", ChangeKey: "CQ=="}, ParentFolderID: ews.FolderID{ID: "AAMk=inbox", ChangeKey: "AQ=="},
		Kind: "Message", Class: "IPM.Note", Subject: "Rechnung \x1f\x00 & <mehr> \U0001F600", Sensitivity: "Normal",
		InternetMessageID: "<a@evil.test>", InReplyTo: "<b@evil.test>", Size: 4711, Importance: "High", Categories: []string{"red", "blue & green"},
		Received: at(10, 0, 1), Sent: at(9, 59, 58), Created: at(10, 0, 2), LastModified: at(11, 0, 0),
		IsRead: true, IsDraft: true, HasAttachments: true, ReadReceiptRequested: true,
		Flag:   ews.Flag{Status: "Flagged", Start: at(0, 0, 0), Due: at(12, 0, 0)},
		Sender: ews.Mailbox{Name: "Sender", EmailAddress: "s@evil.test", RoutingType: "SMTP", MailboxType: "OneOff"},
		From:   ews.Mailbox{Name: "From", EmailAddress: "f@evil.test", RoutingType: "SMTP"},
		To:     []ews.Mailbox{{Name: "Alice", EmailAddress: "alice@example.test", RoutingType: "SMTP"}, {Name: "Bob", EmailAddress: "/o=X/cn=bob", RoutingType: "EX"}},
		Cc:     []ews.Mailbox{{EmailAddress: "cc@example.test"}},
		Bcc:    []ews.Mailbox{{EmailAddress: "bcc@example.test"}},
		Attachments: []ews.Attachment{
			{ID: "att1", Name: "invoice.pdf", ContentType: "application/pdf", ContentID: "c1", Size: 1234, IsInline: true},
			{ID: "att2", Name: "forwarded", Size: 99, IsItem: true},
		},
		InternetHeaders: []ews.InternetHeader{{Name: "Received", Value: "from x by y"}, {Name: "X-Spam", Value: "yes"}},
		Extended: []ews.ExtendedProperty{
			{Field: ews.PidTagSearchKey, Value: "AQID"},
			{Field: quick, Value: "op-1"},
			{Field: list, Values: []string{"a", "b"}},
			{Field: dispatch, Value: "2026-11-24T12:00:00Z"},
		},
	}, it)
	p, has := it.Property(dispatch)
	assert.True(t, has)
	assert.Equal(t, "2026-11-24T12:00:00Z", p.Value)
	_, has = it.Property(ews.PidTagMessageFlags)
	assert.False(t, has)

	require.NoError(t, results[1].Err, "a neighbour of strange values is complete")
	assert.Equal(t, ews.Item{ID: ews.ItemID{ID: "AAMk=b"}, Kind: "MeetingRequest", Subject: "odd values"}, results[1].Value)
	e := results[2].Err
	assert.ErrorIs(t, e, ews.ErrNotFound)
	assert.Equal(t, ews.Item{}, results[2].Value)
}

func TestMoveAndCopyItem(t *testing.T) {
	t.Parallel()
	for _, op := range []ews.Operation{ews.OpMoveItem, ews.OpCopyItem} {
		srv := serve(ok(op,
			success(op, `<m:Items><t:Message><t:ItemId Id="new" ChangeKey="K"/></t:Message></m:Items>`),
			success(op, ``), success(op, `<m:Items/>`), refusal(op, "ErrorMoveCopyFailed")))
		c := newClient(t, srv, nil)
		ids := []ews.ItemID{{ID: "0"}, {ID: "1"}, {ID: "2"}, {ID: "3"}}
		var results ews.Results[ews.ItemID]
		var err error
		if op == ews.OpMoveItem {
			results, err = c.MoveItem(t.Context(), ews.MoveItemRequest{IDs: ids, To: inbox()})
		} else {
			results, err = c.CopyItem(t.Context(), ews.CopyItemRequest{IDs: ids, To: inbox()})
		}
		require.NoError(t, err)
		assert.Equal(t, ews.Result[ews.ItemID]{Value: ews.ItemID{ID: "new", ChangeKey: "K"}}, results[0])
		assert.Equal(t, ews.Result[ews.ItemID]{}, results[1], "into another mailbox: done, without an id")
		assert.Equal(t, ews.Result[ews.ItemID]{}, results[2])
		assert.True(t, ews.Ambiguous(results[3].Err))
	}
}

func TestCreateFolder(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpCreateFolder,
		success(ews.OpCreateFolder, `<m:Folders><t:Folder><t:FolderId Id="new" ChangeKey="K"/></t:Folder></m:Folders>`),
		refusal(ews.OpCreateFolder, "ErrorFolderExists"), success(ews.OpCreateFolder, ``)))
	results, err := newClient(t, srv, nil).CreateFolder(t.Context(), ews.CreateFolderRequest{
		Parent: inbox(), Folders: []ews.FolderSpec{{DisplayName: "a"}, {DisplayName: "b"}, {DisplayName: "c"}},
	})
	require.NoError(t, err)
	assert.Equal(t, ews.FolderID{ID: "new", ChangeKey: "K"}, results[0].Value)
	assert.ErrorContains(t, results[1].Err, "ErrorFolderExists")
	assert.Equal(t, ews.ClassNothingToDo, ews.Class("ErrorFolderExists"))
	assert.ErrorContains(t, results[2].Err, "without the id")
}

func TestCreateItem(t *testing.T) {
	t.Parallel()
	req := ews.CreateItemRequest{Folder: inbox(), MIME: ews.BytesContent([]byte("x"))}
	id, err := newClient(t, serve(ok(ews.OpCreateItem, created)), nil).CreateItem(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, ews.ItemID{ID: "new", ChangeKey: "K"}, id)
	_, err = newClient(t, serve(ok(ews.OpCreateItem, refusal(ews.OpCreateItem, "ErrorQuotaExceeded"))), nil).CreateItem(t.Context(), req)
	assert.ErrorIs(t, err, ews.ErrQuota)
	id, err = newClient(t, serve(ok(ews.OpCreateItem, success(ews.OpCreateItem, "<m:Items/>"))), nil).CreateItem(t.Context(), req)
	require.NoError(t, err, "success without an id is success")
	assert.Zero(t, id)
	_, err = newClient(t, serve(ok(ews.OpCreateItem)), nil).CreateItem(t.Context(), req)
	assert.ErrorIs(t, err, ews.ErrNotProcessed)
	assert.True(t, ews.Ambiguous(err))
}

func TestCreateItems(t *testing.T) {
	t.Parallel()
	body := func(text string) ews.CreateItemRequest {
		return ews.CreateItemRequest{MIME: ews.BytesContent([]byte(text))}
	}
	srv := serve(ok(ews.OpCreateItem, created, refusal(ews.OpCreateItem, "ErrorMimeContentInvalid"), success(ews.OpCreateItem, "<m:Items/>")))
	results, err := newClient(t, srv, nil).CreateItems(t.Context(), inbox(), []ews.CreateItemRequest{body("first"), body("second"), body("third")})
	require.NoError(t, err)
	assert.Equal(t, ews.Result[ews.ItemID]{Value: ews.ItemID{ID: "new", ChangeKey: "K"}}, results[0])
	assert.Equal(t, ews.ResponseCode("ErrorMimeContentInvalid"), results[1].Err.(*ews.ResponseError).Code)
	assert.Equal(t, ews.Result[ews.ItemID]{}, results[2], "success without an id is success")
	sent := srv.seen()[0].body
	for _, text := range []string{"first", "second", "third"} {
		assert.Contains(t, sent, ">"+base64.StdEncoding.EncodeToString([]byte(text))+"<")
	}
	assert.Equal(t, 1, strings.Count(sent, `MessageDisposition="SaveOnly"`))

	// Fewer answers than items: which of them were created is unknown.
	results, err = newClient(t, serve(ok(ews.OpCreateItem, created)), nil).CreateItems(t.Context(), inbox(), []ews.CreateItemRequest{body("x"), body("y")})
	require.NoError(t, err)
	for _, r := range results {
		assert.ErrorIs(t, r.Err, ews.ErrNotProcessed)
		assert.True(t, ews.Ambiguous(r.Err))
	}
}

func TestUpdateItem(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpUpdateItem,
		success(ews.OpUpdateItem, `<m:Items><t:Message><t:ItemId Id="I" ChangeKey="newer"/></t:Message></m:Items><m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>`),
		refusal(ews.OpUpdateItem, "ErrorIrresolvableConflict")))
	change := ews.ItemChange{ID: ews.ItemID{ID: "I", ChangeKey: "K"}, Changes: []ews.Change{ews.SetField{Property: stampField, Value: "x"}}}
	results, err := newClient(t, srv, nil).UpdateItem(t.Context(), ews.UpdateItemRequest{Items: []ews.ItemChange{change, change}})
	require.NoError(t, err)
	assert.Equal(t, "newer", results[0].Value.ChangeKey)
	e := results[1].Err
	assert.True(t, ews.NotExecuted(e))
	assert.Equal(t, ews.ClassRefresh, ews.Class("ErrorIrresolvableConflict"))
}

func TestUploadItems(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpUploadItems,
		success(ews.OpUploadItems, `<m:ItemId Id="new" ChangeKey="K"/>`), refusal(ews.OpUploadItems, "ErrorCorruptData")))
	item := ews.UploadItem{Parent: ews.FolderID{ID: "F"}, Data: ews.BytesContent([]byte("x"))}
	results, err := newClient(t, srv, nil).UploadItems(t.Context(), []ews.UploadItem{item, item})
	require.NoError(t, err)
	assert.Equal(t, ews.ItemID{ID: "new", ChangeKey: "K"}, results[0].Value)
	assert.Error(t, results[1].Err)
}

func TestSuppressReadReceipt(t *testing.T) {
	t.Parallel()
	id := ews.ItemID{ID: "I", ChangeKey: "K"}
	for message, want := range map[string]bool{
		success(ews.OpCreateItem, `<m:Items/>`):                 true,
		refusal(ews.OpCreateItem, "ErrorReadReceiptNotPending"): true,
		refusal(ews.OpCreateItem, "ErrorInvalidReferenceItem"):  true,
		refusal(ews.OpCreateItem, "ErrorItemNotFound"):          false,
	} {
		err := newClient(t, serve(ok(ews.OpCreateItem, message)), nil).SuppressReadReceipt(t.Context(), id)
		assert.Equal(t, want, err == nil, "%v", err)
	}
}

func TestExpandDL(t *testing.T) {
	t.Parallel()
	dl, err := fromFixture(t, "expand_dl.xml").ExpandDL(t.Context(), ews.Mailbox{EmailAddress: "all@example.test"})
	require.NoError(t, err)
	assert.Equal(t, &ews.DistributionList{Complete: true, Members: []ews.Mailbox{
		{Name: "Alice", EmailAddress: "alice@example.test", RoutingType: "SMTP", MailboxType: "Mailbox"},
		{Name: "Staff", EmailAddress: "staff@example.test", RoutingType: "SMTP", MailboxType: "PublicDL"},
		{Name: "Private", RoutingType: "MAPIPDL", MailboxType: "PrivateDL", ItemID: ews.ItemID{ID: "P", ChangeKey: "K"}},
	}}, dl)
	_, err = newClient(t, serve(ok(ews.OpExpandDL, refusal(ews.OpExpandDL, "ErrorNameResolutionNoResults"))), nil).ExpandDL(t.Context(), ews.Mailbox{EmailAddress: "x"})
	assert.ErrorIs(t, err, ews.ErrNotFound)
	_, err = newClient(t, serve(ok(ews.OpExpandDL, success(ews.OpExpandDL, ""))), nil).ExpandDL(t.Context(), ews.Mailbox{EmailAddress: "x"})
	assert.ErrorContains(t, err, "without an expansion")
}

func TestResolveNames(t *testing.T) {
	t.Parallel()
	found, err := fromFixture(t, "resolve_names.xml").ResolveNames(t.Context(), ews.ResolveNamesRequest{Name: "al"})
	require.NoError(t, err, "more than one is a warning, not an error")
	assert.Equal(t, &ews.Resolutions{Complete: false, Candidates: []ews.Resolution{
		{Mailbox: ews.Mailbox{Name: "Alice", EmailAddress: "alice@example.test", RoutingType: "SMTP", MailboxType: "Mailbox"}, DisplayName: "Alice A.", Addresses: []string{"SMTP:alice@example.test", "smtp:a@example.test"}},
		{Mailbox: ews.Mailbox{Name: "Albert", EmailAddress: "albert@example.test", RoutingType: "SMTP", MailboxType: "Mailbox"}},
	}}, found)
	_, err = newClient(t, serve(ok(ews.OpResolveNames, refusal(ews.OpResolveNames, "ErrorNameResolutionNoResults"))), nil).ResolveNames(t.Context(), ews.ResolveNamesRequest{Name: "x"})
	assert.ErrorIs(t, err, ews.ErrNotFound)
	_, err = newClient(t, serve(ok(ews.OpResolveNames, success(ews.OpResolveNames, ""))), nil).ResolveNames(t.Context(), ews.ResolveNamesRequest{Name: "x"})
	assert.ErrorContains(t, err, "without resolutions")
}

func TestConvertID(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpConvertID,
		success(ews.OpConvertID, `<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" Format="HexEntryId" Id="00FF" Mailbox="alice@example.test" IsArchive="true"/>`),
		refusal(ews.OpConvertID, "ErrorInvalidIdMalformed"), success(ews.OpConvertID, ``)))
	id := ews.AlternateID{Format: ews.FormatEWSID, ID: "AAMk=", Mailbox: "alice@example.test"}
	results, err := newClient(t, srv, nil).ConvertID(t.Context(), ews.ConvertIDRequest{IDs: []ews.AlternateID{id, id, id}, To: ews.FormatHexEntryID})
	require.NoError(t, err)
	assert.Equal(t, ews.AlternateID{Format: ews.FormatHexEntryID, ID: "00FF", Mailbox: "alice@example.test", IsArchive: true}, results[0].Value)
	assert.Error(t, results[1].Err)
	assert.ErrorContains(t, results[2].Err, "without an id")
}

// TestForbiddenCharactersInAPage: one bad subject fails neither the page nor its
// neighbours (&#x1F; from real servers, and a raw control byte).
func TestForbiddenCharactersInAPage(t *testing.T) {
	t.Parallel()
	item := func(subject string) string { return `<t:Message><t:Subject>` + subject + `</t:Subject></t:Message>` }
	srv := serve(ok(ews.OpFindItem, success(ews.OpFindItem, `<m:RootFolder TotalItemsInView="4" IncludesLastItemInRange="true"><t:Items>`+
		item("one")+item("a&#x1F;b&#x0;c")+item("d\x01e\x00f")+item("four")+`</t:Items></m:RootFolder>`)))
	results, err := newClient(t, srv, nil).FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}})
	require.NoError(t, err)
	var subjects []string
	for _, it := range results[0].Value.Items {
		subjects = append(subjects, it.Subject)
	}
	assert.Equal(t, []string{"one", "a\x1fb\x00c", "d\x01e\x00f", "four"}, subjects)
}
