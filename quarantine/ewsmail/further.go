package ewsmail

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// further adds to the tree what else to search besides the folders that users see. It
// ignores what does not exist: not every mailbox has an archive.
func (m *mailbox) further(ctx context.Context, tree *folderTree) error {
	if m.x.recoverable {
		ids, err := m.add(ctx, tree, ews.FolderRecoverableItemsDeletions, ews.FolderRecoverableItemsPurges)
		if err != nil {
			return err
		}
		tree.extra = append(tree.extra, ids)
	}
	if !m.x.archive {
		return nil
	}
	return m.archived(ctx, tree)
}

// archived adds the folders of the archive to the tree.
func (m *mailbox) archived(ctx context.Context, tree *folderTree) error {
	// A server may refuse a whole request because of one folder in a missing archive, so
	// the archive folders get a request of their own.
	names := []ews.FolderName{ews.FolderArchiveMsgFolderRoot, ews.FolderArchiveDeletedItems}
	top, err := m.add(ctx, tree, names...)
	if err != nil {
		return err
	}
	if len(top) == 0 {
		return nil
	}
	ids, err := m.walk(ctx, tree, ews.FolderArchiveMsgFolderRoot)
	if err != nil {
		return m.lacking(ctx, tree, ews.FolderArchiveMsgFolderRoot, err)
	}
	ids = append(top[:1], ids...)
	if m.x.recoverable {
		more, err := m.add(ctx, tree, ews.FolderArchiveRecoverableItemsDeletions, ews.FolderArchiveRecoverableItemsPurges)
		if err != nil {
			return err
		}
		ids = append(ids, more...)
	}
	tree.extra = append(tree.extra, ids)
	return nil
}

// add adds well-known folders to the tree and returns the ids of those that
// exist.
func (m *mailbox) add(ctx context.Context, tree *folderTree, names ...ews.FolderName) (ids []string, err error) {
	refs := make([]ews.FolderRef, len(names))
	for i, name := range names {
		refs[i] = m.known(name)
	}
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: refs, MayBeGone: true})
	if err != nil {
		return nil, m.lacking(ctx, tree, names[0], err)
	}
	for i, r := range results {
		if r.Err != nil {
			if err := m.lacking(ctx, tree, names[i], r.Err); err != nil {
				return nil, err
			}
			continue
		}
		id := r.Value.ID.ID
		tree.Base[id] = string(names[i])
		ids = append(ids, id)
	}
	return ids, nil
}

// lacking handles a well-known folder that cannot be opened. A folder or archive
// that does not exist is not an error; anything else makes the search incomplete.
func (m *mailbox) lacking(ctx context.Context, tree *folderTree, name ews.FolderName, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if noSuchFolder(err) {
		return nil
	}
	tree.passing = tree.passing || transient(err) && !errors.Is(err, ews.ErrNotProcessed) // not processed: another folder is the cause
	tree.missing = append(tree.missing, driver.NotSearched(driver.Folder{Path: "/" + string(name), Base: string(name)}, translate(err)))
	return nil
}

// noSuchFolder reports whether the error means that a well-known folder, or the
// archive it is in, does not exist.
func noSuchFolder(err error) bool {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	if !ok {
		return false
	}
	switch refused.Code {
	case "ErrorArchiveMailboxNotEnabled", "ErrorFolderNotFound", "ErrorItemNotFound":
		return true
	}
	return false
}

func isPurges(name ews.FolderName) bool {
	return name == ews.FolderRecoverableItemsPurges || name == ews.FolderArchiveRecoverableItemsPurges
}
