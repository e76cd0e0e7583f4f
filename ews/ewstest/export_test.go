package ewstest_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func exportXML(ids ...string) string {
	return `<m:ExportItems><m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds></m:ExportItems>`
}

func uploadXML(action string, folder *ewstest.Folder, id, data string) string {
	return `<m:UploadItems><m:Items><t:Item CreateAction="` + action + `"><t:ParentFolderId Id="` + folder.ID().ID + `"/>` + id + `<t:Data>` + data + `</t:Data></t:Item></m:Items></m:UploadItems>`
}

const withAttachment = "From: eve@evil.example\r\nTo: alice@example.test\r\nSubject: =?utf-8?q?R=C3=A9sum=C3=A9?=\r\nMessage-ID: <3@evil.example>\r\nImportance: high\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x\r\nContent-Type: application/octet-stream; name=bad.exe\r\nContent-Disposition: attachment; filename=bad.exe\r\nContent-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--x--\r\n"

// same checks that two items agree in everything that a faithful copy keeps.
func same(t *testing.T, want, got *ewstest.Message) {
	t.Helper()
	strip := func(m *ewstest.Message) map[ews.ExtendedField]ews.ExtendedProperty {
		p := maps.Clone(m.Properties)
		for _, tag := range []uint16{0x3007, 0x3008} {
			delete(p, ews.ExtendedField{Tag: tag, Type: ews.TypeSystemTime})
		}
		return p
	}
	assert.Equal(t, strip(want), strip(got))
	assert.Equal(t, want.Attachments, got.Attachments)
	assert.Equal(t, want.Original, got.Original)
	assert.Equal(t, string(want.MIME), string(got.MIME))
	assert.Equal(t, want.Read, got.Read)
	assert.Equal(t, want.Size, got.Size)
}

func TestExportAndUploadKeepEverything(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).DeliverWith([]byte(withAttachment), ewstest.Delivery{
		Categories: []string{"A"}, Flag: ews.Flag{Status: "Flagged"}, Read: true,
		Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "Mark", Type: ews.TypeString}, Value: "\x1f x"}},
	})
	require.Len(t, m.Attachments, 1)
	assert.Equal(t, ews.Attachment{Name: "bad.exe", ContentType: "application/octet-stream", Size: 12}, m.Attachments[0])
	data := texts(c.impersonating(alice).do(exportXML(`<t:ItemId Id="`+m.ID.ID+`"/>`)), "Data")
	require.Len(t, data, 1)
	inbox := c.srv.Mailbox(quar).Folder(ews.FolderInbox)
	answer := c.impersonating(quar).do(uploadXML("CreateNew", inbox, "", data[0]))
	require.Equal(t, []string{"NoError"}, codes(answer))
	copied := inbox.Messages()
	require.Len(t, copied, 1)
	assert.Equal(t, []string{copied[0].ID.ID}, attrs(answer, "ItemId", "Id"))
	same(t, m, copied[0])
}

func TestExportWithWrongChangeKey(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	box.SetRead(m.ID, true)
	assert.Equal(t, []string{"ErrorInvalidChangeKey"}, codes(c.do(exportXML(itemID(m)))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(exportXML(itemID(box.Message(m.ID))))))
}

func TestUploadActions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	inbox, drafts := box.Folder(ews.FolderInbox), box.Folder(ews.FolderDrafts)
	m := box.Deliver([]byte(plain))
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	upload := func(action string, f *ewstest.Folder, id string) (code, newID string) {
		answer := c.do(uploadXML(action, f, id, data))
		return strings.Join(codes(answer), ","), strings.Join(attrs(answer, "ItemId", "Id"), ",")
	}
	code, id := upload("Update", inbox, itemID(m))
	assert.Equal(t, []string{"NoError", m.ID.ID}, []string{code, id})
	assert.Len(t, inbox.Messages(), 1)
	code, _ = upload("Update", drafts, itemID(m))
	assert.Equal(t, "ErrorItemNotFound", code)
	code, id = upload("UpdateOrCreate", drafts, itemID(m))
	assert.Equal(t, "NoError", code)
	assert.NotEqual(t, m.ID.ID, id)
	code, id = upload("CreateNew", inbox, "")
	assert.Equal(t, "NoError", code)
	assert.NotEqual(t, m.ID.ID, id)
	status, answer, err := c.try(uploadXML("Update", inbox, "", data))
	require.NoError(t, err)
	assert.Equal(t, 500, status)
	assert.Equal(t, []string{"ErrorInvalidRequest"}, codes(answer))
}

func TestUploadRefusals(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	inbox := box.Folder(ews.FolderInbox)
	m := box.Deliver([]byte(plain))
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	stream, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	for _, b := range [][]byte{nil, []byte("garbage"), stream[:len(stream)-1], append([]byte{}, append(stream, 0)...), append([]byte{'X'}, stream[1:]...)} {
		assert.Equal(t, []string{"ErrorCorruptData"}, codes(c.do(uploadXML("CreateNew", inbox, "", base64.StdEncoding.EncodeToString(b)))))
	}
	assert.Equal(t, []string{"ErrorAccessDenied"}, codes(c.do(uploadXML("CreateNew", box.Folder(ews.FolderRecoverableItemsPurges), "", data))))
	assert.Equal(t, []string{"ErrorFolderNotFound"}, codes(c.as("bob").do(uploadXML("CreateNew", inbox, "", data))))
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(c.impersonating(bob).do(uploadXML("CreateNew", inbox, "", data))))
	box.SetQuota(1)
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(uploadXML("CreateNew", inbox, "", data))))
	assert.Len(t, box.Messages(), 1)
}

func TestTruncatedExports(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	whole := c.do(exportXML(itemID(m)))
	c.srv.FailNext("", ewstest.TruncatedExport, ewstest.TruncatedExportEncoded, ewstest.TruncatedExportAfter)
	c.do(getItemXML(idOnly, itemID(m)))
	raw := c.do(exportXML(itemID(m)))
	assert.Contains(t, raw, "=== Truncated Data ===</m:Data>")
	encoded, err := base64.StdEncoding.DecodeString(texts(c.do(exportXML(itemID(m))), "Data")[0])
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(encoded), "=== Truncated Data ==="))
	assert.Equal(t, whole+"=== Truncated Data ===", c.do(exportXML(itemID(m))))
	assert.Equal(t, whole, c.do(exportXML(itemID(m))))
}
