package ewsmail

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// foldersPerCall is how many folders one FindItem looks into. More make the
// call last longer than a server may take, and one answer too large.
const foldersPerCall = 20

// searchProperties are what a search returns of each item.
var searchProperties = append([]ews.PropertyPath{
	ews.FieldParentFolderID, ews.FieldItemClass, ews.FieldSubject, ews.FieldSize, ews.FieldDateTimeReceived,
	ews.FieldDateTimeSent, ews.FieldHasAttachments, ews.FieldIsRead, ews.FieldInternetMessageID,
}, stampPaths()...)

func stampPaths() []ews.PropertyPath {
	var paths []ews.PropertyPath
	for _, name := range driver.StampNames() {
		paths = append(paths, stampField(name))
	}
	return paths
}

func stampField(name string) ews.ExtendedField {
	return ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}
}

// find returns the items that a query asks for.
func (m *mailbox) find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	return (&finder{mailbox: m, query: q, restriction: queryRestriction(q)}).run(ctx)
}

// finder is one search in one mailbox.
type finder struct {
	mailbox     *mailbox
	query       driver.Query
	restriction ews.And
	examiner    *examiner // nil: the items are the findings

	found driver.Findings
	kept  int // items that the query asks for
}

func (f *finder) run(ctx context.Context) (driver.Findings, error) {
	err := f.everywhere(ctx)
	if f.examiner != nil && f.examiner.stopped != nil {
		err = f.examiner.stopped
	}
	return f.found, err
}

// everywhere looks into all folders that the query names.
func (f *finder) everywhere(ctx context.Context) error {
	q := f.query
	if q.In != nil && !q.Below {
		return f.search(ctx, [][]string{{q.In.ID}}, &folderTree{})
	}
	tree, err := f.mailbox.folders(ctx, folderTTL)
	if err != nil {
		return err
	}
	err = f.search(ctx, tree.scope(q), tree)
	if err != nil || f.kept > 0 && f.examiner == nil && len(f.found.Unsearched) == 0 {
		return err
	}
	// Nothing was found, or a folder has vanished, or whether a candidate matches
	// is for the engine to say: what is remembered of the folders may be out of
	// date.
	fresh, err := f.mailbox.folders(ctx, 0)
	if err != nil {
		return err
	}
	searched := make(map[string]bool)
	for _, ids := range tree.scope(q) {
		for _, id := range ids {
			searched[id] = true
		}
	}
	for _, u := range f.found.Unsearched {
		delete(searched, u.Folder.ID)
	}
	f.found.Unsearched = nil
	again := fresh.scope(q)
	for i := range again {
		again[i] = slices.DeleteFunc(slices.Clone(again[i]), func(id string) bool { return searched[id] })
	}
	return f.search(ctx, again, fresh)
}

// scope returns the ids of the folders that a query looks into, those of one
// store together.
func (t *folderTree) scope(q driver.Query) [][]string {
	if q.In == nil {
		return append([][]string{t.order}, t.extra...)
	}
	return [][]string{t.within(q.In.ID)}
}

// search looks into folders. A folder that cannot be searched is reported, and
// does not keep the others from being searched.
func (f *finder) search(ctx context.Context, groups [][]string, tree *folderTree) error {
	if f.query.In == nil {
		f.found.Unsearched = append(f.found.Unsearched, tree.missing...)
	}
	for _, ids := range groups {
		for batch := range slices.Chunk(ids, foldersPerCall) {
			if err := f.searchBatch(ctx, batch, tree); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *finder) searchBatch(ctx context.Context, batch []string, tree *folderTree) error {
	request := ews.FindItemRequest{Shape: ews.ItemShape{Properties: searchProperties}}
	if len(f.restriction) > 0 {
		request.Restriction = f.restriction
	}
	for _, id := range batch {
		request.Folders = append(request.Folders, ews.FolderID{ID: id})
	}
	pages, err := f.mailbox.client.FindItem(ctx, request)
	if err != nil {
		return f.mailbox.unreachable(ctx, err)
	}
	for i, page := range pages {
		if errors.Is(page.Err, ews.ErrNotProcessed) {
			page.Value, page.Err = ews.ItemPage{}, nil // asked again by itself
		}
		one := request
		one.Folders = request.Folders[i : i+1]
		if err := f.collect(ctx, batch[i], one, page, tree); err != nil {
			return err
		}
	}
	return nil
}

// collect takes a page of one folder and reads the pages that follow it. The
// error ends the search of the whole mailbox.
func (f *finder) collect(ctx context.Context, folder string, request ews.FindItemRequest, page ews.Result[ews.ItemPage], tree *folderTree) error {
	items, before := len(f.found.Items), f.kept
	pages, err := 0, error(nil)
	for offset := 0; ; {
		pages++
		if err = page.Err; err != nil {
			break
		}
		if err = f.keep(ctx, folder, page.Value.Items, tree); err != nil || page.Value.Last {
			break
		}
		if page.Value.NextOffset <= offset && pages > 1 {
			err = ews.ErrStalledPaging
			break
		}
		offset = page.Value.NextOffset
		request.Offset = offset
		var more []ews.Result[ews.ItemPage]
		if more, err = f.mailbox.client.FindItem(ctx, request); err != nil {
			break
		}
		page = more[0]
	}
	switch {
	case err == nil:
		f.found.Searched = append(f.found.Searched, driver.Searched{Folder: tree.folder(folder), Pages: pages, Hits: f.kept - before})
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case f.examiner != nil && f.examiner.stopped != nil:
		return f.examiner.stopped
	}
	// The folder is looked into again as a whole.
	f.found.Items, f.kept = f.found.Items[:items], before
	f.found.Unsearched = append(f.found.Unsearched, driver.NotSearched(tree.folder(folder), translate(err)))
	return nil
}

// keep keeps what is wanted of the items of one page.
func (f *finder) keep(ctx context.Context, folder string, raws []ews.Item, tree *folderTree) error {
	var wanted []driver.Item
	for _, raw := range raws {
		if f.examiner != nil && !isMail(raw) {
			continue
		}
		it := f.mailbox.item(raw, tree)
		switch q := f.query; {
		case q.In != nil && q.In.ID == folder:
			it.Folder = *q.In
		case it.Folder.ID == "":
			it.Folder = tree.folder(folder)
		}
		if len(raw.InternetMessageID) >= driver.CutLength {
			whole, err := f.mailbox.inspect(ctx, it.ID)
			if errors.Is(err, driver.ErrGone) {
				continue
			}
			if err != nil {
				return err
			}
			it.MessageID = whole.MessageID
		}
		if it.Stamp != nil && isPurges(tree.base[folder]) {
			continue // what quarantine itself has removed, and retention keeps
		}
		if f.query.Matches(it) {
			wanted = append(wanted, it)
		}
	}
	f.kept += len(wanted)
	if f.examiner != nil {
		return f.examiner.examine(ctx, wanted)
	}
	f.found.Items = append(f.found.Items, wanted...)
	return nil
}

// queryRestriction says to the server what a query asks for.
func queryRestriction(q driver.Query) ews.And {
	var all ews.And
	equal := func(p ews.PropertyPath, v string) ews.Restriction {
		return ews.Compare{Op: ews.IsEqualTo, Property: p, Value: v}
	}
	if q.MessageID != "" {
		bare := driver.BareMessageID(q.MessageID)
		all = append(all, ews.Or{
			equal(ews.FieldInternetMessageID, "<"+bare+">"),
			equal(ews.FieldInternetMessageID, bare),
		})
	}
	if !q.Received.IsZero() {
		from := q.Received.Truncate(time.Second)
		all = append(all,
			ews.Compare{Op: ews.IsGreaterThanOrEqualTo, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(from)},
			ews.Compare{Op: ews.IsLessThan, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(from.Add(time.Second))})
	}
	if q.Operation != "" {
		all = append(all, equal(stampField(driver.StampOperation), q.Operation))
	}
	if q.Origin != "" {
		all = append(all, equal(stampField(driver.StampMailbox), strings.ToLower(q.Origin)))
	}
	if q.Stamped {
		all = append(all, ews.Exists{Property: stampField(driver.StampOperation)})
	}
	return all
}
