package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// foldersPerCall is how many folders one FindItem searches. With more, a call can
// exceed the server's time limit, and its answer becomes too large.
const foldersPerCall = 20

// searchProperties are the properties that a search returns for each item.
var searchProperties = append([]ews.PropertyPath{
	ews.FieldParentFolderID, ews.FieldItemClass, ews.FieldSubject, ews.FieldSize, ews.FieldDateTimeReceived,
	ews.FieldDateTimeSent, ews.FieldHasAttachments, ews.FieldIsRead, ews.FieldInternetMessageID,
	ews.PidTagInternetMessageID, // of kinds that have no such field: contacts, appointments
	pidTagLastVerbExecuted, pidTagLastVerbExecutionTime, pidTagFlagStatus,
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

// find returns the items that match a query.
func (m *mailbox) find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	return (&finder{mailbox: m, query: q, restriction: queryRestriction(q)}).run(ctx)
}

// finder is one search in one mailbox.
type finder struct {
	mailbox     *mailbox
	query       driver.Query
	restriction ews.And
	examiner    *examiner // nil: the items are the findings
	first       bool      // another look follows that covers all that this one asks for

	found driver.Findings
	kept  int // items that match the query
	// partly are the ids of the items kept from folders that could not be read to the
	// end.
	partly map[string]bool
}

func (f *finder) run(ctx context.Context) (driver.Findings, error) {
	if f.query.Recoverable && f.query.In == nil {
		err := f.recoverable(ctx)
		return f.found, err
	}
	err := f.everywhere(ctx)
	if err == nil && f.query.Archive {
		err = f.archive(ctx)
	}
	loose := looseRestriction(f.query)
	if err == nil && loose != nil && f.examiner == nil && f.kept == 0 && len(f.found.Unsearched) == 0 {
		f.loosen()
		err = f.everywhere(ctx)
	}
	if f.examiner != nil && f.examiner.stopped != nil {
		err = f.examiner.stopped
	}
	return f.found, err
}

// loosen starts over, for any spelling of the Message-ID.
func (f *finder) loosen() {
	f.restriction, f.found, f.partly = looseRestriction(f.query), driver.Findings{}, nil
}

// everywhere searches all folders that the query covers. The search folder AllItems,
// which some mailboxes have, is no shortcut: a search folder lags and may lack folders,
// so it proves nothing about items that it does not show.
func (f *finder) everywhere(ctx context.Context) error {
	q := f.query
	if q.In != nil && !q.Below {
		return f.search(ctx, [][]string{{q.In.ID}}, &folderTree{})
	}
	known := f.mailbox.kept()
	tree, err := f.mailbox.folders(ctx, folderTTL)
	if err != nil {
		return err
	}
	err = f.search(ctx, tree.scope(q), tree)
	if err != nil || f.first || f.enough(tree != known) {
		return err
	}
	// The remembered folders may be out of date. Read them again if nothing was found, if
	// a folder has vanished, if there may be another copy in a new folder, or if the
	// engine decides whether a candidate matches.
	fresh, err := f.mailbox.folders(ctx, 0)
	if err != nil {
		return err
	}
	return f.search(ctx, f.unsearched(tree, fresh), fresh)
}

// enough reports whether the search of the known folders is sufficient, so that the
// folders need not be read again. The argument fresh means that they were read just now.
func (f *finder) enough(fresh bool) bool {
	return f.kept > 0 && (fresh || f.query.Operation != "") && f.examiner == nil && len(f.found.Unsearched) == 0
}

// unsearched returns the folders of a tree that the query covers and that were not
// searched in an earlier tree. It also clears the list of folders that could not be
// searched.
func (f *finder) unsearched(earlier, tree *folderTree) [][]string {
	searched := make(map[string]bool)
	for _, ids := range earlier.scope(f.query) {
		for _, id := range ids {
			searched[id] = true
		}
	}
	for _, u := range f.found.Unsearched {
		delete(searched, u.Folder.ID)
	}
	f.found.Unsearched = nil
	again := tree.scope(f.query)
	for i := range again {
		again[i] = slices.DeleteFunc(slices.Clone(again[i]), func(id string) bool { return searched[id] })
	}
	return again
}

// scope returns the ids of the folders that a query covers, grouped by store.
func (t *folderTree) scope(q driver.Query) [][]string {
	if q.In == nil {
		order := t.order
		if q.Except != nil {
			needless := make(map[string]bool)
			for _, id := range t.within(q.Except.ID) {
				needless[id] = true
			}
			order = slices.DeleteFunc(slices.Clone(order), func(id string) bool { return needless[id] })
		}
		return append([][]string{order}, t.extra...)
	}
	return [][]string{t.within(q.In.ID)}
}

// search searches folders. It reports those that cannot be searched, and
// continues with the others.
func (f *finder) search(ctx context.Context, groups [][]string, tree *folderTree) error {
	f.lacks(tree)
	for _, ids := range groups {
		for batch := range slices.Chunk(ids, foldersPerCall) {
			if err := f.searchBatch(ctx, batch, tree); err != nil {
				return err
			}
		}
	}
	return nil
}

// lacks reports which parts of a tree cannot be searched.
func (f *finder) lacks(tree *folderTree) {
	f.found.Unsearched = append(f.found.Unsearched, tree.unlisted...)
	if f.query.In == nil {
		f.found.Unsearched = append(f.found.Unsearched, tree.missing...)
	}
}

func (f *finder) searchBatch(ctx context.Context, batch []string, tree *folderTree) error {
	if len(batch) > 1 && f.mailbox.oneByOne() {
		return f.searchEach(ctx, batch, tree)
	}
	request := ews.FindItemRequest{Shape: ews.ItemShape{Properties: searchProperties}}
	if f.query.Stamped {
		request.Shape.Properties = append(slices.Clip(searchProperties), senderProperties()...)
	}
	if len(f.restriction) > 0 {
		request.Restriction = f.restriction
	}
	for _, id := range batch {
		request.Folders = append(request.Folders, ews.FolderID{ID: id})
	}
	if f.examiner != nil {
		request.PageSize = candidatesPerPage
	}
	pages, err := f.mailbox.client.FindItem(ctx, request)
	if len(batch) > 1 && severalRefused(pages, err) {
		f.mailbox.searchOneByOne()
		return f.searchEach(ctx, batch, tree)
	}
	if restrictionRefused(err) && !f.first {
		pages = make([]ews.Result[ews.ItemPage], len(batch))
		for i := range pages {
			pages[i].Err = err
		}
		err = nil
	}
	if err != nil {
		return f.mailbox.unreachable(ctx, err)
	}
	for i, page := range pages {
		if errors.Is(page.Err, ews.ErrNotProcessed) {
			page.Value, page.Err = ews.ItemPage{}, nil // retried on its own
		}
		one := request
		one.Folders = request.Folders[i : i+1]
		if err := f.collect(ctx, batch[i], one, page, tree); err != nil {
			return err
		}
	}
	return nil
}

// searchEach searches folders with a request for each.
func (f *finder) searchEach(ctx context.Context, batch []string, tree *folderTree) error {
	for i := range batch {
		if err := f.searchBatch(ctx, batch[i:i+1], tree); err != nil {
			return err
		}
	}
	return nil
}

// collect takes the first page of one folder and reads the following ones. An
// error ends the search of the whole mailbox.
func (f *finder) collect(ctx context.Context, folder string, request ews.FindItemRequest, page ews.Result[ews.ItemPage], tree *folderTree) error {
	before := f.kept
	r := &pageReader{client: f.mailbox.client, request: request, page: page, usual: request.PageSize, strict: f.first}
	var ids []string
	err := r.each(ctx, func(raws []ews.Item) error {
		wanted, err := f.keep(ctx, folder, raws, tree, r.request.Restriction != nil)
		ids = append(ids, wanted...)
		return err
	})
	switch {
	case err == nil:
		f.found.Searched = append(f.found.Searched, driver.Searched{Folder: tree.folder(folder), Pages: r.pages, Hits: f.kept - before})
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case f.examiner != nil && f.examiner.stopped != nil:
		return f.examiner.stopped
	}
	// Items found so far are kept, and are not added again if the whole folder is
	// searched again.
	if f.partly == nil {
		f.partly = make(map[string]bool)
	}
	for _, id := range ids {
		f.partly[id] = true
	}
	f.found.Unsearched = append(f.found.Unsearched, driver.NotSearched(tree.folder(folder), translate(err)))
	return nil
}

// keep keeps the items of one page that match, and returns their ids. The argument
// restricted means that the server has already filtered them.
func (f *finder) keep(ctx context.Context, folder string, raws []ews.Item, tree *folderTree, restricted bool) ([]string, error) {
	var wanted []driver.Item
	var ids []string
	listed := make(map[string]bool) // in this page: the next may repeat items that have moved
	for _, raw := range raws {
		if f.partly[raw.ID.ID] {
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
			switch want := driver.BareMessageID(f.query.MessageID); {
			case err == nil:
				it.MessageID = whole.MessageID
			case !errors.Is(err, driver.ErrGone):
				return nil, err
			case want != "" && strings.HasPrefix(want, strings.TrimPrefix(it.MessageID, "<")):
				it.MessageID = f.query.MessageID // the engine decides what became of it
			}
		}
		if it.Stamp != nil && isPurges(ews.FolderName(tree.Base[folder])) {
			continue // removed by the quarantine itself, and kept by retention
		}
		switch q := f.query; {
		case q.Matches(it) && listed[it.ID]:
			f.found.Unsearched = append(f.found.Unsearched, driver.Unsearched{
				Folder: it.Folder, Cause: driver.CauseUndecided,
				Reason: "the server lists several messages under one id, so only one of them can be taken; run it again",
			})
		case q.Matches(it):
			wanted, ids, listed[it.ID] = append(wanted, it), append(ids, it.ID), true
		case q.MessageID != "" && it.MessageID == "" && restricted:
			f.found.Unsearched = append(f.found.Unsearched, driver.Unsearched{
				Folder: it.Folder, Cause: driver.CauseUndecided,
				Reason: fmt.Sprintf("the server lists an item of class %s for the Message-ID, but does not say what Message-ID it has", it.Class),
			})
		case driver.NearMessageID(q.MessageID, it.MessageID):
			if err := f.found.KeepNear(it); err != nil {
				return nil, err
			}
		}
	}
	if f.examiner != nil {
		if err := f.examiner.examine(ctx, wanted); err != nil {
			return nil, err
		}
	} else if err := f.found.Keep(wanted...); err != nil {
		return nil, err
	}
	f.kept += len(wanted)
	return ids, nil
}

// queryRestriction returns the EWS restriction for a query.
func queryRestriction(q driver.Query) ews.And {
	var all ews.And
	equal := func(p ews.PropertyPath, v string) ews.Restriction {
		return ews.Compare{Op: ews.IsEqualTo, Property: p, Value: v}
	}
	switch {
	case q.MessageID != "" && q.Origin != "":
		// Few items come from one mailbox, so any spelling can be asked for right away.
		all = append(all, spelledAnyhow(q))
	case q.MessageID != "":
		var spelled ews.Or
		for _, id := range driver.MessageIDSpellings(q.MessageID) {
			spelled = append(spelled, equal(ews.FieldInternetMessageID, id))
		}
		all = append(all, spelled)
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

// looseRestriction returns a restriction that finds a Message-ID in any spelling, for a
// query that has found nothing. It returns nil if the query has already asked for that.
func looseRestriction(q driver.Query) ews.And {
	if q.MessageID == "" || q.Origin != "" || q.Operation != "" {
		return nil
	}
	return ews.And{spelledAnyhow(q)}
}

// spelledAnyhow matches ids that contain the pieces of the query's id: a sender or a
// server on the way may have added what no other spelling contains, even inside the id.
func spelledAnyhow(q driver.Query) ews.Restriction {
	pieces := func(id string) ews.Restriction {
		var all ews.And
		for _, piece := range driver.MessageIDPieces(id) {
			all = append(all, ews.Contains{Property: ews.FieldInternetMessageID, Value: piece, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase})
		}
		if len(all) == 1 {
			return all[0]
		}
		return all
	}
	bare, meant := driver.BareMessageID(q.MessageID), driver.MeantMessageID(q.MessageID)
	if meant == bare || meant == "" {
		return pieces(bare)
	}
	return ews.Or{pieces(bare), pieces(meant)}
}
