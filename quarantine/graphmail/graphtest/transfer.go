package graphtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// getSettings answers with the id of the mailbox in the export and import API
// (https://learn.microsoft.com/en-us/graph/api/usersettings-list-exchange).
func getSettings(c *call) (*answer, *refusal) {
	return jsonAnswer(http.StatusOK, object{
		"@odata.context": c.in.base + "/v1.0/$metadata#users('" + c.arg("user") + "')/settings/exchange", "primaryMailboxId": c.server.mailboxID(c.box),
	}), nil
}

// maxExports is how many items one exportItems may name.
const maxExports = 20

// exportItems answers with items as base64 streams that keep everything. Failures are
// reported per item, inside the answer
// (https://learn.microsoft.com/en-us/graph/api/mailbox-exportitems).
func exportItems(c *call) (*answer, *refusal) {
	o, refused := c.json(true, "itemIds")
	if refused != nil {
		return nil, refused
	}
	ids, ok := texts(o["itemIds"])
	if !ok || len(ids) == 0 || len(ids) > maxExports {
		return nil, refuse(http.StatusBadRequest, "ErrorInvalidRequest", "itemIds must name 1 to 20 items.")
	}
	a := jsonAnswer(http.StatusOK, object{})
	a.odd = c.server.opts.OtherSpellings
	context, _ := json.Marshal(c.in.base + "/v1.0/$metadata#Collection(microsoft.graph.exportItemResponse)")
	a.body = []piece{{raw: slices.Concat([]byte(`{"@odata.context":`), context, []byte(`,"value":[`))}}
	for i, id := range ids {
		if i > 0 {
			a.body = append(a.body, piece{raw: []byte(",")})
		}
		a.body = append(a.body, c.exported(id)...)
	}
	a.body = append(a.body, piece{raw: []byte("]}")})
	return a, nil
}

func (c *call) exported(id string) []piece {
	it, refused := c.exportable(id)
	if refused == nil && c.strikes(faultExport) {
		refused = refuse(http.StatusOK, c.fault.code, "The item could not be exported.")
	}
	if refused != nil {
		name := "error"
		if c.server.opts.OtherSpellings {
			name = "Error"
		}
		b, _ := json.Marshal(object{"itemId": id, name: object{"code": refused.code, "message": refused.text}})
		return []piece{{raw: b}}
	}
	head, _ := json.Marshal(object{"itemId": id, "changeKey": it.ChangeKey()})
	stream := it.Export()
	if c.strikes(faultExportCut) {
		all := bytes.Join(stream, nil)
		stream = [][]byte{all[:len(all)/2]}
	}
	return []piece{{raw: append(bytes.TrimSuffix(head, []byte("}")), `,"data":"`...), content: stream}, {raw: []byte(`"}`)}}
}

// exportable finds an item that may be exported: one below the top of the information
// store, which excludes Recoverable Items.
func (c *call) exportable(id string) (*mailstore.Item, *refusal) {
	it, refused := c.anyItem(id)
	switch {
	case refused != nil:
		return nil, refused
	case it.Associated || it.Folder.Recoverable() || it.Folder.Archive:
		return nil, itemNotFound()
	}
	return it, nil
}
