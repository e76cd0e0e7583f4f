package graphmail

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// foldersAtOnce is how many folders are searched in one request: the size of a batch.
const foldersAtOnce = 20

// finder is one search in one mailbox.
type finder struct {
	m     *mailbox
	box   graph.Mailbox
	query driver.Query
	// filter is the filter for the server, or "".
	filter string
	// show receives the matching items, which are then left out of the findings.
	show func([]driver.Item) error

	found  driver.Findings
	seen   map[string]bool // ids of the items that were kept
	missed bool            // something was seen in the whole mailbox but then in no folder
	longer bool            // a folder took more than one request
}

// find returns the items that match a query.
//
// The mailbox is searched twice: as a whole, and folder by folder. Neither search
// suffices alone. The first pages by $skip, so it may leave out items while others are
// moved, and it does not name the folders that it has searched. The second may miss an
// item that moves from a folder not yet searched into one that already was.
func (m *mailbox) find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	box, err := m.open(ctx)
	if err != nil {
		return driver.Findings{}, err
	}
	f := &finder{m: m, box: box, query: q, filter: filterOf(q), seen: make(map[string]bool)}
	err = f.run(ctx)
	return f.found, err
}

func (f *finder) run(ctx context.Context) error {
	switch q := f.query; {
	case q.Recoverable && q.In == nil:
		return f.recoverable(ctx)
	case q.In != nil && !q.Below:
		return f.folders(ctx, []string{q.In.ID}, &folderTree{}, nil)
	}
	known := f.m.kept()
	tree, err := f.m.folders(ctx, f.box, folderTTL)
	if err != nil {
		return err
	}
	look := &look{wide: f.query.In == nil && f.filter != "" && f.show == nil && f.m.part != vaultPart}
	if tree == known && (f.query.Operation == "" || f.query.In == nil) { // an item with a stamp is usually where it was put
		look.parents = tree.parents()
	}
	if err := f.tree(ctx, tree, nil, look); err != nil {
		return err
	}
	if f.longer {
		look.listed = nil // too early: an item that was on no page yet may have moved to a new folder
	}
	// Find items of a new folder in that folder, so that its path is known.
	if f.elsewhere(look.found, tree) {
		if err := f.afresh(ctx, tree, look.listed); err != nil {
			return err
		}
		tree = f.current(tree)
	}
	if err := f.stray(ctx, look.found, tree); err != nil {
		return err
	}
	complete := len(f.found.Unsearched) == 0 && !f.missed
	if tree == known && !(complete && len(f.seen) > 0 && f.query.Operation != "") || !complete && f.show == nil {
		if err := f.afresh(ctx, tree, look.listed); err != nil {
			return err
		}
	}
	if loose := looseFilter(f.query); loose != "" && f.query.In == nil && f.m.part != vaultPart && f.show == nil && len(f.seen) == 0 && len(f.found.Unsearched) == 0 {
		wide, err := f.whole(ctx, loose, f.current(tree))
		if refused(err) {
			return nil // the exact look is the one that counts
		}
		if err != nil {
			return err
		}
		return f.stray(ctx, wide, f.current(tree))
	}
	return nil
}

func (f *finder) current(tree *folderTree) *folderTree {
	if fresh := f.m.kept(); fresh != nil {
		return fresh
	}
	return tree
}

// look is what to read together with the folders of a tree, to save round trips.
type look struct {
	wide    bool     // also search the whole mailbox
	parents []string // also list the folders below these, at the end

	found  []graph.Message                      // in the whole mailbox
	listed map[string]graph.Pages[graph.Folder] // by parent
}

// afresh reads the folders again, except those in listed, and searches the ones that have
// not been searched: the remembered folders may be out of date.
func (f *finder) afresh(ctx context.Context, before *folderTree, listed map[string]graph.Pages[graph.Folder]) error {
	var fresh *folderTree
	var err error
	if listed != nil {
		fresh, err = f.m.again(ctx, f.box, before, listed)
	} else {
		fresh, err = f.m.folders(ctx, f.box, 0)
	}
	if err != nil {
		return err
	}
	searched := make(map[string]bool)
	for _, s := range f.found.Searched {
		searched[s.Folder.ID] = true
	}
	f.found.Unsearched = slices.DeleteFunc(f.found.Unsearched, func(u driver.Unsearched) bool { return !searched[u.Folder.ID] })
	return f.tree(ctx, fresh, searched, nil)
}

// tree searches the folders of a tree that the query covers, with exceptions.
func (f *finder) tree(ctx context.Context, tree *folderTree, except map[string]bool, with *look) error {
	f.found.Unsearched = append(f.found.Unsearched, tree.unlisted...)
	var ids []string
	if q := f.query; q.In != nil {
		ids = tree.within(q.In.ID)
	} else {
		ids = append(slices.Clone(tree.order), tree.extra...)
		if q.Except != nil {
			needless := tree.within(q.Except.ID)
			ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(needless, id) })
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return except[id] })
	return f.folders(ctx, ids, tree, with)
}

// recoverable searches what the owner of the mailbox could recover.
func (f *finder) recoverable(ctx context.Context) error {
	if f.m.part == vaultPart {
		return nil // items that its owner deleted there are among the deleted items of the owner's part
	}
	names, err := f.box.Known(ctx, []string{deletions})
	if err != nil {
		return f.m.unreachable(err)
	}
	if names[0] == nil {
		return nil
	}
	tree := newTree(time.Time{})
	tree.Base[names[0].ID] = deletions
	return f.folders(ctx, []string{names[0].ID}, tree, nil)
}

// request returns the request for the items of a folder, or of the whole mailbox.
func (f *finder) request(folder, filter string) graph.Query {
	fields := itemFields
	if f.query.Stamped {
		fields = append(slices.Clip(itemFields), senderFields...)
	}
	return graph.Query{Folder: folder, Filter: filter, Select: fields, Properties: itemProperties}
}

// folders searches folders. It reports those that cannot be searched, and continues with
// the others.
func (f *finder) folders(ctx context.Context, ids []string, tree *folderTree, with *look) error {
	if with == nil {
		with = &look{}
	}
	rest := ids
	for first := true; first || len(rest) > 0; first = false {
		var queries []graph.Query
		if first && with.wide {
			queries = append(queries, f.request("", f.filter))
		}
		batch := rest[:min(len(rest), foldersAtOnce-len(queries))]
		rest = rest[len(batch):]
		for _, id := range batch {
			queries = append(queries, f.request(id, f.filter))
		}
		var parents []string
		if len(rest) == 0 {
			parents = with.parents
		}
		if len(queries)+len(parents) == 0 {
			return nil
		}
		lists, listed, err := f.box.SearchAndBelow(ctx, queries, parents)
		if err != nil {
			return f.m.unreachable(err)
		}
		if first && with.wide {
			if with.found, err = f.wide(lists[0], f.filter, tree); err != nil {
				return err
			}
			lists = lists[1:]
		}
		for i, pages := range lists {
			if err := f.one(ctx, batch[i], pages, tree); err != nil {
				return err
			}
		}
		if parents != nil {
			with.listed = make(map[string]graph.Pages[graph.Folder], len(parents))
			for i, id := range parents {
				with.listed[id] = listed[i]
			}
		}
	}
	return nil
}

// one reads the items of one folder. An error ends the search of the whole mailbox.
func (f *finder) one(ctx context.Context, id string, pages graph.Pages[graph.Message], tree *folderTree) error {
	s := driver.Searched{Folder: f.describe(id, tree)}
	err := f.read(ctx, id, pages, tree, &s)
	if refused(err) && f.filter != "" {
		// The server cannot evaluate the filter, so filter here.
		f.longer = true
		var lists []graph.Pages[graph.Message]
		if lists, err = f.box.Search(ctx, []graph.Query{f.request(id, "")}); err == nil {
			err = f.read(ctx, id, lists[0], tree, &s)
		}
	}
	stopped, isStopped := errors.AsType[stoppedError](err)
	switch {
	case err == nil:
		f.found.Searched = append(f.found.Searched, s)
	case isStopped:
		return stopped.error
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, graph.ErrNoMailbox):
		return f.m.unreachable(err)
	default:
		f.found.Unsearched = append(f.found.Unsearched, driver.NotSearched(s.Folder, translate(err)))
	}
	return nil
}

// stoppedError is the error of the function that the items are shown to.
type stoppedError struct{ error }

func (f *finder) read(ctx context.Context, id string, pages graph.Pages[graph.Message], tree *folderTree, s *driver.Searched) error {
	for raws, err := range pages {
		if err != nil {
			return err
		}
		s.Pages++
		f.longer = f.longer || s.Pages > 1
		n, err := f.keep(ctx, id, raws, tree)
		if err != nil {
			return err
		}
		s.Hits += n
	}
	return nil
}

func (f *finder) describe(id string, tree *folderTree) driver.Folder {
	if in := f.query.In; in != nil && in.ID == id {
		return *in
	}
	return tree.folder(id)
}

// keep keeps the items of one page that match, and returns their number. Pages count by
// $skip, so the next one may repeat items that others have moved.
func (f *finder) keep(ctx context.Context, folder string, raws []graph.Message, tree *folderTree) (int, error) {
	var wanted []driver.Item
	held := make(map[string]bool) // whether a folder is in this part
	for _, raw := range raws {
		if raw.ID == "" || f.seen[raw.ID] {
			continue
		}
		if err := f.belongs(ctx, folder, raw, tree); err != nil {
			return 0, err
		}
		if at := cmp.Or(raw.FolderID, folder); f.m.part == vaultPart || at != folder {
			mine, known := held[at]
			if !known {
				var err error
				if mine, err = f.m.has(ctx, f.box, at); err != nil {
					return 0, err
				}
				held[at] = mine
			}
			if !mine {
				continue // moved to the other part
			}
		}
		it := f.m.item(raw, tree)
		if it.Folder.ID == "" || it.Folder.ID == folder {
			it.Folder = f.describe(folder, tree)
		}
		if err := f.uncut(ctx, &it); err != nil {
			return 0, err
		}
		switch {
		case f.query.Matches(it):
			f.seen[raw.ID] = true
			wanted = append(wanted, it)
		case driver.NearMessageID(f.query.MessageID, it.MessageID) && !slices.ContainsFunc(f.found.Near, func(n driver.Item) bool { return n.ID == it.ID }):
			if err := f.found.KeepNear(it); err != nil {
				return 0, err
			}
		}
	}
	if f.show != nil {
		if err := f.show(wanted); err != nil {
			return 0, stoppedError{err}
		}
		return len(wanted), nil
	}
	return len(wanted), f.found.Keep(wanted...)
}

// uncut reads a Message-ID again if a list may have truncated it.
func (f *finder) uncut(ctx context.Context, it *driver.Item) error {
	if len(it.MessageID) < driver.CutLength {
		return nil
	}
	whole, err := f.box.Message(ctx, it.ID, []string{"id", "internetMessageId"}, nil)
	want := driver.BareMessageID(f.query.MessageID)
	switch {
	case err == nil:
		it.MessageID = whole.MessageID
	case !errors.Is(asGone(err), driver.ErrGone):
		return err
	case want != "" && strings.HasPrefix(want, strings.TrimPrefix(it.MessageID, "<")):
		it.MessageID = f.query.MessageID // the engine decides what became of it
	}
	return nil
}
