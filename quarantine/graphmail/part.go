package graphmail

import (
	"context"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// part is which of the folders of a mailbox a [mailbox] has. The two parts of an
// [InPlace] have no item in common: what is in one has gone from the other. That holds
// whether or not Graph gives an item another id when it is moved, since the folder of an
// item is looked at with it.
type part string

// Parts.
const (
	whole      part = ""
	ownersPart part = "\x00owner" // all but the vault
	vaultPart  part = "\x00vault" // the vault, and nothing else
)

// findVault looks for the vault, with which the tree begins. Without one it is empty.
func (m *mailbox) findVault(ctx context.Context, box graph.Mailbox, tree *folderTree) error {
	for folders, err := range box.Children(ctx, root, VaultFolder) {
		if err != nil {
			return err
		}
		for _, f := range folders {
			if isVault(f) {
				tree.start = f.ID
				tree.Base[f.ParentID] = root
				tree.Nodes[f.ID] = node(f)
				return nil
			}
		}
	}
	return nil
}

// apart reports whether a folder of a tree belongs to the vault, which this part does
// without.
func (m *mailbox) apart(tree *folderTree, parent string, f graph.Folder) bool {
	return m.part == ownersPart && (slices.Contains(tree.vault, parent) || parent == tree.start && isVault(f))
}

// has reports whether a folder is in this part. A folder that is not known is looked for
// in the folders as they are now.
func (m *mailbox) has(ctx context.Context, box graph.Mailbox, folder string) (bool, error) {
	if m.part == whole {
		return true, nil
	}
	tree := m.kept()
	if tree == nil || !tree.knows(folder) {
		var err error
		if tree, err = m.folders(ctx, box, 0); err != nil {
			return false, err
		}
	}
	if m.part == vaultPart {
		return slices.Contains(tree.order, folder), nil
	}
	return !slices.Contains(tree.vault, folder), nil
}

// holds returns an error that matches [driver.ErrGone] for an item in the other part.
func (m *mailbox) holds(ctx context.Context, box graph.Mailbox, raw graph.Message) error {
	mine, err := m.has(ctx, box, raw.FolderID)
	if err == nil && !mine {
		err = fmt.Errorf("%w: it has been moved to another part of %s", driver.ErrGone, m.address)
	}
	return err
}

// knows reports whether a folder is in the tree.
func (t *folderTree) knows(id string) bool {
	_, listed := t.Nodes[id]
	_, wellKnown := t.Base[id]
	return listed || wellKnown || slices.Contains(t.extra, id)
}
