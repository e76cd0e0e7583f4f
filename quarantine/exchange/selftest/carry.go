package selftest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// exportUpload checks whether items can be exported and uploaded. It exports the
// test item, if there is one. It uploads nothing: the folder id is invalid, and
// the server's answer shows whether it supports the operation.
func (k *checker) exportUpload(ctx context.Context, item *ews.ItemID) {
	size, err := k.export(ctx, item)
	if err == nil {
		var results ews.Results[ews.ItemID]
		results, err = k.quarantine.client.UploadItems(ctx, []ews.UploadItem{{
			Parent: ews.FolderID{ID: probeID}, Data: ews.BytesContent([]byte("no item")),
		}})
		if err == nil {
			err = results[0].Err
		}
		err = operationMissing(err)
	}
	switch {
	case err == nil && item != nil:
		k.ok(CheckExportUpload, "", fmt.Sprintf("the test item was exported (%d bytes); the server supports uploads", size))
	case err == nil:
		k.ok(CheckExportUpload, "", "the server supports both operations; no item was exported, since the quarantine folder does not exist yet")
	case k.undecided(ctx, err):
	default:
		k.notExported(ctx, item, err)
	}
}

// notExported reports that items are not exported or uploaded, and how they are carried
// instead: the MIME of the test item, if there is one, must be readable.
func (k *checker) notExported(ctx context.Context, item *ews.ItemID, err error) {
	var unread error
	if item != nil {
		unread = k.readMIME(ctx, *item)
	}
	moves := k.cfg.Access == exchange.FullAccess
	switch {
	case unread != nil && k.undecided(ctx, unread):
	case unread != nil && moves:
		k.warn(CheckExportUpload, "", err.Error()+"; nor can the test item be read as MIME ("+unread.Error()+"): messages that the server does not move cannot be taken", k.exportRemedy())
	case unread != nil:
		k.fail(CheckExportUpload, "", err.Error()+"; nor can the test item be read as MIME ("+unread.Error()+"): no way is left to take a message", k.exportRemedy())
	case moves:
		k.warn(CheckExportUpload, "", err.Error()+"; messages that the server does not move are then transferred as MIME, which loses properties", k.exportRemedy())
	default:
		k.fail(CheckExportUpload, "", err.Error()+"; without it every message is transferred as MIME, which loses properties", k.exportRemedy())
	}
}

// readMIME reads the MIME of the test item.
func (k *checker) readMIME(ctx context.Context, item ews.ItemID) error {
	mime, err := k.quarantine.client.OpenMIME(ctx, item)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, mime)
	return errors.Join(err, mime.Close())
}

// export exports the test item, or an invalid id if item is nil, and returns
// the size of the export.
func (k *checker) export(ctx context.Context, item *ews.ItemID) (int64, error) {
	id := ews.ItemID{ID: probeID}
	if item != nil {
		id.ID = item.ID
	}
	exports, err := k.quarantine.client.ExportItems(ctx, []ews.ItemID{id})
	if err != nil {
		return 0, operationMissing(err)
	}
	defer exports.Close()
	var size int64
	for exports.Next() {
		err = exports.ItemErr()
		if err == nil {
			size, err = io.Copy(io.Discard, exports.Decoded())
		}
		if item == nil {
			err = operationMissing(err)
		}
		if err != nil {
			return size, err
		}
	}
	return size, exports.Err()
}

// operationMissing returns nil if the server supports the operation and only
// refused the invalid id.
func operationMissing(err error) error {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	if !ok || errors.Is(err, ews.ErrThrottled) {
		return err
	}
	switch ews.Class(refused.Code) {
	case ews.ClassItem, ews.ClassRequest:
		switch refused.Code {
		case "ErrorInvalidRequest", "ErrorSchemaValidation", "ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion",
			"ErrorInvalidSchemaVersionForMailboxVersion", "ErrorInvalidOperation":
			return err
		}
		return nil
	}
	if errors.Is(err, ews.ErrNotFound) {
		return nil
	}
	return err
}

// skipMove skips the check of moves, which impersonation does not use.
func (k *checker) skipMove() {
	k.skip(CheckMove, "", "not used with impersonation, with which servers refuse it: items are exported and uploaded")
}

// move moves the test item into Deleted Items of the service account's own
// mailbox, since it must not write to users' mailboxes. It returns the places
// where the item, or what a move leaves behind, may be.
func (k *checker) move(ctx context.Context, item ews.ItemID, operation string) []testPlace {
	if k.cfg.Access != exchange.FullAccess {
		k.skipMove()
		return nil
	}
	own, err := bin(ctx, k.client, ews.DistinguishedFolder{Name: ews.FolderDeletedItems})
	if err != nil {
		if !k.undecided(ctx, err) {
			k.skip(CheckMove, "", "it can only be tested between the quarantine mailbox and the account's own, which cannot be opened; where moves are refused, items are exported and uploaded")
		}
		return nil
	}
	other, err := bin(ctx, k.quarantine.client, k.quarantine.known(ews.FolderDeletedItems))
	if err != nil || other.ID == own.ID {
		if !k.undecided(ctx, err) {
			k.skip(CheckMove, "", "it can only be tested between the quarantine mailbox and the account's own, which are the same or cannot be opened")
		}
		return nil
	}
	places := []testPlace{{client: k.client, folder: ews.FolderID{ID: own.ID}}}
	if k.quarantine.client.Version() >= ews.Exchange2010SP1 {
		deletions := k.quarantine.known(ews.FolderRecoverableItemsDeletions)
		places = append(places, testPlace{client: k.quarantine.client, folder: deletions, leftover: true})
	}
	results, err := k.quarantine.client.MoveItem(ctx, ews.MoveItemRequest{IDs: []ews.ItemID{{ID: item.ID}}, To: ews.FolderID{ID: own.ID}})
	if err == nil {
		err = results[0].Err
	}
	switch {
	case err == nil:
		k.arrived(ctx, operation, places[0])
	case k.undecided(ctx, err):
	default:
		k.notMoved(ctx, item, "the server does not move items between mailboxes: "+err.Error())
	}
	return places
}

// notMoved reports that items are not moved, and how they are carried instead: if the test
// item could not be exported either, whether its MIME can be read decides.
func (k *checker) notMoved(ctx context.Context, item ews.ItemID, seen string) {
	if k.result(CheckExportUpload, "").Status == OK {
		k.warn(CheckMove, "", seen+"; they are exported and uploaded", k.moveRemedy())
		return
	}
	err := k.readMIME(ctx, item)
	switch {
	case k.undecided(ctx, err):
	case err != nil:
		k.fail(CheckMove, "", seen+"; nor can the test item be exported, nor read as MIME ("+err.Error()+"): no way is left to take a message", k.moveRemedy())
	default:
		k.warn(CheckMove, "", seen+"; they are transferred as MIME, which loses properties, because they cannot be exported either", k.moveRemedy())
	}
}

// codeOf returns the response code if an error is a refusal.
func codeOf(err error) ews.ResponseCode {
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		return refused.Code
	}
	return ""
}

// arrived checks whether the test item is where it was moved to.
func (k *checker) arrived(ctx context.Context, operation string, p testPlace) {
	results, err := p.client.FindItem(ctx, ews.FindItemRequest{
		Folders:     []ews.FolderRef{p.folder},
		Restriction: ews.Compare{Op: ews.IsEqualTo, Property: stampState, Value: testState(operation)},
	})
	if err == nil {
		err = results[0].Err
	}
	switch {
	case k.undecided(ctx, err):
	case err != nil || len(results[0].Value.Items) == 0:
		k.warn(CheckMove, "", "the server reported that it moved the test item, but it did not arrive with its named properties; where that happens, items are exported and uploaded", k.moveRemedy())
	default:
		k.ok(CheckMove, "", "the test item was moved into the account's own mailbox and removed there")
	}
}

// bin returns the id of Deleted Items.
func bin(ctx context.Context, client *ews.Client, ref ews.DistinguishedFolder) (ews.FolderID, error) {
	results, err := client.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{ref}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return ews.FolderID{}, err
	}
	return results[0].Value.ID, nil
}
