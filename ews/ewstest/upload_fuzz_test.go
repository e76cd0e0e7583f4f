package ewstest_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzUpload uploads an export with one more property, another slot and more header
// fields. The checksum is correct: the server must refuse the upload or end up with a
// proper item, whatever it is then asked about that item.
func FuzzUpload(f *testing.F) {
	f.Add(uint16(0x1080), "", "", "", uint32(0), "Integer", "1", false, 2, "2026-11-29T12:00:00Z", 3, []byte(nil))
	f.Add(uint16(0), "Task", "", "", uint32(0x8104), "SystemTime", "2026-11-29T12:00:00Z", false, 2, "", 9, []byte("From: a <b@c.example>\r\nX-A: \xff\r\n"))
	f.Add(uint16(0), "", "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", "a", uint32(0), "Binary", "AAAA", false, 1, "0001-01-01T00:00:00Z", 70000, []byte("Thread-Index: AQ==\r\n"))
	f.Add(uint16(0), "PublicStrings", "", "Keywords", uint32(0), "StringArray", "a", true, 0, "", 0, []byte("Date: 1\r\nImportance: x\r\nReferences: <a@b>\r\n"))
	f.Add(uint16(0x71), "", "", "", uint32(0), "Binary", "AQ==", false, 2, "", 3, []byte(nil))
	f.Add(uint16(0x3FF1), "", "", "", uint32(0), "Integer", "-1", false, 2, "", 3, []byte(nil))
	f.Add(uint16(0x1090), "", "", "", uint32(0), "Integer", "2", false, 2, "", 3, []byte(nil))
	f.Fuzz(func(t *testing.T, tag uint16, set, guid, name string, id uint32, kind, value string, several bool, number int, made string, numbered int, raw []byte) {
		srv := ewstest.NewServer(nil)
		c := &caller{t: t, srv: srv, user: "svc", version: "Exchange2016"}
		head, own := exported(t, c, withinMessage(t, c, srv.Mailbox(alice).Deliver([]byte(withAttachment))))
		property := map[string]any{"Field": map[string]any{"Tag": tag, "Set": set, "GUID": guid, "Name": name, "ID": id, "Type": kind}, "Value": value}
		if several {
			property["Value"], property["Values"] = "", []string{value, value}
		}
		// In place of the one with its name, which makes a difference only if their types
		// differ.
		head["Properties"] = append(slices.DeleteFunc(head["Properties"].([]any), func(p any) bool {
			f := p.(map[string]any)["Field"].(map[string]any)
			return f["Tag"] == float64(tag) && f["ID"] == float64(id) && f["Name"] == name
		}), property)
		slot := head["Slots"].([]any)[2].(map[string]any)
		slot["Number"] = number
		if made != "" {
			slot["Made"] = made
		}
		head["Numbered"] = numbered
		b, err := json.Marshal(head)
		require.NoError(t, err)
		drafts := srv.Mailbox(alice).Folder(ews.FolderDrafts)
		answer := c.do(uploadXML("CreateNew", drafts, "", forged(b, append(raw, own...))))
		if code := codes(answer); !slices.Equal(code, []string{"NoError"}) {
			require.Equal(t, []string{"ErrorCorruptData"}, code)
			return
		}
		item := `<t:ItemId Id="` + attrs(answer, "ItemId", "Id")[0] + `"/>`
		got := c.do(getItemXML(full, item))
		fine := func(op string) {
			for _, code := range codes(c.do(op)) {
				assert.Equal(t, "NoError", code, op)
			}
		}
		for _, id := range attrs(got, "AttachmentId", "Id") {
			fine(getAttachmentXML("", id))
		}
		folder := folderIDXML(drafts)
		fine(getItemXML(full, item))
		fine(exportXML(item))
		fine(findXML(folder, `<m:Restriction><t:Or><t:Excludes><t:ExtendedFieldURI PropertyTag="0x1080" PropertyType="Integer"/><t:Bitmask Value="1"/></t:Excludes>`+
			`<t:Exists><t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="Keywords" PropertyType="StringArray"/></t:Exists></t:Or></m:Restriction>`))
		fine(findXML(folder, `<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Importance"/></t:FieldOrder></m:SortOrder>`))
		fine(moveXML(folderOf("inbox", alice), item))
	})
}
