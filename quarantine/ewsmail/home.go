package ewsmail

import (
	"context"
	"errors"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// recoverableHome is where items from Recoverable Items are restored to: nothing
// can be written there, and deleted items belong in Deleted Items.
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
	// The archive may have been removed while the mailbox still exists.
	archived := strings.HasPrefix(was.Base, "archive")
	if err == nil || transient(err) || errors.Is(err, driver.ErrUnreachable) && !archived {
		return f, err
	}
	return m.wellKnown(ctx, ews.FolderInbox)
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
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{m.known(name)}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Folder{}, m.unreachable(ctx, err)
	}
	return m.describe(ctx, results[0].Value.ID.ID)
}
