package ewsmail

import (
	"context"
	"time"
)

// archive searches the archive of the mailbox if the query asks for it and it has not
// been searched along with the rest of the mailbox.
func (f *finder) archive(ctx context.Context) error {
	if !f.apart() {
		return nil
	}
	tree, err := f.mailbox.archiveFolders(ctx)
	if err != nil {
		return err
	}
	return f.search(ctx, tree.extra, tree)
}

// apart reports whether the archive has to be searched separately.
func (f *finder) apart() bool { return !f.mailbox.x.archive && f.query.In == nil }

// archiveFolders returns the folders of the archive. It reads them again if they are
// older than folderTTL. It returns none if the server refuses to open the archive: access
// that nobody has set up for the account must not keep every run undecided.
func (m *mailbox) archiveFolders(ctx context.Context) (*folderTree, error) {
	select {
	case m.reading <- struct{}{}:
		defer func() { <-m.reading }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if known := m.archiveKept(); known != nil && time.Since(known.read) < folderTTL {
		return known, nil
	}
	tree := newTree(time.Now())
	if err := m.archived(ctx, tree); err != nil {
		return nil, err
	}
	if tree.passing {
		tree.read = time.Time{} // read again next time
	} else {
		tree.missing = nil
	}
	m.mu.Lock()
	m.archive = tree
	listed := m.tree.size() + m.archive.size()
	m.mu.Unlock()
	m.x.keeps(m, listed)
	return tree, nil
}

// archiveKept returns the folders of the archive as last read, or nil.
func (m *mailbox) archiveKept() *folderTree {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.archive
}

// archiveRead reports whether the mailbox is known to have an archive.
func (m *mailbox) archiveRead() bool {
	tree := m.archiveKept()
	return tree != nil && len(tree.extra) > 0
}
