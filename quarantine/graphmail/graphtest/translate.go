package graphtest

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// maxTranslations is how many ids one request may name.
const maxTranslations = 1000

// translateExchangeIds converts ids into another kind. Failures are reported per id. A
// folder has no immutable id
// (https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids).
func translateExchangeIds(c *call) (*answer, *refusal) {
	o, refused := c.json(true, "inputIds", "sourceIdType", "targetIdType")
	if refused != nil {
		return nil, refused
	}
	ids, ok := texts(o["inputIds"])
	if !ok || len(ids) == 0 || len(ids) > maxTranslations {
		return nil, bad("inputIds must have 1 to 1000 ids.")
	}
	from, known := idKind(o["sourceIdType"])
	to, too := idKind(o["targetIdType"])
	if !known || !too {
		return nil, bad("Requested value was not found: sourceIdType and targetIdType must be entryId, ewsId, immutableEntryId, restId or restImmutableEntryId.")
	}
	value := []object{}
	for _, id := range ids {
		target, refused := c.translate(id, from, to)
		row := object{"sourceId": id, "targetId": target}
		if refused != nil {
			row = object{"sourceId": id, "targetId": nil, "errorDetails": object{"code": refused.code, "message": refused.text}}
		}
		value = append(value, row)
	}
	return jsonAnswer(http.StatusOK, object{"@odata.context": c.in.base + "/v1.0/$metadata#Collection(microsoft.graph.convertIdResult)", "value": value}), nil
}

func idKind(v any) (string, bool) {
	for _, k := range []string{"entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId"} {
		if strings.EqualFold(k, asText(v)) {
			return k, true
		}
	}
	return "", false
}

// translate returns an id of another kind. Between the kinds that change with each move,
// it only converts the form, and does not check that the item exists.
func (c *call) translate(id, from, to string) (string, *refusal) {
	var parsed mailstore.ID
	var err error
	switch from {
	case "ewsId":
		parsed, err = mailstore.ParseID(id)
	case "restId":
		parsed, err = mailstore.ParseID(fromREST.Replace(id))
	case "entryId":
		var b []byte
		if b, err = base64.StdEncoding.DecodeString(fromREST.Replace(id)); err == nil {
			parsed, err = mailstore.ParseBytes(b)
		}
	default:
		guid, object, archive, attachment, ok := parseImmutable(id)
		if !ok || attachment >= 0 {
			return "", malformedID()
		}
		it := c.org.Object(object)
		if it == nil || guid != it.Folder.Mailbox.GUID() || it.Folder.Archive != archive {
			return "", itemNotFound()
		}
		parsed = it.ID()
	}
	if err != nil {
		return "", malformedID()
	}
	switch to {
	case "ewsId":
		return parsed.String(), nil
	case "restId":
		return restID(parsed), nil
	case "entryId":
		return toREST.Replace(base64.StdEncoding.EncodeToString(parsed.Bytes())), nil
	}
	if parsed.Kind == mailstore.KindFolder {
		return "", refuse(http.StatusBadRequest, "ErrorInvalidIdMalformed", "A folder has no immutable id.")
	}
	box := c.org.ByGUID(parsed.Mailbox)
	if box == nil || box.Item(parsed.Number) == nil {
		return "", itemNotFound()
	}
	return immutableID(box.Item(parsed.Number)), nil
}
