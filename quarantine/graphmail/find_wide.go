package graphmail

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// whole searches the visible mailbox as a whole.
func (f *finder) whole(ctx context.Context, filter string, tree *folderTree) ([]graph.Message, error) {
	lists, err := f.box.Search(ctx, []graph.Query{f.request("", filter)})
	if err != nil {
		return nil, f.m.unreachable(err)
	}
	return f.wide(lists[0], filter, tree)
}

// maxWide is how many messages a search of a whole mailbox may find before it is given
// up: each of them is then looked for in the folders.
const maxWide = 100_000

// wide reads the results of a search of the whole mailbox, without the items that the
// filter should have left out.
func (f *finder) wide(pages graph.Pages[graph.Message], filter string, tree *folderTree) ([]graph.Message, error) {
	var all []graph.Message
	for raws, err := range pages {
		switch {
		case refused(err) && filter == f.filter:
			return nil, nil // search folder by folder instead
		case err != nil:
			return nil, f.m.unreachable(err)
		}
		for _, raw := range raws {
			if f.may(f.m.item(raw, tree)) {
				all = append(all, raw)
			}
		}
		if len(all) > maxWide {
			return nil, fmt.Errorf("%w: more than %d messages of %s match: search a smaller part, such as one folder or a shorter time", driver.ErrTooMany, maxWide, f.m.address)
		}
	}
	return all, nil
}

// may reports whether an item of a list matches the query, or would match if its
// Message-ID had not been truncated.
func (f *finder) may(it driver.Item) bool {
	return f.query.Matches(it) || driver.NearMessageID(f.query.MessageID, it.MessageID) || len(it.MessageID) >= driver.CutLength
}

// stray handles messages that were seen in the whole mailbox but not in a folder: they
// are in an unknown folder, or have been moved meanwhile.
func (f *finder) stray(ctx context.Context, wide []graph.Message, tree *folderTree) error {
	for _, raw := range wide {
		if f.seen[raw.ID] || raw.ID == "" || slices.Contains(tree.vault, raw.FolderID) {
			continue
		}
		now, err := f.box.Message(ctx, raw.ID, f.request("", "").Select, itemProperties)
		if errors.Is(asGone(err), driver.ErrGone) {
			f.missed = true
			if it := f.m.item(raw, tree); f.query.Matches(it) && len(f.seen) == 0 {
				f.found.Unsearched = append(f.found.Unsearched, driver.Unsearched{
					Folder: it.Folder, Cause: driver.CauseUndecided,
					Reason: "a message that matches was moved or deleted while the mailbox was searched; run it again",
				})
			}
			continue
		}
		if err != nil {
			return f.m.unreachable(err)
		}
		if slices.Contains(tree.vault, now.FolderID) {
			continue
		}
		if except := f.query.Except; except != nil && slices.Contains(tree.within(except.ID), now.FolderID) {
			continue
		}
		if n, err := f.keep(ctx, now.FolderID, []graph.Message{now}, tree); err != nil {
			return err
		} else if n > 0 {
			f.found.Searched = f.hit(f.found.Searched, tree.folder(now.FolderID), n)
		}
	}
	return nil
}

// hit counts hits in a folder in addition to those that its search has found.
func (f *finder) hit(searched []driver.Searched, folder driver.Folder, n int) []driver.Searched {
	for i := range searched {
		if searched[i].Folder.ID == folder.ID {
			searched[i].Hits += n
			return searched
		}
	}
	return append(searched, driver.Searched{Folder: folder, Pages: 1, Hits: n})
}

// elsewhere reports whether something was seen in a folder that a tree does not have.
func (f *finder) elsewhere(wide []graph.Message, tree *folderTree) bool {
	return slices.ContainsFunc(wide, func(raw graph.Message) bool {
		_, listed := tree.Nodes[raw.FolderID]
		_, wellKnown := tree.Base[raw.FolderID]
		return !f.seen[raw.ID] && !listed && !wellKnown
	})
}
