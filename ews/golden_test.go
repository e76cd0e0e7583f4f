package ews_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

var update = flag.Bool("update", false, "write the golden requests anew")

// stampField is a property like those that make up the module's own stamp.
var stampField = ews.ExtendedField{GUID: "11111111-2222-3333-4444-555555555555", Name: "Operation", Type: ews.TypeString}

// goldenRequest is a call whose request is kept in testdata/requests, where the
// build checks it against Exchange's schema.
type goldenRequest struct {
	name    string
	version ews.Version // default: the newest
	view    string      // "impersonating" or "delegate"
	call    func(ctx context.Context, c *ews.Client)
}

func goldenRequests() []goldenRequest {
	item := ews.ItemID{ID: "AAMk=item", ChangeKey: "CQAA"}
	folder := ews.FolderID{ID: "AAMk=folder", ChangeKey: "AQAA"}
	due := time.Date(2026, 12, 1, 8, 30, 0, 0, time.FixedZone("", 3600))
	return []goldenRequest{
		{name: "get_folder", call: func(ctx context.Context, c *ews.Client) {
			c.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{inbox(), folder}})
		}},
		{name: "get_folder_shape", view: "delegate", call: func(ctx context.Context, c *ews.Client) {
			c.GetFolder(ctx, ews.GetFolderRequest{
				Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderRecoverableItemsPurges, Mailbox: "alice@example.test"}},
				Shape: ews.FolderShape{Base: ews.ShapeDefault, Properties: []ews.PropertyPath{
					ews.FieldFolderRights, ews.FieldFolderClass, ews.PidTagFolderType, ews.PidTagFolderPathFullName, ews.PidTagAttributeHidden,
					ews.FieldURI("folder:DistinguishedFolderId"),
				}},
			})
		}},
		{name: "find_folder", call: func(ctx context.Context, c *ews.Client) {
			c.FindFolder(ctx, ews.FindFolderRequest{Parent: ews.DistinguishedFolder{Name: ews.FolderMsgFolderRoot}})
		}},
		{name: "find_folder_options", version: ews.Exchange2010SP1, call: func(ctx context.Context, c *ews.Client) {
			c.FindFolder(ctx, ews.FindFolderRequest{
				Parent: folder, Traversal: ews.FolderDeep, PageSize: 1000, Offset: 500,
				Shape:       ews.FolderShape{Properties: []ews.PropertyPath{ews.FieldFolderName, ews.FieldURI("folder:DistinguishedFolderId")}},
				Restriction: ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldFolderName, Value: `Quarantine "A" & <B>`},
			})
		}},
		{name: "create_folder", call: func(ctx context.Context, c *ews.Client) {
			c.CreateFolder(ctx, ews.CreateFolderRequest{Parent: folder, Folders: []ews.FolderSpec{
				{DisplayName: "Quarantäne & more"},
				{DisplayName: "hidden", Class: "IPF.Custom", Extended: []ews.ExtendedProperty{{Field: ews.PidTagAttributeHidden, Value: "true"}}},
			}})
		}},
		{name: "find_item", view: "impersonating", call: func(ctx context.Context, c *ews.Client) {
			c.FindItem(ctx, ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}})
		}},
		{name: "find_item_restriction", call: func(ctx context.Context, c *ews.Client) {
			c.FindItem(ctx, ews.FindItemRequest{
				Folders: []ews.FolderRef{inbox(), folder}, Traversal: ews.ItemAssociated, PageSize: 250, Offset: 250,
				Shape: ews.ItemShape{Base: ews.ShapeDefault, Properties: []ews.PropertyPath{
					ews.FieldSubject, ews.FieldInternetMessageID, ews.FieldFlag, ews.PidTagSearchKey, ews.PidTagMessageFlags, stampField,
					ews.ExtendedField{Set: ews.SetInternetHeaders, Name: "X-Quarantined", Type: ews.TypeString},
					ews.ExtendedField{Set: ews.SetCommon, ID: 0x8530, Type: ews.TypeSystemTime},
					ews.ExtendedField{GUID: "00062008-0000-0000-c000-000000000046", ID: 0xFFFF8501, Type: ews.TypeBoolean},
				}},
				Restriction: ews.And{
					ews.Or{
						ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldInternetMessageID, Value: "<a&b@example.test>"},
						ews.Compare{Op: ews.IsNotEqualTo, Property: ews.PidTagInternetMessageID, Value: "tab\there"},
					},
					ews.Not{Restriction: ews.Exists{Property: stampField}},
					ews.Compare{Op: ews.IsGreaterThan, Property: ews.FieldSize, Value: "1"},
					ews.Compare{Op: ews.IsLessThan, Property: ews.FieldSize, Value: "9"},
					ews.Compare{Op: ews.IsGreaterThanOrEqualTo, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(due)},
					ews.Compare{Op: ews.IsLessThanOrEqualTo, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(due.Add(time.Millisecond))},
					ews.Contains{Property: ews.FieldSubject, Value: "invoice"},
					ews.Contains{Property: ews.FieldSubject, Value: "Re:", Mode: ews.ModePrefixed, Comparison: ews.ComparisonIgnoreCase},
					ews.And{ews.Contains{Property: ews.FieldItemClass, Value: "IPM.Note", Mode: ews.ModeFullString}},
				},
				Sort: []ews.SortField{{Property: ews.FieldDateTimeReceived, Descending: true}, {Property: ews.FieldSubject}},
			})
		}},
		{name: "find_item_query", call: func(ctx context.Context, c *ews.Client) {
			c.FindItem(ctx, ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, QueryString: `subject:"a & b"`, Sort: []ews.SortField{{Property: ews.FieldSubject}}})
		}},
		{name: "find_item_2010", version: ews.Exchange2010SP2, call: func(ctx context.Context, c *ews.Client) {
			c.FindItem(ctx, ews.FindItemRequest{Folders: []ews.FolderRef{inbox()}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldFlag}}})
		}},
		{name: "get_item", call: func(ctx context.Context, c *ews.Client) {
			c.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{item, {ID: "AAMk=other"}}, Shape: ews.ItemShape{
				Base: ews.ShapeAllProperties, Properties: []ews.PropertyPath{ews.FieldInternetHeaders, ews.FieldAttachments, ews.PidTagTransportMessageHeaders},
			}})
		}},
		{name: "get_item_mime", call: func(ctx context.Context, c *ews.Client) { c.OpenMIME(ctx, item) }},
		{name: "create_item", call: func(ctx context.Context, c *ews.Client) {
			c.CreateItem(ctx, ews.CreateItemRequest{Folder: inbox(), MIME: ews.BytesContent([]byte("Subject: x\r\n\r\nbody\r\n"))})
		}},
		{name: "create_item_post", call: func(ctx context.Context, c *ews.Client) {
			post := createEverything(folder, due)
			post.Kind, post.Class = "PostItem", "IPM.Post"
			c.CreateItem(ctx, post)
		}},
		{name: "create_item_all", view: "impersonating", call: func(ctx context.Context, c *ews.Client) {
			c.CreateItem(ctx, createEverything(folder, due))
		}},
		{name: "create_item_all_2010", version: ews.Exchange2010, call: func(ctx context.Context, c *ews.Client) {
			c.CreateItem(ctx, createEverything(folder, due))
		}},
		{name: "suppress_read_receipt", version: ews.Exchange2010SP2, call: func(ctx context.Context, c *ews.Client) { c.SuppressReadReceipt(ctx, item) }},
		{name: "update_item", call: func(ctx context.Context, c *ews.Client) {
			c.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{
				{ID: item, Changes: []ews.Change{
					ews.SetField{Property: stampField, Value: "op-1"},
					ews.SetField{Property: ews.ExtendedField{GUID: stampField.GUID, Name: "List", Type: ews.TypeStringArray}, Values: []string{"a", "b"}},
					ews.SetField{Property: ews.FieldIsRead, Value: "false"},
					ews.SetField{Property: ews.FieldItemClass, Value: "IPM.Note"},
					ews.SetField{Property: ews.FieldSubject, Value: "changed"},
					ews.SetField{Property: ews.FieldSensitivity, Value: "Private"},
					ews.SetField{Property: ews.FieldImportance, Value: "High"},
					ews.SetField{Property: ews.FieldCategories, Values: []string{"red", "blue"}},
					ews.SetField{Property: ews.FieldFlag, Value: "Flagged"},
					ews.DeleteField{Property: stampField},
					ews.DeleteField{Property: ews.FieldFlag},
				}},
				{ID: item, Kind: "CalendarItem", Changes: []ews.Change{ews.DeleteField{Property: ews.FieldCategories}}},
			}, ConflictResolution: ews.NeverOverwrite, RequireSuppression: true})
		}},
		{name: "update_item_2013", version: ews.Exchange2013, call: func(ctx context.Context, c *ews.Client) {
			c.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{{ID: item, Changes: []ews.Change{ews.DeleteField{Property: stampField}}}}})
		}},
		{name: "move_item", call: func(ctx context.Context, c *ews.Client) {
			c.MoveItem(ctx, ews.MoveItemRequest{IDs: []ews.ItemID{item, {ID: "AAMk=other"}}, To: folder})
		}},
		{name: "copy_item", call: func(ctx context.Context, c *ews.Client) {
			c.CopyItem(ctx, ews.CopyItemRequest{IDs: []ews.ItemID{item}, To: ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "bob@example.test"}})
		}},
		{name: "delete_item", call: func(ctx context.Context, c *ews.Client) {
			c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: []ews.ItemID{item}, Type: ews.HardDelete, RequireSuppression: true})
		}},
		{name: "delete_item_2013", version: ews.Exchange2013, call: func(ctx context.Context, c *ews.Client) {
			c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: []ews.ItemID{item}, Type: ews.SoftDelete})
		}},
		{name: "delete_item_to_deleted", call: func(ctx context.Context, c *ews.Client) {
			c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: []ews.ItemID{item}, Type: ews.MoveToDeletedItems})
		}},
		{name: "export_items", version: ews.Exchange2010SP1, call: func(ctx context.Context, c *ews.Client) {
			c.ExportItems(ctx, []ews.ItemID{item, {ID: "AAMk=other"}})
		}},
		{name: "upload_items", call: func(ctx context.Context, c *ews.Client) {
			text := ews.BytesContent([]byte("AQID\n  BAU="))
			text.Base64 = true
			c.UploadItems(ctx, []ews.UploadItem{
				{Parent: folder, Data: text, ItemID: item},
				{Parent: folder, Data: ews.BytesContent([]byte{1, 2, 3, 4}), Action: ews.UploadUpdate, ItemID: item, Associated: true},
				{Parent: ews.FolderID{ID: "F"}, Data: ews.BytesContent([]byte{1, 2, 3}), Action: ews.UploadUpdateOrCreate, ItemID: ews.ItemID{ID: "I"}},
			})
		}},
		{name: "expand_dl", call: func(ctx context.Context, c *ews.Client) {
			c.ExpandDL(ctx, ews.Mailbox{EmailAddress: "all-staff@example.test", Name: "left out"})
		}},
		{name: "expand_dl_private", call: func(ctx context.Context, c *ews.Client) { c.ExpandDL(ctx, ews.Mailbox{ItemID: item}) }},
		{name: "resolve_names", call: func(ctx context.Context, c *ews.Client) {
			c.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "smtp:alice@example.test"})
		}},
		{name: "resolve_names_options", call: func(ctx context.Context, c *ews.Client) {
			c.ResolveNames(ctx, ews.ResolveNamesRequest{
				Name: "alice", Scope: ews.ScopeContactsActiveDirectory, FullContactData: true,
				Folder: ews.DistinguishedFolder{Name: ews.FolderContacts},
			})
		}},
		{name: "convert_id", call: func(ctx context.Context, c *ews.Client) {
			c.ConvertID(ctx, ews.ConvertIDRequest{To: ews.FormatHexEntryID, IDs: []ews.AlternateID{
				{Format: ews.FormatEWSID, ID: "AAMk=", Mailbox: "alice@example.test"},
				{Format: ews.FormatOWAID, ID: "RgAA%2b", Mailbox: "alice@example.test", IsArchive: true},
			}})
		}},
	}
}

func createEverything(folder ews.FolderID, due time.Time) ews.CreateItemRequest {
	return ews.CreateItemRequest{
		Folder: folder, MIME: ews.BytesContent([]byte("Subject: x\r\n\r\nbody\r\n")), CharacterSet: "iso-8859-1",
		Class: "IPM.Note", Importance: "Low", Categories: []string{"red & blue"},
		Flag: ews.Flag{Status: "Flagged", Start: due.Add(-time.Hour), Due: due}, IsRead: new(false),
		Extended: []ews.ExtendedProperty{
			{Field: ews.PidTagMessageFlags, Value: "0"},
			{Field: ews.PidTagMessageDeliveryTime, Value: ews.FormatTime(due)},
			{Field: stampField, Value: "op-1"},
		},
	}
}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, g := range slices.Concat(goldenRequests(), goldenNews()) {
		names[g.name+".xml"] = true
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			srv := serve(respond(404, ""))
			c := newClient(t, srv, &ews.Options{MaxVersion: g.version})
			switch g.view {
			case "impersonating":
				c = c.Impersonating("alice@example.test")
			case "delegate":
				c = c.ForMailbox("alice@example.test")
			}
			g.call(t.Context(), c)
			seen := srv.seen()
			require.Len(t, seen, 1)
			path := filepath.Join("testdata", "requests", g.name+".xml")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(seen[0].body), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), seen[0].body)
			assert.NotContains(t, seen[0].body, "SendAndSaveCopy")
			assert.Equal(t, g.view == "impersonating", strings.Contains(seen[0].body, "ExchangeImpersonation"))
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "requests", "*.xml"))
	require.NoError(t, err)
	for _, f := range files {
		assert.True(t, names[filepath.Base(f)], "%s belongs to no request", f)
	}
}
