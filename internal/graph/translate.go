package graph

import (
	"context"
	"net/http"
)

// Kinds of ids for [Mailbox.TranslateID].
const (
	IDOfEWS       = "ewsId"
	IDOfREST      = "restId"
	IDOfImmutable = "restImmutableEntryId"
)

// TranslateID returns an id of one kind as one of another. Whether what it names still
// exists is not looked at. It needs User.Read.All.
// See https://learn.microsoft.com/en-us/graph/api/user-translateexchangeids.
func (m Mailbox) TranslateID(ctx context.Context, id, from, into string) (string, error) {
	k := write("translateExchangeIds", m.payer, http.MethodPost, to("/users", m.user, "translateExchangeIds"),
		map[string]any{"inputIds": []string{id}, "sourceIdType": from, "targetIdType": into}, http.StatusOK)
	k.read = true
	var got struct {
		Value []struct {
			Source string     `json:"sourceId"`
			Target string     `json:"targetId"`
			Error  *wireError `json:"errorDetails"`
		} `json:"value"`
	}
	if err := m.client.document(ctx, k, &got); err != nil {
		return "", err
	}
	e := &Error{Operation: k.op, Status: http.StatusOK, read: true, part: true}
	switch {
	case len(got.Value) != 1 || got.Value[0].Source != "" && got.Value[0].Source != id:
		e.Err = errMisfit
	case got.Value[0].Error != nil:
		e.from(got.Value[0].Error)
	case got.Value[0].Target == "":
		e.Code = CodeInvalidID
	default:
		return got.Value[0].Target, nil
	}
	return "", e
}
