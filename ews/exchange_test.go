package ews_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestWithExchange runs all operations against the Exchange for tests, which
// validates each request, in each version it can simulate.
func TestWithExchange(t *testing.T) {
	t.Parallel()
	for version, speaks := range map[ewstest.Version]ews.Version{
		ewstest.Exchange2010SP3: ews.Exchange2010SP2,
		ewstest.Exchange2013:    ews.Exchange2013,
		ewstest.Exchange2013SP1: ews.Exchange2013SP1,
		ewstest.Exchange2016:    ews.Exchange2013SP1,
		ewstest.Exchange2019:    ews.Exchange2013SP1,
		ewstest.ExchangeSE:      ews.Exchange2013SP1,
		ewstest.ExchangeOnline:  ews.Exchange2013SP1,
	} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(&ewstest.Options{Version: version})
			t.Cleanup(srv.Close)
			for range 5 {
				srv.Mailbox("alice@example.test").Deliver([]byte("From: a@evil.test\r\nSubject: hello\r\nMessage-ID: <1@evil.test>\r\n\r\nbody\r\n"))
			}
			round(t, srv.Client("svc", nil), speaks)
		})
	}
}

func round(t *testing.T, c *ews.Client, speaks ews.Version) {
	alice, q := c.Impersonating("alice@example.test"), c.Impersonating("quarantine@example.test")
	_, err := alice.DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{{ID: "AAMk"}}, Type: ews.HardDelete, RequireSuppression: true})
	assert.Equal(t, speaks < ews.Exchange2013SP1, errors.Is(err, ews.ErrUnsupportedVersion), "%v", err)

	var ids []ews.ItemID
	for it, err := range alice.FindItems(t.Context(), ews.FindItemRequest{
		Folders: []ews.FolderRef{inbox()}, PageSize: 2,
		Shape:       ews.ItemShape{Base: ews.ShapeDefault, Properties: []ews.PropertyPath{ews.FieldFlag, ews.PidTagSearchKey}},
		Restriction: ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldInternetMessageID, Value: "<1@evil.test>"},
	}) {
		require.NoError(t, err)
		ids = append(ids, it.ID)
	}
	require.Len(t, ids, 5)
	assert.Equal(t, speaks, alice.Version())

	folders, err := q.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
	require.NoError(t, err)
	require.NoError(t, folders.Err())
	exports, err := alice.ExportItems(t.Context(), ids)
	require.NoError(t, err)
	defer exports.Close()
	for exports.Next() {
		require.NoError(t, exports.ItemErr())
		uploads, err := q.UploadItems(t.Context(), []ews.UploadItem{{Parent: folders[0].Value.ID, Data: ews.Content{
			Open: func() (io.ReadCloser, error) { return io.NopCloser(exports.Reader()), nil }, Size: -1, Base64: true,
		}}})
		require.NoError(t, errors.Join(err, uploads.Err()))
	}
	require.NoError(t, exports.Err())

	m, err := alice.OpenMIME(t.Context(), ids[0])
	require.NoError(t, err)
	mime := readAll(t, m)
	assert.Contains(t, mime, "Subject: hello")
	id, err := q.CreateItem(t.Context(), ews.CreateItemRequest{
		Folder: inbox(), MIME: ews.BytesContent([]byte(mime)), Flag: ews.Flag{Status: "Flagged"}, IsRead: new(true), Categories: []string{"red"},
		Extended: []ews.ExtendedProperty{{Field: ews.PidTagMessageFlags, Value: "1"}},
	})
	require.NoError(t, err)
	updates, err := q.UpdateItem(t.Context(), ews.UpdateItemRequest{Items: []ews.ItemChange{{ID: id, Changes: []ews.Change{ews.SetField{Property: stampField, Value: "op-1"}}}}})
	require.NoError(t, errors.Join(err, updates.Err()))
	items, err := q.GetItem(t.Context(), ews.GetItemRequest{IDs: []ews.ItemID{updates[0].Value}, Shape: ews.ItemShape{
		Base: ews.ShapeAllProperties, Properties: []ews.PropertyPath{stampField},
	}})
	require.NoError(t, errors.Join(err, items.Err()))
	stamp, stamped := items[0].Value.Property(stampField)
	assert.True(t, stamped)
	assert.Equal(t, "op-1", stamp.Value)
	assert.True(t, items[0].Value.IsRead)
	assert.Equal(t, []string{"red"}, items[0].Value.Categories)
	if speaks >= ews.Exchange2013 {
		assert.Equal(t, "Flagged", items[0].Value.Flag.Status)
	}

	made, err := q.CreateFolder(t.Context(), ews.CreateFolderRequest{Parent: inbox(), Folders: []ews.FolderSpec{{DisplayName: "below & more"}}})
	require.NoError(t, errors.Join(err, made.Err()))
	copies, err := q.CopyItem(t.Context(), ews.CopyItemRequest{IDs: []ews.ItemID{id}, To: made[0].Value})
	require.NoError(t, errors.Join(err, copies.Err()))
	moves, err := q.MoveItem(t.Context(), ews.MoveItemRequest{IDs: []ews.ItemID{copies[0].Value}, To: inbox()})
	require.NoError(t, errors.Join(err, moves.Err()))
	assert.NotEqual(t, copies[0].Value.ID, moves[0].Value.ID)
	deletions, err := alice.DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: ids, Type: ews.HardDelete, RequireSuppression: speaks >= ews.Exchange2013SP1})
	require.NoError(t, errors.Join(err, deletions.Err()))

	found := false
	for f, err := range q.FindFolders(t.Context(), ews.FindFolderRequest{
		Parent: ews.DistinguishedFolder{Name: ews.FolderMsgFolderRoot}, Traversal: ews.FolderDeep, PageSize: 3, Shape: ews.FolderShape{Base: ews.ShapeDefault},
	}) {
		require.NoError(t, err)
		found = found || f.DisplayName == "below & more" && f.ID.ID == made[0].Value.ID
	}
	assert.True(t, found)
	directory(t, c, alice, ids[0])
}

func directory(t *testing.T, c, alice *ews.Client, id ews.ItemID) {
	list, err := alice.ExpandDL(t.Context(), ews.Mailbox{EmailAddress: "all-staff@example.test"})
	require.NoError(t, err)
	assert.NotEmpty(t, list.Members)
	assert.True(t, list.Complete)
	names, err := alice.ResolveNames(t.Context(), ews.ResolveNamesRequest{Name: "smtp:bob@example.test", FullContactData: true})
	require.NoError(t, err)
	require.Len(t, names.Candidates, 1)
	assert.Equal(t, "bob@example.test", names.Candidates[0].Mailbox.EmailAddress)
	_, err = alice.ResolveNames(t.Context(), ews.ResolveNamesRequest{Name: "nobody"})
	assert.ErrorIs(t, err, ews.ErrNotFound)
	converted, err := alice.ConvertID(t.Context(), ews.ConvertIDRequest{To: ews.FormatHexEntryID, IDs: []ews.AlternateID{
		{Format: ews.FormatEWSID, ID: id.ID, Mailbox: "alice@example.test"},
	}})
	require.NoError(t, errors.Join(err, converted.Err()))
	assert.Equal(t, ews.FormatHexEntryID, converted[0].Value.Format)
	err = getFolder(t.Context(), c.Impersonating("nobody@example.test"))
	assert.ErrorIs(t, err, ews.ErrNoMailbox)
}
