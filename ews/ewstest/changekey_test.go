package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestChangeKeysAreLookedAt(t *testing.T) {
	t.Parallel()
	ops := map[string]func(id string) string{
		"GetItem":     func(id string) string { return getItemXML(full, id) },
		"MoveItem":    func(id string) string { return moveXML(folderOf("drafts", alice), id) },
		"DeleteItem":  func(id string) string { return deleteXML("HardDelete", "", id) },
		"ExportItems": func(id string) string { return exportXML(id) },
		"UploadItems": nil,
	}
	for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2013SP1, ewstest.Exchange2016, ewstest.Exchange2019} {
		for name, op := range ops {
			for key, want := range map[string]string{
				"": "NoError", "current": "NoError", "AAAA": "ErrorInvalidChangeKey", "not base64": "ErrorInvalidChangeKey", "folder": "ErrorInvalidChangeKey", "stale": "",
			} {
				c := newCaller(t, ewstest.Options{Version: version}).in("Exchange2010_SP2")
				box := c.srv.Mailbox(alice)
				old := box.Deliver([]byte(plain))
				data := texts(c.do(exportXML(itemID(old))), "Data")[0]
				require.True(t, box.SetRead(old.ID, true))
				now := box.Message(old.ID)
				switch key {
				case "current":
					key = now.ID.ChangeKey
				case "stale":
					key = old.ID.ChangeKey
					// Only export and upload check it.
					want = "NoError"
					if name == "ExportItems" || name == "UploadItems" {
						want = "ErrorInvalidChangeKey"
					}
				case "folder":
					key = now.FolderID.ChangeKey
				}
				id := `<t:ItemId Id="` + now.ID.ID + `" ChangeKey="` + key + `"/>`
				if key == "" {
					id = `<t:ItemId Id="` + now.ID.ID + `"/>`
				}
				request := uploadXML("Update", box.Folder(ews.FolderInbox), id, data)
				if op != nil {
					request = op(id)
				}
				assert.Equal(t, []string{want}, codes(c.do(request)), "%s with %q on %s", name, key, version)
				if want != "NoError" {
					assert.Equal(t, now, box.Message(now.ID), "%s with %q on %s", name, key, version)
				}
			}
		}
	}
}
