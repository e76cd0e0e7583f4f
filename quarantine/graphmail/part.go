package graphmail

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// part identifies the folders of a mailbox that a [mailbox] covers. The two parts of an
// [InPlace] have no item in common: an item in one is gone from the other. That holds
// even if Graph does not give an item another id when it is moved, since the folder of an
// item is checked along with it.
type part string

// Parts.
const (
	whole      part = ""
	ownersPart part = "\x00owner" // everything but the vault
	vaultPart  part = "\x00vault" // the vault, and nothing else
)

// findVault looks for the vault, which the tree begins with. Without a vault, the tree
// stays empty.
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

// apart reports whether a folder of a tree belongs to the vault, and this part excludes
// the vault.
func (m *mailbox) apart(tree *folderTree, parent string, f graph.Folder) bool {
	return m.part == ownersPart && (slices.Contains(tree.vault, parent) || parent == tree.start && isVault(f))
}

// has reports whether a folder is in this part at the moment. It looks for an unknown
// folder in a fresh list of folders. It checks each time that a folder is still in the
// vault: the owner may move it out with all its contents, which then keep their ids.
func (m *mailbox) has(ctx context.Context, box graph.Mailbox, folder string) (bool, error) {
	if m.part == whole {
		return true, nil
	}
	if folder == "" {
		return false, errNoFolder
	}
	tree := m.kept()
	if tree == nil || !tree.knows(folder) {
		var err error
		if tree, err = m.folders(ctx, box, 0); err != nil {
			return false, err
		}
	} else if m.vaulted(tree, folder) {
		still, err := m.still(ctx, box, tree, folder)
		if err != nil {
			return false, err
		}
		if !still {
			if tree, err = m.folders(ctx, box, 0); err != nil {
				return false, err
			}
		}
	}
	return m.vaulted(tree, folder) == (m.part == vaultPart), nil
}

// errNoFolder is the error of an answer that does not show in which part an item is.
var errNoFolder = errors.New("the answer does not say in which folder the item is")

// vaulted reports whether a folder of a tree is in the vault.
func (m *mailbox) vaulted(tree *folderTree, folder string) bool {
	if m.part == vaultPart {
		return slices.Contains(tree.order, folder)
	}
	return slices.Contains(tree.vault, folder)
}

// still reports whether a folder of the vault, and the folders above it, are where a tree
// has them.
func (m *mailbox) still(ctx context.Context, box graph.Mailbox, tree *folderTree, folder string) (bool, error) {
	chain := m.chain(tree, folder)
	now, err := box.Known(ctx, chain)
	return err == nil && asBefore(tree, chain, now), err
}

// chain returns the ids of a folder in the vault and of the folders above it, up to the
// vault.
func (m *mailbox) chain(tree *folderTree, folder string) (ids []string) {
	for id := folder; m.vaulted(tree, id) && len(ids) < folderpath.MaxDepth; id = tree.Nodes[id].Parent {
		ids = append(ids, id)
	}
	return ids
}

// asBefore reports whether the folders of a chain are where a tree has them.
func asBefore(tree *folderTree, chain []string, now []*graph.Folder) bool {
	for i, f := range now {
		if f == nil || f.ParentID != tree.Nodes[chain[i]].Parent {
			return false
		}
	}
	return len(now) > 0 && isVault(*now[len(now)-1])
}

// maxTogether is how many folders are read together with an item.
const maxTogether = 8

// message reads an item of this part, with its attachments if requested. The error
// matches [driver.ErrGone] if it is in the other part.
func (m *mailbox) message(ctx context.Context, box graph.Mailbox, id string, fields []string, properties []graph.Property, attachments bool) (d graph.Detail, err error) {
	tree := m.kept()
	if m.part == vaultPart && tree != nil && len(tree.order) > 0 && len(tree.order) <= maxTogether {
		var folders []*graph.Folder
		if d, folders, err = box.Placed(ctx, id, fields, properties, attachments, tree.order); err != nil {
			return d, asGone(err)
		}
		chain := m.chain(tree, d.Message.FolderID)
		now := make([]*graph.Folder, len(chain))
		for i, id := range chain {
			now[i] = folders[slices.Index(tree.order, id)]
		}
		if asBefore(tree, chain, now) {
			return d, nil
		}
		return d, m.holds(ctx, box, d.Message)
	}
	if attachments {
		d.Message, d.Attachments, err = box.Whole(ctx, id, fields, properties)
	} else {
		d.Message, err = box.Message(ctx, id, fields, properties)
	}
	if err != nil {
		return d, asGone(err)
	}
	return d, m.holds(ctx, box, d.Message)
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
