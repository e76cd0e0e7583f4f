package ewstest_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzRequest sends arbitrary bytes as a request: the server must answer and keep
// running.
func FuzzRequest(f *testing.F) {
	const id = `<t:ItemId Id="ITEM"/>`
	for _, op := range []string{
		getItemXML(full, id), moveXML(folderOf("inbox", quar), id), deleteXML("HardDelete", "", id),
		findXML(folderOf("inbox", alice), byMessageID("&lt;1@evil.example&gt;")),
		findXML(folderOf("inbox", alice), `<m:IndexedPageItemView MaxEntriesReturned="2" Offset="-1" BasePoint="End"/>`),
		findFolderXML("Deep", folderOf("root", alice), ""), exportXML(id),
		updateXML("AlwaysOverwrite", "", id, setField("item:Subject", `<t:Subject>x</t:Subject>`)),
		createXML(saveOnly, folderOf("inbox", alice), `<t:Message>`+mimeOf(plain)+`</t:Message>`),
		createFolderXML(folderOf("inbox", alice), `<t:Folder><t:DisplayName>x</t:DisplayName></t:Folder>`),
		createXML(`MessageDisposition="SendAndSaveCopy"`, "", lettersTo(`<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested><t:IsDeliveryReceiptRequested>true</t:IsDeliveryReceiptRequested>`, "svc@example.test", "nobody@example.test", "all-staff@example.test")),
		createXML(`MessageDisposition="SendOnly"`, "", `<t:Message>`+mimeOf(strings.ReplaceAll(withAttachment, "eve@evil.example", "svc@example.test"))+`</t:Message>`),
		createXML(saveOnly, "", `<t:ForwardItem><t:ToRecipients>`+mailboxXML+`</t:ToRecipients><t:ReferenceItemId Id="ITEM" ChangeKey="KEY"/><t:NewBodyContent BodyType="HTML">x</t:NewBodyContent></t:ForwardItem>`),
		createXML(`MessageDisposition="SendOnly"`, "", `<t:ReplyAllToItem><t:ReferenceItemId Id="ITEM" ChangeKey="KEY"/><t:NewBodyContent BodyType="Text">x</t:NewBodyContent></t:ReplyAllToItem>`),
		sendXML("true", "", `<t:ItemId Id="ITEM" ChangeKey="KEY"/>`), markJunkXML("true", "true", id), markAllXML("true", "false", folderOf("inbox", alice)),
		carryFolderXML("CopyFolder", folderOf("drafts", alice), folderOf("inbox", alice)),
		searchFolderXML(folderOf("searchfolders", alice), searchXML(` Traversal="Deep"`, "a", folderOf("inbox", alice))),
		updateFolderXML(folderOf("inbox", alice), setFolder("folder:PermissionSet", `<t:PermissionSet><t:Permissions><t:Permission><t:UserId>`+bobUser+`</t:UserId>`+level("Editor")+`</t:Permission></t:Permissions></t:PermissionSet>`)),
		`<m:ExpandDL><m:Mailbox><t:EmailAddress>all-staff@example.test</t:EmailAddress></m:Mailbox></m:ExpandDL>`,
		`<m:ResolveNames ReturnFullContactData="true"><m:UnresolvedEntry>a</m:UnresolvedEntry></m:ResolveNames>`,
		`<m:ConvertId DestinationFormat="OwaId"><m:SourceIds><t:AlternateId Format="EwsId" Id="ITEM" Mailbox="alice@example.test"/></m:SourceIds></m:ConvertId>`,
		findXML(folderOf("inbox", alice), `<m:FractionalPageItemView Numerator="1" Denominator="2"/><m:GroupBy Order="Ascending"><t:FieldURI FieldURI="item:Categories"/><t:AggregateOn Aggregate="Minimum"><t:FieldURI FieldURI="item:Size"/></t:AggregateOn></m:GroupBy>`),
		findXML(folderOf("calendar", alice), `<m:CalendarView StartDate="2026-01-01T00:00:00Z" EndDate="2026-02-01T00:00:00Z"/>`),
		findXML(folderOf("contacts", alice), `<m:ContactsView InitialName="a" FinalName="b"/>`),
		zonesXML(` ReturnFullTimeZoneData="true"`, "UTC"), streamXML(1, "ITEM"),
		findConversationXML(`<m:IndexedPageItemView MaxEntriesReturned="2" Offset="0" BasePoint="End"/>`, folderOf("inbox", alice), `<m:QueryString>a</m:QueryString>`),
		conversationItemsXML(`<m:SortOrder>TreeOrderDescending</m:SortOrder>`, "ITEM"), actXML(`<t:Action>Delete</t:Action>`, "ITEM", `<t:DeleteType>HardDelete</t:DeleteType>`),
		createXML("", folderOf("contacts", alice), contactXML(`<t:GivenName>a</t:GivenName>`, "a@b.example")), resolveXML(`ReturnFullContactData="true"`, folderOf("contacts", alice), "a"),
	} {
		f.Add([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + op + `</s:Body></s:Envelope>`))
	}
	f.Add([]byte(""))
	f.Add([]byte("<"))
	f.Add([]byte(wideText("\ufeff"+envelope(inboxXML(alice)), false)))
	f.Fuzz(func(t *testing.T, body []byte) {
		srv := ewstest.NewServer(nil)
		m := srv.Mailbox(alice).Deliver([]byte(withAttachment))
		body = bytes.ReplaceAll(body, []byte("ITEM"), []byte(m.ID.ID))
		body = bytes.ReplaceAll(body, []byte("KEY"), []byte(m.ID.ChangeKey))
		req := posted(t.Context(), t, srv.DirectURL(), bytes.NewReader(body))
		res, err := srv.As(srv.Direct(), "svc").RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 && res.StatusCode != 500 || !strings.HasSuffix(string(answer), "Envelope>") {
			t.Errorf("status %d, error %v, answer %q", res.StatusCode, err, answer)
		}
	})
}
