package ewsmail

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// recoverable searches what the owner of the mailbox could recover. Like leftovers, it
// does not look in Purges.
func (f *finder) recoverable(ctx context.Context) error {
	tree := newTree(time.Time{})
	names := []ews.FolderName{ews.FolderRecoverableItemsDeletions}
	if f.mailbox.x.archive || f.mailbox.archiveRead() {
		names = append(names, ews.FolderArchiveRecoverableItemsDeletions)
	}
	var groups [][]string // an archive is a separate store
	for _, name := range names {
		ids, err := f.mailbox.add(ctx, tree, name)
		if err != nil {
			return err
		}
		groups = append(groups, ids)
	}
	return f.search(ctx, groups, tree)
}
