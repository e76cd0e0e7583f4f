package ewsmail

import (
	"context"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// FindAll answers queries over the same folders with shared searches: an Or of the
// individual restrictions, with at most as many nodes as a restriction may have. Each
// query gets the items that match it. If a server behaves oddly, pages its answer, or
// lists near matches, an individual search might have returned something else; the folder
// is then searched separately for that query.
func (m *mailbox) FindAll(ctx context.Context, queries []driver.Query) []driver.Reply[driver.Findings] {
	replies := make([]driver.Reply[driver.Findings], len(queries))
	var all []*seeker
	for i, q := range queries {
		if !sharable(q) || !samePlaces(q, queries[0]) {
			replies[i] = alone[driver.Findings]()
			continue
		}
		all = append(all, &seeker{finder: &finder{mailbox: m, query: q, restriction: queryRestriction(q)}, reply: &replies[i]})
	}
	for len(all) > 0 {
		n, nodes := 0, 1
		for n < len(all) && (n == 0 || nodes+all[n].nodes() <= maxNodes) {
			nodes += all[n].nodes()
			n++
		}
		p := crowd{m, all[:n]}
		p.run(ctx)
		for _, s := range p.seekers {
			s.reply.Value, s.reply.Err = s.found, translate(s.err)
		}
		all = all[n:]
	}
	return replies
}

// maxNodes is the largest number of nodes in a shared restriction: the limit of the
// servers, less one for the Or itself.
const maxNodes = 254

// sharable reports whether a query asks for few items.
func sharable(q driver.Query) bool { return !q.Stamped && (q.MessageID != "" || q.Operation != "") }

// samePlaces reports whether two queries are over the same folders.
func samePlaces(a, b driver.Query) bool {
	same := func(a, b *driver.Folder) bool { return a == nil && b == nil || a != nil && b != nil && a.ID == b.ID }
	return same(a.In, b.In) && same(a.Except, b.Except) && a.Below == b.Below && a.Archive == b.Archive
}

// seeker is one member of a crowd.
type seeker struct {
	*finder
	reply *driver.Reply[driver.Findings]
	err   error // why its search has ended
}

// nodes returns the most restriction nodes that the seeker can need.
func (s *seeker) nodes() int {
	return max(nodesOf(queryRestriction(s.query)), nodesOf(looseRestriction(s.query)))
}

func nodesOf(r ews.Restriction) int {
	n := 1
	var inner []ews.Restriction
	switch r := r.(type) {
	case ews.And:
		inner = r
	case ews.Or:
		inner = r
	}
	for _, i := range inner {
		n += nodesOf(i)
	}
	return n
}

// crowd is a group of seekers that search together.
type crowd struct {
	mailbox *mailbox
	seekers []*seeker
}

// those returns the seekers for which holds is true.
func (p crowd) those(holds func(*seeker) bool) crowd {
	part := crowd{mailbox: p.mailbox}
	for _, s := range p.seekers {
		if holds(s) {
			part.seekers = append(part.seekers, s)
		}
	}
	return part
}

// on returns the seekers whose search has not ended.
func (p crowd) on() crowd { return p.those(func(s *seeker) bool { return s.err == nil }) }

// fail ends the search of every seeker.
func (p crowd) fail(err error) {
	for _, s := range p.seekers {
		s.err = err
	}
}

// each searches for every seeker separately.
func (p crowd) each(search func(*finder) error) {
	for _, s := range p.on().seekers {
		s.err = search(s.finder)
	}
}

// run is [finder.run] for the whole crowd.
func (p crowd) run(ctx context.Context) {
	p.everywhere(ctx)
	p.on().archive(ctx)
	again := p.on().those(func(s *seeker) bool {
		return looseRestriction(s.query) != nil && s.kept == 0 && len(s.found.Unsearched) == 0
	})
	for _, s := range again.seekers {
		s.loosen()
	}
	again.everywhere(ctx)
}

// everywhere is [finder.everywhere] for the whole crowd.
func (p crowd) everywhere(ctx context.Context) {
	if len(p.seekers) == 0 {
		return
	}
	q := p.seekers[0].query
	if q.In != nil && !q.Below {
		p.search(ctx, [][]string{{q.In.ID}}, &folderTree{})
		return
	}
	known := p.mailbox.kept()
	tree, err := p.mailbox.folders(ctx, folderTTL)
	if err != nil {
		p.fail(err)
		return
	}
	p.search(ctx, tree.scope(q), tree)
	rest := p.on().those(func(s *seeker) bool { return !s.enough(tree != known) })
	if len(rest.seekers) == 0 {
		return
	}
	fresh, err := p.mailbox.folders(ctx, 0)
	if err != nil {
		rest.fail(err)
		return
	}
	// Most seekers have searched the same folders.
	places := make([][][]string, len(rest.seekers))
	for i, s := range rest.seekers {
		places[i] = s.unsearched(tree, fresh)
	}
	same := crowd{mailbox: p.mailbox}
	for i, s := range rest.seekers {
		if slices.EqualFunc(places[i], places[0], slices.Equal[[]string]) {
			same.seekers = append(same.seekers, s)
			continue
		}
		s.err = s.search(ctx, places[i], fresh)
	}
	same.search(ctx, places[0], fresh)
}

// archive is [finder.archive] for the whole crowd.
func (p crowd) archive(ctx context.Context) {
	if len(p.seekers) == 0 || !p.seekers[0].query.Archive || !p.seekers[0].apart() {
		return
	}
	tree, err := p.mailbox.archiveFolders(ctx)
	if err != nil {
		p.fail(err)
		return
	}
	p.search(ctx, tree.extra, tree)
}

// search is [finder.search] for the whole crowd.
func (p crowd) search(ctx context.Context, groups [][]string, tree *folderTree) {
	for _, s := range p.seekers {
		s.lacks(tree)
	}
	for _, ids := range groups {
		for batch := range slices.Chunk(ids, foldersPerCall) {
			p.on().searchBatch(ctx, batch, tree)
		}
	}
}

// searchBatch is [finder.searchBatch] for the whole crowd, with one request.
func (p crowd) searchBatch(ctx context.Context, batch []string, tree *folderTree) {
	if len(p.seekers) < 2 {
		p.each(func(f *finder) error { return f.searchBatch(ctx, batch, tree) })
		return
	}
	if len(batch) > 1 && p.mailbox.oneByOne() {
		for i := range batch {
			p.on().searchBatch(ctx, batch[i:i+1], tree)
		}
		return
	}
	var any ews.Or
	for _, s := range p.seekers {
		any = append(any, s.restriction)
	}
	request := ews.FindItemRequest{Shape: ews.ItemShape{Properties: searchProperties}, Restriction: any}
	for _, id := range batch {
		request.Folders = append(request.Folders, ews.FolderID{ID: id})
	}
	pages, err := p.mailbox.client.FindItem(ctx, request)
	if err != nil && !restrictionRefused(err) && !severalRefused(nil, err) && !ofOneRead(err) {
		p.fail(p.mailbox.unreachable(ctx, err))
		return
	}
	if err != nil || !tellsApart(pages) {
		p.each(func(f *finder) error { return f.searchBatch(ctx, batch, tree) })
		return
	}
	for i, page := range pages {
		p.on().collect(ctx, batch[i:i+1], page.Value, tree)
	}
}

// tellsApart reports whether all folders were searched and no id stands for two items: a
// query for one item must not find another.
func tellsApart(pages ews.Results[ews.ItemPage]) bool {
	seen := make(map[string]bool)
	for _, page := range pages {
		if page.Err != nil {
			return false
		}
		for _, raw := range page.Value.Items {
			if seen[raw.ID.ID] {
				return false
			}
			seen[raw.ID.ID] = true
		}
	}
	return true
}

// collect gives each seeker the items of a folder that it asks for.
func (p crowd) collect(ctx context.Context, folder []string, v ews.ItemPage, tree *folderTree) {
	plain := v.Last && (len(v.Items) > 0 || v.Total <= 0)
	items := make([]driver.Item, len(v.Items))
	for i, raw := range v.Items {
		items[i] = p.mailbox.item(raw, tree)
		plain = plain && len(raw.InternetMessageID) < driver.CutLength
	}
	for _, s := range p.seekers {
		var wanted []ews.Item
		clear := plain
		for i, it := range items {
			switch q := s.query; {
			case q.Matches(it):
				wanted = append(wanted, v.Items[i])
			case q.MessageID != "" && (it.MessageID == "" || driver.NearMessageID(q.MessageID, it.MessageID)):
				clear = false // unknown whether the server would have listed it for this seeker
			}
		}
		if !clear {
			s.err = s.searchBatch(ctx, folder, tree)
			continue
		}
		before := s.kept
		if _, s.err = s.keep(ctx, folder[0], wanted, tree, true); s.err == nil {
			s.found.Searched = append(s.found.Searched, driver.Searched{Folder: tree.folder(folder[0]), Pages: 1, Hits: s.kept - before})
		}
	}
}
