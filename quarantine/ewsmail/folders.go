package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// searchFolderType is the PidTagFolderType of a search folder.
const searchFolderType = "2"

// baseFolders are the well-known folders that paths begin at. All versions of
// Exchange know them.
var baseFolders = []ews.FolderName{
	ews.FolderMsgFolderRoot, ews.FolderInbox, ews.FolderSentItems, ews.FolderDeletedItems,
	ews.FolderDrafts, ews.FolderJunkEmail, ews.FolderOutbox,
}

// folderTree is the folders of a mailbox.
type folderTree struct {
	folderpath.Tree
	read  time.Time
	order []string   // ids of all folders that users see and that can contain items, in the server's order
	extra [][]string // further ids to search, grouped by store
	// missing are places to search that could not be listed.
	missing []driver.Unsearched
	// passing means that something missing may be there at the next try.
	passing bool
	// unlisted are folders whose subfolders could not all be listed.
	unlisted []driver.Unsearched
}

// newTree returns a tree without folders.
func newTree(read time.Time) *folderTree {
	return &folderTree{Tree: folderpath.Tree{Nodes: map[string]folderpath.Node{}, Base: map[string]string{}}, read: read}
}

// folders returns the folders of the mailbox. It reads them again if they were read
// longer than maxAge ago, but a reading that another caller began after this call is
// recent enough.
func (m *mailbox) folders(ctx context.Context, maxAge time.Duration) (*folderTree, error) {
	called := time.Now()
	known := m.kept()
	if known != nil && time.Since(known.read) < maxAge {
		return known, nil
	}
	room := m.rereading
	if known == nil {
		room = m.reading
	}
	select {
	case room <- struct{}{}:
		defer func() { <-room }()
	case <-ctx.Done(): // whoever is reading them may get the answer too late for this caller
		return nil, context.Cause(ctx)
	}
	known = m.kept()
	if known != nil && (time.Since(known.read) < maxAge || known.read.After(called)) {
		return known, nil
	}
	tree := newTree(time.Now())
	if known != nil {
		tree.Base = maps.Clone(known.Base) // ids of well-known folders do not change
	} else {
		base, err := m.baseFolders(ctx)
		if err != nil {
			return nil, err
		}
		tree.Base = base
	}
	for id, name := range tree.Base {
		if name == folderpath.Root {
			// It can contain items, too, and FindFolder does not return it.
			tree.order = append(tree.order, id)
		}
	}
	ids, err := m.walk(ctx, tree, ews.FolderMsgFolderRoot)
	if err != nil {
		return nil, m.unreachable(ctx, err)
	}
	// Put the Inbox first: it matters most if not all folders can be read.
	if i := slices.IndexFunc(ids, func(id string) bool { return tree.Base[id] == string(ews.FolderInbox) }); i > 0 {
		inbox := ids[i]
		ids = slices.Insert(slices.Delete(ids, i, i+1), 0, inbox)
	}
	tree.order = append(tree.order, ids...)
	if err := m.further(ctx, tree); err != nil {
		return nil, err
	}
	m.keep(tree)
	return tree, nil
}

// kept returns the folders as last read, or nil.
func (m *mailbox) kept() *folderTree {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tree
}

// keep remembers a tree, unless a reading that began later is already remembered. It also
// remembers an incomplete tree, which the next call reads again. Nil forgets the tree.
func (m *mailbox) keep(tree *folderTree) {
	m.mu.Lock()
	if m.tree == nil || tree == nil || tree.read.IsZero() || !m.tree.read.After(tree.read) {
		m.tree = tree
	}
	listed := m.tree.size() + m.archive.size()
	m.mu.Unlock()
	m.x.keeps(m, listed)
}

// size returns the number of folders in a tree.
func (t *folderTree) size() int {
	if t == nil {
		return 0
	}
	return len(t.Nodes)
}

// walk adds all folders below a well-known one to the tree and returns the ids
// of those that can contain items.
func (m *mailbox) walk(ctx context.Context, tree *folderTree, top ews.FolderName) (ids []string, err error) {
	all := m.client.FindFolders(ctx, ews.FindFolderRequest{
		Parent:    m.known(top),
		Traversal: ews.FolderDeep,
		Shape: ews.FolderShape{Properties: []ews.PropertyPath{
			ews.FieldFolderParentID, ews.FieldFolderName, ews.PidTagFolderType,
		}},
	})
	known := make(map[string]string) // one string for each id, so that the answer can be freed
	for f, err := range all {
		if len(ids) > 0 && (errors.Is(err, ews.ErrStalledPaging) || pageFails(err)) {
			err = fmt.Errorf("not all folders could be listed: %w", err)
			tree.unlisted = append(tree.unlisted, driver.NotSearched(driver.Folder{Path: "/" + string(top), Base: string(top)}, translate(err)))
			tree.read = time.Time{} // read again next time
			return ids, nil
		}
		if err != nil {
			return nil, err
		}
		if _, twice := tree.Nodes[f.ID.ID]; twice {
			continue // moved meanwhile, or repeated by a later page
		}
		id := strings.Clone(f.ID.ID)
		known[id] = id
		parent, ok := known[f.ParentID.ID]
		if !ok {
			parent = strings.Clone(f.ParentID.ID)
			known[parent] = parent
		}
		tree.Nodes[id] = folderpath.Node{Name: strings.Clone(f.DisplayName), Parent: parent}
		if kind, _ := f.Property(ews.PidTagFolderType); kind.Value != searchFolderType && f.Kind != "SearchFolder" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (m *mailbox) baseFolders(ctx context.Context) (map[string]string, error) {
	refs := make([]ews.FolderRef, len(baseFolders))
	for i, name := range baseFolders {
		refs[i] = m.known(name)
	}
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: refs, MayBeGone: true})
	if err != nil {
		return nil, m.unreachable(ctx, err)
	}
	if err := results[0].Err; err != nil {
		return nil, m.unreachable(ctx, err)
	}
	base := make(map[string]string, len(results))
	for i, r := range results {
		if r.Err == nil {
			base[strings.Clone(r.Value.ID.ID)] = string(baseFolders[i])
		} else if transient(r.Err) {
			return nil, r.Err
		}
	}
	return base, nil
}

// folder describes the folder with the given id. For a folder that is not in the tree, it
// returns only the id.
func (t *folderTree) folder(id string) driver.Folder {
	p := t.Place(id, folderpath.EscapeXML)
	f := driver.Folder{ID: id, Path: p.Path, Base: p.Base, Below: p.Below}
	_, f.Recoverable = recoverableHome[ews.FolderName(f.Base)]
	return f
}

// within returns the ids of a folder and of the folders below it that can contain items.
func (t *folderTree) within(id string) []string { return t.Within(id, t.order) }

// folder returns the folder with a given path. It creates missing folders if the request
// allows it.
func (m *mailbox) folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	if len(want.Names) == 0 {
		return driver.Folder{}, fmt.Errorf("%w: the request names no folder", driver.ErrGone)
	}
	escaped := make([]string, len(want.Names))
	for i, name := range want.Names {
		escaped[i] = folderpath.EscapeXML(name)
	}
	f := driver.Folder{Base: string(ews.FolderMsgFolderRoot), Below: strings.Join(escaped, "/")}
	f.Path = "/" + f.Below
	return m.descend(ctx, f, want.Create)
}

// folderByID returns a folder by its id. An id that the server cannot read comes from
// another server, from which the mailbox was moved: the folder is gone.
func (m *mailbox) folderByID(ctx context.Context, id string) (driver.Folder, error) {
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{ews.FolderID{ID: id}}, MayBeGone: true})
	if err == nil {
		err = results[0].Err
	}
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok && strings.HasPrefix(string(refused.Code), "ErrorInvalidId") {
		return driver.Folder{}, fmt.Errorf("%w: %w", driver.ErrGone, err)
	}
	if err != nil {
		return driver.Folder{}, asGone(err)
	}
	return m.describe(ctx, id)
}

// describe returns a folder with its path. An unknown path is not an error.
func (m *mailbox) describe(ctx context.Context, id string) (driver.Folder, error) {
	tree, err := m.folders(ctx, folderTTL)
	if err != nil {
		return driver.Folder{}, err
	}
	return tree.folder(id), nil
}

// descend walks from the base of a folder down to it. If create is set, it creates
// missing folders.
func (m *mailbox) descend(ctx context.Context, f driver.Folder, create bool) (driver.Folder, error) {
	var at ews.FolderRef = m.known(ews.FolderName(f.Base))
	for _, name := range folderpath.Split(f.Below) {
		id, err := m.child(ctx, at, name, create)
		if err != nil {
			return driver.Folder{}, err
		}
		f.ID, at = id, ews.FolderID{ID: id}
	}
	return f, nil
}

// child returns the id of the subfolder with a name. If two runs create it at the same
// time, both return the one that was created.
func (m *mailbox) child(ctx context.Context, parent ews.FolderRef, name string, create bool) (string, error) {
	id, err := m.childNamed(ctx, parent, name)
	if !errors.Is(err, driver.ErrGone) || !create {
		return id, err
	}
	results, err := m.client.CreateFolder(ctx, ews.CreateFolderRequest{Parent: parent, Folders: []ews.FolderSpec{{DisplayName: name}}})
	if err == nil {
		err = results[0].Err
	}
	if err == nil {
		m.keep(nil)
		return results[0].Value.ID, nil
	}
	// Somebody else may have created it, or this request did and only its answer was
	// lost.
	if id, lookErr := m.childNamed(ctx, parent, name); lookErr == nil {
		return id, nil
	}
	err = fmt.Errorf("creating folder %q in %s: %w", name, m.address, err)
	// It does not exist, and the server has refused to create it.
	if _, refused := errors.AsType[*ews.ResponseError](err); (refused || unexecuted(err)) && !transient(err) {
		err = notCreated{err}
	}
	return "", err
}

// notCreated is the error of a folder that does not exist and that the server
// refuses to create.
type notCreated struct{ error }

// Unwrap returns the refusal.
func (e notCreated) Unwrap() error { return e.error }

func (m *mailbox) childNamed(ctx context.Context, parent ews.FolderRef, name string) (string, error) {
	children := m.client.FindFolders(ctx, ews.FindFolderRequest{
		Parent:      parent,
		Shape:       ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName, ews.PidTagFolderType}},
		Restriction: ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldFolderName, Value: name},
	})
	for f, err := range children {
		if _, known := parent.(ews.DistinguishedFolder); known && err != nil {
			return "", m.unreachable(ctx, err) // the problem is the mailbox, not the folder
		}
		if err != nil {
			return "", asGone(err)
		}
		kind, _ := f.Property(ews.PidTagFolderType)
		if strings.EqualFold(f.DisplayName, name) && kind.Value != searchFolderType {
			return f.ID.ID, nil
		}
	}
	return "", fmt.Errorf("%w: folder %q in %s", driver.ErrGone, name, m.address)
}
