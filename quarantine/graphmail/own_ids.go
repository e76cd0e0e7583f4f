package graphmail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Microsoft's guide says that the ids for export and import come from the mailbox API.
// Others report that the ids of messages and folders work as well, which saves a look
// through the folder for each message. So these are tried first. If Graph refuses them as
// malformed, the others are looked up, and from then on they are looked up right away.

// ownItem returns the id that export uses for the item. It is recognised by its stamp.
func (t *transfer) ownItem(ctx context.Context) (string, error) {
	stamp := t.c.Item.Stamp
	if stamp == nil {
		return "", errors.New("the item has no stamp by which it could be recognised among those that can be exported")
	}
	at, err := t.source.Message(ctx, t.c.Item.ID, []string{"id", "parentFolderId"}, nil)
	if err != nil {
		return "", asGone(err)
	}
	folder, err := t.from.ownFolder(ctx, t.source, t.sourceID, at.FolderID)
	if err != nil {
		return "", err
	}
	attempt := stampField(driver.StampAttempt)
	for items, err := range t.source.TransferItems(ctx, t.sourceID, folder, []graph.Property{stampOperation, attempt}) {
		if err != nil {
			return "", err
		}
		for _, it := range items {
			operation, _ := it.Value(stampOperation)
			its, _ := it.Value(attempt)
			if operation == stamp.Operation && its == stamp.Attempt && it.ID != "" {
				return it.ID, nil
			}
		}
	}
	return "", fmt.Errorf("%w: no item in its folder has its stamp", driver.ErrGone)
}

// ownFolder returns the id that export and import use for a folder. It is recognised by
// its path.
func (m *mailbox) ownFolder(ctx context.Context, box graph.Mailbox, exchangeID, id string) (string, error) {
	m.mu.Lock()
	own := m.own[id]
	m.mu.Unlock()
	if own != "" {
		return own, nil
	}
	if _, err := box.Folder(ctx, id); err != nil {
		return "", asGone(err)
	}
	tree, err := m.folders(ctx, box, 0)
	if err != nil {
		return "", err
	}
	want := tree.folder(id)
	all := newTree(time.Time{})
	for folders, err := range box.TransferFolders(ctx, exchangeID) {
		if err != nil {
			return "", err
		}
		for _, f := range folders {
			all.Nodes[f.ID] = folderpath.Node{Name: f.Name, Parent: f.ParentID}
		}
	}
	var found []string
	for id := range all.Nodes {
		if strings.EqualFold(all.folder(id).Path, want.Path) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d of the folders for export and import have the path %q; one was expected", len(found), want.Path)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.own == nil || len(m.own) > 100 {
		m.own = make(map[string]string)
	}
	m.own[id] = found[0]
	return found[0], nil
}
