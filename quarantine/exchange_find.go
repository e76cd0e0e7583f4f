package quarantine

import (
	"context"
	"errors"
	"slices"
	"strings"

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

// Find returns the items that a query asks for.
func (m *exchangeMailbox) Find(ctx context.Context, q Query) (Findings, error) {
	if q.In != nil && !q.Below {
		return m.search(ctx, q, [][]string{{q.In.ID}}, &folderTree{})
	}
	tree, err := m.folders(ctx, folderTTL)
	if err != nil {
		return Findings{}, err
	}
	found, err := m.search(ctx, q, tree.scope(q), tree)
	if err != nil || len(found.Items) > 0 && len(found.Unsearched) == 0 {
		return found, err
	}
	// Nothing was found where it was looked, or a folder has vanished: what is
	// remembered of the folders may be out of date.
	fresh, err := m.folders(ctx, 0)
	if err != nil {
		return Findings{}, err
	}
	searched := make(map[string]bool)
	for _, ids := range tree.scope(q) {
		for _, id := range ids {
			searched[id] = true
		}
	}
	for _, u := range found.Unsearched {
		delete(searched, u.Folder.ID)
	}
	again := fresh.scope(q)
	for i := range again {
		again[i] = slices.DeleteFunc(slices.Clone(again[i]), func(id string) bool { return searched[id] })
	}
	more, err := m.search(ctx, q, again, fresh)
	found.Items = append(found.Items, more.Items...)
	found.Searched = append(found.Searched, more.Searched...)
	found.Unsearched = more.Unsearched
	return found, err
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
func (m *exchangeMailbox) search(ctx context.Context, q Query, groups [][]string, tree *folderTree) (Findings, error) {
	var found Findings
	if q.In == nil {
		found.Unsearched = slices.Clone(tree.missing)
	}
	for _, ids := range groups {
		for batch := range slices.Chunk(ids, foldersPerCall) {
			if err := m.searchBatch(ctx, &found, q, batch, tree); err != nil {
				return found, err
			}
		}
	}
	return found, nil
}

func (m *exchangeMailbox) searchBatch(ctx context.Context, found *Findings, q Query, batch []string, tree *folderTree) error {
	request := ews.FindItemRequest{
		Shape:       ews.ItemShape{Properties: searchProperties},
		Restriction: q.restriction(),
	}
	for _, id := range batch {
		request.Folders = append(request.Folders, ews.FolderID{ID: id})
	}
	pages, err := m.client.FindItem(ctx, request)
	if err != nil {
		return m.unreachable(ctx, err)
	}
	for i, page := range pages {
		if errors.Is(page.Err, ews.ErrNotProcessed) {
			page.Value, page.Err = ews.ItemPage{}, nil // asked again by itself, below
		}
		if err := m.collect(ctx, found, q, request, i, page, tree); err != nil {
			return err
		}
	}
	return nil
}

// collect takes a page of one folder and reads the pages that follow it.
func (m *exchangeMailbox) collect(ctx context.Context, found *Findings, q Query, request ews.FindItemRequest, i int, page ews.Result[ews.ItemPage], tree *folderTree) error {
	folder := request.Folders[i].(ews.FolderID).ID
	failed := func(err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		found.Unsearched = append(found.Unsearched, unsearched(tree.folder(folder), err))
		return nil
	}
	if page.Err != nil {
		return failed(page.Err)
	}
	items, pages := page.Value.Items, 1
	for offset := 0; !page.Value.Last; pages++ {
		request.Folders = request.Folders[i : i+1]
		i = 0
		if page.Value.NextOffset <= offset && pages > 1 {
			return failed(ews.ErrStalledPaging)
		}
		offset = page.Value.NextOffset
		request.Offset = offset
		more, err := m.client.FindItem(ctx, request)
		if err == nil {
			err = more[0].Err
		}
		if err != nil {
			return failed(err)
		}
		page = more[0]
		items = append(items, page.Value.Items...)
	}
	hits := 0
	for _, raw := range items {
		it := m.item(raw, tree)
		switch {
		case q.In != nil && q.In.ID == folder:
			it.Folder = *q.In
		case it.Folder.ID == "":
			it.Folder = tree.folder(folder)
		}
		if len(raw.InternetMessageID) >= cutLength {
			whole, err := m.Inspect(ctx, it.ID)
			if errors.Is(err, ErrGone) {
				continue
			}
			if err != nil {
				return failed(err)
			}
			it.MessageID = whole.MessageID
		}
		if it.Stamp != nil && isPurges(tree.base[folder]) {
			continue // what quarantine itself has removed, and retention keeps
		}
		if q.matches(it) {
			found.Items = append(found.Items, it)
			hits++
		}
	}
	found.Searched = append(found.Searched, Searched{tree.folder(folder), pages, hits})
	return nil
}

// restriction says to the server what the query asks for.
func (q Query) restriction() ews.Restriction {
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
	if q.Operation == "" && q.Origin == "" && !q.Stamped {
		return true
	}
	return it.Stamp != nil && (q.Operation == "" || it.Stamp.Operation == q.Operation) &&
		(q.Origin == "" || strings.EqualFold(it.Stamp.Mailbox, q.Origin))
}

// item turns what the server gave into an [Item].
func (m *exchangeMailbox) item(raw ews.Item, tree *folderTree) Item {
	it := Item{
		ID: raw.ID.ID, Version: raw.ID.ChangeKey, Kind: raw.Kind, Mailbox: m.address,
		MessageID: raw.InternetMessageID, Class: raw.Class, Subject: raw.Subject, Size: raw.Size,
		Received: raw.Received, Sent: raw.Sent, Read: raw.IsRead, HasAttachments: raw.HasAttachments,
		Importance: raw.Importance, Categories: raw.Categories,
	}
	if raw.ParentFolderID.ID != "" {
		it.Folder = tree.folder(raw.ParentFolderID.ID)
	}
	for _, a := range raw.Attachments {
		it.Attachments = append(it.Attachments, Attachment{Name: a.Name, Size: a.Size, Inline: a.IsInline})
	}
	values := make(map[string]string, 5)
	for _, p := range raw.Extended {
		if p.Field.GUID == StampSet {
			values[p.Field.Name] = p.Value
		}
	}
	if len(values) > 0 {
		it.Stamp = ParseStamp(values)
	}
	return it
}

// Inspect reads one item again.
func (m *exchangeMailbox) Inspect(ctx context.Context, itemID string) (Item, error) {
	if itemID == "" {
		return Item{}, ErrGone
	}
	results, err := m.client.GetItem(ctx, ews.GetItemRequest{
		IDs:   []ews.ItemID{{ID: itemID}},
		Shape: ews.ItemShape{Properties: append(slices.Clip(searchProperties), ews.FieldAttachments, ews.FieldImportance, ews.FieldCategories)},
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return Item{}, gone(err)
	}
	m.mu.Lock()
	tree := m.tree
	m.mu.Unlock()
	if tree == nil {
		tree = &folderTree{}
	}
	return m.item(results[0].Value, tree), nil
}
