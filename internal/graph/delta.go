package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// ErrStateLost reports that Graph no longer knows the state of a delta, which must start
// over.
var ErrStateLost = errors.New("graph: it no longer knows what was read before")

// DeltaPage is a page of the changes in a folder.
type DeltaPage struct {
	Messages []Message // new or changed
	Removed  []string  // ids of messages that have left the folder
	State    string    // to continue with after this page
	Last     bool      // there is nothing more at present
}

// Changes reads a page of the changes in a folder since a state or, without a state, of
// everything in it. The error matches [ErrStateLost] if the state is no longer valid. The
// ids are those that change when a message moves: with the others, a message that was
// moved away and back is left out.
// See https://learn.microsoft.com/en-us/graph/api/message-delta.
func (m Mailbox) Changes(ctx context.Context, folder, state string, fields []string) (DeltaPage, error) {
	k := get("delta of messages", m.payer, to("/users", m.user, "mailFolders", folder, "messages", "delta"),
		Param{"$select", strings.Join(fields, ",")})
	k.header = map[string]string{"Prefer": "odata.maxpagesize=100"}
	return m.client.delta(ctx, k, state)
}

// errState is the error of a state that is not valid.
var errState = errors.New("the state is not one of this folder's mailbox")

func (c *Client) delta(ctx context.Context, k call, state string) (DeltaPage, error) {
	if state != "" {
		next, err := c.follow(k, state)
		if err != nil {
			return DeltaPage{}, errors.Join(ErrStateLost, err)
		}
		if path := next.link.EscapedPath(); !strings.HasSuffix(path, "/delta") && !strings.HasSuffix(path, "/delta()") {
			return DeltaPage{}, errors.Join(ErrStateLost, &Error{Operation: k.op, Err: errState, unsent: true, read: true, final: true})
		}
		k = next
	}
	var got struct {
		Value *[]struct {
			Message
			Removed *struct{} `json:"@removed"`
		} `json:"value"`
		Next  string          `json:"@odata.nextLink"`
		Delta string          `json:"@odata.deltaLink"`
		Error json.RawMessage `json:"error"`
	}
	if err := c.document(ctx, k, &got); err != nil {
		// A link that is used unchanged can only be wrong because it has become useless.
		if e, ok := errors.AsType[*Error](err); ok && (e.Status == http.StatusGone || e.has("SyncStateNotFound", "SyncStateInvalid", "ResyncRequired") ||
			state != "" && e.Status == http.StatusBadRequest) {
			err = errors.Join(ErrStateLost, err)
		}
		return DeltaPage{}, err
	}
	page := DeltaPage{State: got.Next, Last: got.Next == ""}
	if page.Last {
		page.State = got.Delta
	}
	if page.State == "" {
		return DeltaPage{}, &Error{Operation: k.op, Status: http.StatusOK, read: true, Err: errors.New("the answer has no state to go on from")}
	}
	noList := &Error{Operation: k.op, Status: http.StatusOK, read: true, Err: errNoEntries}
	if len(page.State) > maxLink || got.Value != nil && len(*got.Value) > maxRows {
		noList.Err = errors.New("the answer is longer than any that was expected")
		return DeltaPage{}, noList
	}
	if got.Value == nil || present(got.Error) {
		return DeltaPage{}, noList
	}
	for _, v := range *got.Value {
		switch {
		case v.ID == "":
			return DeltaPage{}, noList
		case v.Removed != nil:
			page.Removed = append(page.Removed, v.ID)
		default:
			page.Messages = append(page.Messages, v.Message)
		}
	}
	return page, nil
}
