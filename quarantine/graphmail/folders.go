package graphmail

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Well-known names of folders. Those that paths begin with are spelled as in EWS, so the
// paths in stamps and receipts mean the same in both.
// See https://learn.microsoft.com/en-us/graph/api/resources/mailfolder.
const (
	root         = folderpath.Root
	inbox        = "inbox"
	sentItems    = "sentitems"
	drafts       = "drafts"
	outbox       = "outbox"
	deletedItems = "deleteditems"
	deletions    = "recoverableitemsdeletions"
	purges       = "recoverableitemspurges" // only in paths written by the driver over EWS
)

var baseFolders = []string{root, inbox, sentItems, deletedItems, drafts, "junkemail", outbox}

// folderTTL is how long the folders of a mailbox are remembered. A search that relies on
// them reads them again at the end.
const folderTTL = 2 * time.Minute

// maxFolders is the maximum number of folders of a mailbox that are held in memory.
// Exchange Online allows 10,000 in a folder.
const maxFolders = 250_000

// folderTree is the folders of a mailbox.
type folderTree struct {
	folderpath.Tree
	read  time.Time
	leaf  time.Time // when the folders were listed below those as well that seemed to have none
	start string    // id of the folder above all others
	order []string  // ids of all folders that users see
	vault []string  // ids of the folders of the vault, which the owner's part leaves out
	extra []string  // ids of Recoverable Items, which are searched as well
	// unlisted are folders whose subfolders could not all be listed.
	unlisted []driver.Unsearched
}

// newTree returns a tree without folders.
func newTree(read time.Time) *folderTree {
	return &folderTree{Tree: folderpath.Tree{Nodes: map[string]folderpath.Node{}, Base: map[string]string{}}, read: read}
}

// folders returns the folders of the mailbox. It reads them again if they were read
// longer than maxAge ago.
func (m *mailbox) folders(ctx context.Context, box graph.Mailbox, maxAge time.Duration) (*folderTree, error) {
	select {
	case m.reading <- struct{}{}:
		defer func() { <-m.reading }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	known := m.kept()
	if known != nil && time.Since(known.read) < maxAge {
		return known, nil
	}
	tree := newTree(time.Now())
	if m.part == vaultPart {
		if err := m.findVault(ctx, box, tree); err != nil {
			return nil, m.unreachable(err)
		}
	} else if known != nil {
		tree.start, tree.Base, tree.extra = known.start, maps.Clone(known.Base), known.extra // ids of well-known folders do not change
	} else if err := m.wellKnown(ctx, box, tree); err != nil {
		return nil, m.unreachable(err)
	}
	tree.begin()
	return m.walked(ctx, box, tree, known, nil)
}

// again returns the folders of the mailbox as they are after a search of the known ones,
// using the lists that were read together with that search.
func (m *mailbox) again(ctx context.Context, box graph.Mailbox, known *folderTree, listed map[string]graph.Pages[graph.Folder]) (*folderTree, error) {
	tree := newTree(time.Now())
	tree.start, tree.Base, tree.extra = known.start, maps.Clone(known.Base), known.extra
	tree.begin()
	return m.walked(ctx, box, tree, known, listed)
}

// walked completes a tree and remembers it. The folders were known before, unless known
// is nil.
func (m *mailbox) walked(ctx context.Context, box graph.Mailbox, tree, known *folderTree, listed map[string]graph.Pages[graph.Folder]) (*folderTree, error) {
	if err := m.walk(ctx, box, tree, known, listed); err != nil {
		return nil, m.unreachable(err)
	}
	m.keep(tree)
	return tree, nil
}

// begin puts the folder above all others first, if there is one.
func (t *folderTree) begin() {
	if t.start != "" {
		t.order = append(t.order, t.start)
	}
}

// parents returns the ids of the folders that have subfolders, including the first.
func (t *folderTree) parents() []string {
	var ids []string
	if t.start != "" {
		ids = append(ids, t.start)
	}
	for _, id := range slices.Concat(t.order, t.vault) {
		if parent := t.Nodes[id].Parent; parent != "" && !slices.Contains(ids, parent) {
			ids = append(ids, parent)
		}
	}
	return ids
}

// kept returns the folders as last read, or nil.
func (m *mailbox) kept() *folderTree {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tree
}

func (m *mailbox) keep(tree *folderTree) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tree = tree
}

// wellKnown reads the ids of the well-known folders.
func (m *mailbox) wellKnown(ctx context.Context, box graph.Mailbox, tree *folderTree) error {
	names := baseFolders
	if m.s.recoverable {
		names = append(slices.Clip(names), deletions)
	}
	found, err := box.Known(ctx, names)
	if err != nil {
		return err
	}
	for i, f := range found {
		switch {
		case f != nil && f.ID != "":
			tree.Base[f.ID] = names[i]
			if names[i] == root {
				tree.start = f.ID
			}
			if names[i] == deletions {
				tree.extra = append(tree.extra, f.ID)
			}
		case names[i] == root:
			return fmt.Errorf("%w: %s: the root of its folders cannot be found", driver.ErrUnreachable, m.address)
		}
	}
	return nil
}

// walk adds all folders below the root to the tree, level by level. Search folders have
// no items of their own, and are not searched. Some lists may have been read already.
//
// Graph may not count hidden folders among those below a folder, so the folders below one
// that seems to have none are listed, too. For a folder below which nothing was found
// shortly before, walk relies on the count.
func (m *mailbox) walk(ctx context.Context, box graph.Mailbox, tree, known *folderTree, listed map[string]graph.Pages[graph.Folder]) error {
	level := slices.Clone(tree.order)
	if tree.leaf = tree.read; known != nil && time.Since(known.leaf) < folderTTL {
		tree.leaf = known.leaf
	} else {
		known = nil
	}
	for depth := 0; len(level) > 0 && depth < folderpath.MaxDepth; depth++ {
		lists, err := below(ctx, box, level, listed)
		if err != nil {
			return err
		}
		var next []string
		for i, pages := range lists {
			for folders, err := range pages {
				switch {
				case err == nil:
				case depth == 0 || ctx.Err() != nil:
					return err
				case errors.Is(err, graph.ErrGone):
					continue // deleted meanwhile
				default:
					err = fmt.Errorf("not all folders below it could be listed: %w", err)
					tree.unlisted = append(tree.unlisted, driver.NotSearched(tree.folder(level[i]), translate(err)))
					tree.read, tree.leaf = time.Time{}, time.Time{} // read again next time
					continue
				}
				for _, f := range folders {
					if _, twice := tree.Nodes[f.ID]; twice || f.ID == "" {
						continue // moved meanwhile, or repeated by a later page
					}
					if len(tree.Nodes) >= maxFolders {
						return fmt.Errorf("%s has more than %d folders, which cannot all be searched", m.address, maxFolders)
					}
					tree.Nodes[f.ID] = folderpath.Node{Name: f.Name, Parent: level[i]}
					if f.IsSearch() {
						continue
					}
					apart := m.apart(tree, level[i], f)
					if apart {
						tree.vault = append(tree.vault, f.ID)
					} else {
						tree.order = append(tree.order, f.ID)
					}
					empty := f.Children == 0 && known != nil && known.knows(f.ID) && listed[f.ID] == nil
					if !empty || apart && level[i] == tree.start {
						next = append(next, f.ID)
					}
				}
			}
		}
		level = next
	}
	return nil
}

// below returns the folders directly below each folder of a level, and reads only what is
// not in listed.
func below(ctx context.Context, box graph.Mailbox, level []string, listed map[string]graph.Pages[graph.Folder]) ([]graph.Pages[graph.Folder], error) {
	unread := slices.DeleteFunc(slices.Clone(level), func(id string) bool { return listed[id] != nil })
	var read []graph.Pages[graph.Folder]
	if len(unread) > 0 {
		var err error
		if read, err = box.Below(ctx, unread); err != nil {
			return nil, err
		}
	}
	lists := make([]graph.Pages[graph.Folder], len(level))
	for i, id := range level {
		if lists[i] = listed[id]; lists[i] == nil {
			lists[i], read = read[0], read[1:]
		}
	}
	return lists, nil
}

// folder describes the folder with the given id. For a folder that is not in the tree, it
// returns only the id.
func (t *folderTree) folder(id string) driver.Folder {
	p := t.Place(id, folderpath.Escape)
	return driver.Folder{ID: id, Path: p.Path, Base: p.Base, Below: p.Below, Recoverable: p.Base == deletions}
}

// within returns the id of a folder and of the folders below it.
func (t *folderTree) within(id string) []string { return t.Within(id, t.order) }

// folder returns the folder with a given path. It creates missing folders if the request
// allows it.
func (m *mailbox) folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	if len(want.Names) == 0 {
		return driver.Folder{}, fmt.Errorf("%w: the request names no folder", driver.ErrGone)
	}
	box, err := m.open(ctx)
	if err != nil {
		return driver.Folder{}, err
	}
	f := driver.Folder{Base: root}
	names := want.Names
	if m.part == vaultPart {
		names = append([]string{VaultFolder}, names...)
	}
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = folderpath.Escape(name)
	}
	f.Below = strings.Join(escaped, "/")
	f.Path = "/" + f.Below
	return m.descend(ctx, box, f, names, want.Create)
}

// descend walks from the base of a folder down to it. If create is set, it creates
// missing folders.
func (m *mailbox) descend(ctx context.Context, box graph.Mailbox, f driver.Folder, names []string, create bool) (driver.Folder, error) {
	at := f.Base
	for i, name := range names {
		id, err := m.child(ctx, box, at, name, create)
		if err != nil {
			if i == 0 {
				err = m.unreachable(err) // the problem is the mailbox, not the folder
			}
			return driver.Folder{}, err
		}
		f.ID, at = id, id
	}
	return f, nil
}

// child returns the id of the subfolder with a name. If two runs create it at the same
// time, both return the one that was created.
func (m *mailbox) child(ctx context.Context, box graph.Mailbox, parent, name string, create bool) (string, error) {
	id, err := m.childNamed(ctx, box, parent, name)
	if !errors.Is(err, driver.ErrGone) || !create {
		return id, err
	}
	made, err := box.CreateFolder(ctx, parent, name, m.part == vaultPart)
	if err == nil && made.ID != "" {
		m.keep(nil)
		if m.part == vaultPart && parent == root && !made.Hidden {
			return m.childNamed(ctx, box, parent, name) // is it hidden?
		}
		return made.ID, nil
	}
	// Somebody else may have created it, or this request did and only its answer was
	// lost.
	if id, lookErr := m.childNamed(ctx, box, parent, name); lookErr == nil {
		m.keep(nil)
		return id, nil
	}
	err = fmt.Errorf("creating folder %q in %s: %w", name, m.address, err)
	if answer, ok := errors.AsType[*graph.Error](err); ok && answer.NotExecuted() && !answer.Temporary() {
		err = notCreated{err}
	}
	return "", err
}

// notCreated is the error of a folder that does not exist and that Graph refuses to
// create.
type notCreated struct{ error }

// Unwrap returns the refusal.
func (e notCreated) Unwrap() error { return e.error }

// childNamed looks for a subfolder by name. The comparison ignores case, as in Exchange,
// which does not allow two names that differ only in case.
func (m *mailbox) childNamed(ctx context.Context, box graph.Mailbox, parent, name string) (string, error) {
	for folders, err := range box.Children(ctx, parent, name) {
		if err != nil {
			return "", asGone(err)
		}
		for _, f := range folders {
			if !strings.EqualFold(f.Name, name) || f.IsSearch() {
				continue
			}
			if m.part == vaultPart && parent == root && !f.Hidden {
				return "", m.visible()
			}
			return f.ID, nil
		}
	}
	return "", fmt.Errorf("%w: folder %q in %s", driver.ErrGone, name, m.address)
}
