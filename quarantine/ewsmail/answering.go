package ewsmail

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// answerField is the property that holds the mark of an answer.
var answerField = ews.ExtendedField{GUID: driver.NoteSet, Name: driver.AnswerName, Type: ews.TypeString}

// Draft saves a message in Drafts.
func (m *mailbox) Draft(ctx context.Context, mark string, mime []byte) error {
	_, err := m.client.CreateItem(ctx, ews.CreateItemRequest{
		Folder: m.known(ews.FolderDrafts), MIME: ews.BytesContent(mime),
		Extended: []ews.ExtendedProperty{{Field: answerField, Value: mark}},
	})
	return translate(err)
}

// Answers looks for a mark in Drafts, the Outbox and Sent Items.
func (m *mailbox) Answers(ctx context.Context, mark string) (driver.Answers, error) {
	var found driver.Answers
	for _, place := range []struct {
		folder ews.FolderName
		items  *[]driver.Item
	}{
		// In the order in which a message passes through them: one that is sent meanwhile
		// is seen at least once.
		{ews.FolderDrafts, &found.Drafts}, {ews.FolderOutbox, &found.Leaving}, {ews.FolderSentItems, &found.Sent},
	} {
		for it, err := range m.client.FindItems(ctx, ews.FindItemRequest{
			Folders: []ews.FolderRef{m.known(place.folder)}, PageSize: 10,
			Shape:       ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldParentFolderID, ews.FieldItemClass, ews.FieldSubject}},
			Restriction: ews.Compare{Op: ews.IsEqualTo, Property: answerField, Value: mark},
		}) {
			if err != nil {
				return found, translate(err)
			}
			*place.items = append(*place.items, m.inspected(it.ID.ID, it))
		}
	}
	return found, nil
}

// Send sends a draft with one SendItem.
func (m *mailbox) Send(ctx context.Context, draft driver.Item) error {
	results, err := m.client.SendItem(ctx, ews.SendItemRequest{
		IDs: []ews.ItemID{{ID: draft.ID, ChangeKey: draft.Version}}, Save: true, Folder: m.known(ews.FolderSentItems),
	})
	if err == nil {
		err = results[0].Err
	}
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok && refused.Code == "ErrorSendAsDenied" {
		return &driver.Error{
			Err:       fmt.Errorf("sending mail as %s, for which a delegate needs the right to send as that mailbox besides full access: %w", m.Address(), err),
			Untouched: true, Answered: true, Code: string(refused.Code), Cause: driver.CauseNoPermission,
		}
	}
	return translate(asConflict(asGone(err)))
}
