package graphmail

import (
	"context"
	"errors"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// home returns the folder to restore an item to. It understands paths written by the
// driver over EWS; for those in an archive, it returns the Inbox.
func (m *mailbox) home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	box, err := m.open(ctx)
	if err != nil {
		return driver.Folder{}, err
	}
	if was.Base == deletions || was.Base == purges {
		return m.standard(ctx, box, deletedItems) // nothing can be put there
	}
	f, err := m.same(ctx, box, was)
	if err == nil {
		mine, err := m.has(ctx, box, f.ID)
		if err != nil || mine {
			return f, err
		}
		return m.standard(ctx, box, inbox)
	}
	_, refused := errors.AsType[notCreated](err)
	if !refused && !errors.Is(err, driver.ErrGone) {
		return f, err
	}
	return m.standard(ctx, box, inbox)
}

// same returns a folder by its id or, failing that, by its path, whose missing parts it
// creates. The error matches [driver.ErrGone] if it cannot be found by either.
func (m *mailbox) same(ctx context.Context, box graph.Mailbox, was driver.Folder) (driver.Folder, error) {
	if was.ID != "" {
		f, err := m.byID(ctx, box, was.ID)
		if err == nil || !errors.Is(err, driver.ErrGone) {
			return f, err
		}
	}
	switch {
	case !slices.Contains(baseFolders, was.Base):
		return driver.Folder{}, driver.ErrGone
	case was.Below == "":
		return m.standard(ctx, box, was.Base)
	}
	f, err := m.descend(ctx, box, driver.Folder{Base: was.Base, Below: was.Below, Path: was.Path}, folderpath.Split(was.Below), true)
	if err != nil {
		return f, err
	}
	if tree, err := m.folders(ctx, box, folderTTL); err == nil {
		if known := tree.folder(f.ID); known.Base != "" {
			return known, nil
		}
	}
	return f, nil
}

// byID returns a folder by its id. An item can be restored into a folder that users do not
// see, but not into one of Recoverable Items.
func (m *mailbox) byID(ctx context.Context, box graph.Mailbox, id string) (driver.Folder, error) {
	f, err := box.Folder(ctx, id)
	if err != nil {
		return driver.Folder{}, asGone(m.onlyMailbox(err))
	}
	return m.describe(ctx, box, f.ID)
}

// onlyMailbox explains an error that reports that there is no such mailbox, and returns
// others unchanged.
func (m *mailbox) onlyMailbox(err error) error {
	if errors.Is(err, graph.ErrNoMailbox) {
		return m.unreachable(err)
	}
	return err
}

// standard returns a folder by its well-known name.
func (m *mailbox) standard(ctx context.Context, box graph.Mailbox, name string) (driver.Folder, error) {
	if tree := m.kept(); tree != nil {
		for id, known := range tree.Base {
			if known == name {
				return m.describe(ctx, box, id)
			}
		}
	}
	f, err := box.Folder(ctx, name)
	if err != nil {
		return driver.Folder{}, asGone(m.unreachable(err))
	}
	return m.describe(ctx, box, f.ID)
}

// describe returns a folder with its path. An unknown path is not an error.
func (m *mailbox) describe(ctx context.Context, box graph.Mailbox, id string) (driver.Folder, error) {
	tree, err := m.folders(ctx, box, folderTTL)
	if err != nil {
		return driver.Folder{}, err
	}
	return tree.folder(id), nil
}
