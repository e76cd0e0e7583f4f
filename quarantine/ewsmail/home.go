package ewsmail

import (
	"context"
	"errors"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// recoverableHome maps folders of Recoverable Items to the folders that their items are
// restored to: nothing can be written there, and deleted items belong in Deleted Items.
var recoverableHome = map[ews.FolderName]ews.FolderName{
	ews.FolderRecoverableItemsDeletions:        ews.FolderDeletedItems,
	ews.FolderRecoverableItemsPurges:           ews.FolderDeletedItems,
	ews.FolderArchiveRecoverableItemsDeletions: ews.FolderArchiveDeletedItems,
	ews.FolderArchiveRecoverableItemsPurges:    ews.FolderArchiveDeletedItems,
}

// home returns the folder to restore an item to.
func (m *mailbox) home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	if was.Base == "" && was.ID == "" {
		return m.wellKnown(ctx, ews.FolderInbox)
	}
	f, err := m.sameFolder(ctx, was)
	if err == nil || !absent(err, was) {
		return f, err
	}
	return m.wellKnown(ctx, ews.FolderInbox)
}

// absent reports whether the error of a folder lookup means that the folder does not
// exist. Any other error may pass, and the message must not end up in the Inbox while its
// folder exists.
func absent(err error, was driver.Folder) bool {
	if errors.Is(err, ews.ErrNoMailbox) {
		return false
	}
	if _, refused := errors.AsType[notCreated](err); refused {
		return true
	}
	if noSuchFolder(err) && !errors.Is(err, driver.ErrUnreachable) {
		return true
	}
	// The archive may have been removed while the mailbox remains.
	return errors.Is(err, driver.ErrGone) || noSuchFolder(err) && strings.HasPrefix(was.Base, "archive")
}

// sameFolder returns a folder by its id or, failing that, by its path, whose
// missing parts it creates.
func (m *mailbox) sameFolder(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	if name, ok := recoverableHome[ews.FolderName(was.Base)]; ok {
		return m.wellKnown(ctx, name)
	}
	if was.ID != "" {
		f, err := m.folderByID(ctx, was.ID)
		if err == nil || was.Base == "" || !errors.Is(err, driver.ErrGone) {
			return f, err
		}
	}
	if was.Below == "" {
		return m.wellKnown(ctx, ews.FolderName(was.Base))
	}
	return m.descend(ctx, driver.Folder{Base: was.Base, Below: was.Below, Path: was.Path}, true)
}

// wellKnown returns a folder by its well-known name.
func (m *mailbox) wellKnown(ctx context.Context, name ews.FolderName) (driver.Folder, error) {
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{m.known(name)}, MayBeGone: true})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Folder{}, m.unreachable(ctx, err)
	}
	return m.describe(ctx, results[0].Value.ID.ID)
}
