package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// foldersPerCall is how many folders one FindItem looks into. More make the
// call last longer than a server may take, and one answer too large.
const foldersPerCall = 20

// cutLength is the length from which on a string in search results may have
// been cut.
const cutLength = 255

// searchProperties are what a search returns of each item.
var searchProperties = append([]ews.PropertyPath{
	ews.FieldParentFolderID, ews.FieldItemClass, ews.FieldSubject, ews.FieldSize, ews.FieldDateTimeReceived,
	ews.FieldDateTimeSent, ews.FieldHasAttachments, ews.FieldIsRead, ews.FieldInternetMessageID,
}, stampPaths()...)

func stampPaths() []ews.PropertyPath {
	var paths []ews.PropertyPath
	for _, name := range StampNames() {
		paths = append(paths, stampField(name))
	}
	return paths
}

func stampField(name string) ews.ExtendedField {
	return ews.ExtendedField{GUID: StampSet, Name: name, Type: ews.TypeString}
}

// find returns the items that a query asks for.
func (m *exchangeMailbox) find(ctx context.Context, q Query) (Findings, error) {
	return (&finder{mailbox: m, query: q, restriction: q.restriction()}).run(ctx)
}

// search returns those of them that match criteria.
func (m *exchangeMailbox) search(ctx context.Context, c Criteria, l Limits, q Query) (Findings, error) {
	s, err := m.newSifter(c, l)
	if err != nil {
		return Findings{}, err
	}
	return (&finder{mailbox: m, query: q, restriction: append(q.restriction(), c.restriction()...), sifter: s}).run(ctx)
}

// finder is one search in one mailbox.
type finder struct {
	mailbox     *exchangeMailbox
	query       Query
	restriction ews.And
	sifter      *sifter // nil: the query alone decides

	found     Findings
	undecided []Unsearched // of items that the sifter could not decide on
}

func (f *finder) run(ctx context.Context) (Findings, error) {
	err := f.everywhere(ctx)
	f.found.Unsearched = append(f.found.Unsearched, f.undecided...)
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
	if err != nil || len(f.found.Items) > 0 && len(f.found.Unsearched) == 0 {
		return err
	}
	// Nothing was found where it was looked, or a folder has vanished: what is
	// remembered of the folders may be out of date.
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
func (t *folderTree) scope(q Query) [][]string {
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
	undo := f.savepoint()
	before := len(f.found.Items)
	pages, err := 0, error(nil)
	for offset := 0; ; {
		pages++
		if err = page.Err; err != nil {
			break
		}
		if err = f.take(ctx, folder, page.Value.Items, tree); err != nil || page.Value.Last {
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
		f.found.Searched = append(f.found.Searched, Searched{tree.folder(folder), pages, len(f.found.Items) - before})
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrTooManyHits):
		return err
	}
	undo()
	f.found.Unsearched = append(f.found.Unsearched, unsearched(tree.folder(folder), translate(err)))
	return nil
}

// savepoint returns what takes back everything that was found since: a folder
// that fails is looked into again as a whole.
func (f *finder) savepoint() (undo func()) {
	items, undecided, hits := len(f.found.Items), len(f.undecided), 0
	if f.sifter != nil {
		hits = f.sifter.hits
	}
	return func() {
		f.found.Items, f.undecided = f.found.Items[:items], f.undecided[:undecided]
		if f.sifter != nil {
			f.sifter.hits = hits
		}
	}
}

// take keeps what is wanted of the items of one page.
func (f *finder) take(ctx context.Context, folder string, raws []ews.Item, tree *folderTree) error {
	wanted := make(map[string]Item)
	var left []ews.Item
	for _, raw := range raws {
		it := f.mailbox.item(raw, tree)
		switch q := f.query; {
		case q.In != nil && q.In.ID == folder:
			it.Folder = *q.In
		case it.Folder.ID == "":
			it.Folder = tree.folder(folder)
		}
		if len(raw.InternetMessageID) >= cutLength {
			whole, err := f.mailbox.inspect(ctx, it.ID)
			if errors.Is(err, ErrGone) {
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
		if f.query.matches(it) {
			wanted[it.ID] = it
			left = append(left, raw)
		}
	}
	if f.sifter != nil && len(left) > 0 {
		hits, undecided, err := f.sifter.sift(ctx, left)
		if err != nil {
			return err
		}
		f.report(tree.folder(folder), undecided)
		left = hits
	}
	for _, raw := range left {
		f.found.Items = append(f.found.Items, wanted[raw.ID.ID])
	}
	return nil
}

// maxUndecided is how many items of a page are told one by one of which it
// cannot be known whether they match.
const maxUndecided = 10

// report notes the items of a folder that could not be decided on.
func (f *finder) report(folder Folder, errs []error) {
	told := errs[:min(len(errs), maxUndecided)]
	for _, err := range told {
		f.undecided = append(f.undecided, Unsearched{folder, CauseUndecided, err.Error()})
	}
	if n := len(errs) - len(told); n > 0 {
		f.undecided = append(f.undecided, Unsearched{folder, CauseUndecided, fmt.Sprintf("%d more messages could not be looked into", n)})
	}
}

// restriction says to the server what the query asks for.
func (q Query) restriction() ews.And {
	var all ews.And
	equal := func(p ews.PropertyPath, v string) ews.Restriction {
		return ews.Compare{Op: ews.IsEqualTo, Property: p, Value: v}
	}
	if q.MessageID != "" {
		bare := bareMessageID(q.MessageID)
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
		all = append(all, equal(stampField(StampOperation), q.Operation))
	}
	if q.Origin != "" {
		all = append(all, equal(stampField(StampMailbox), strings.ToLower(q.Origin)))
	}
	if q.Stamped {
		all = append(all, ews.Exists{Property: stampField(StampOperation)})
	}
	return all
}

// matches checks what the server gave: it compares more loosely than it should.
func (q Query) matches(it Item) bool {
	if q.MessageID != "" && !sameMessageID(it.MessageID, q.MessageID) {
		return false
	}
	if !q.Received.IsZero() && !sameTime(it.Received, q.Received) {
		return false
	}
	if q.Operation == "" && q.Origin == "" && !q.Stamped {
		return true
	}
	return it.Stamp != nil && (q.Operation == "" || it.Stamp.Operation == q.Operation) &&
		(q.Origin == "" || strings.EqualFold(it.Stamp.Mailbox, q.Origin))
}
