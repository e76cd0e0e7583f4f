package ews_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// TestWrongRequests: invalid requests are not sent, and the error names the
// field.
func TestWrongRequests(t *testing.T) {
	t.Parallel()
	item, folder := ews.ItemID{ID: "I"}, ews.FolderID{ID: "F"}
	items := []ews.ItemID{item}
	find := func(change func(*ews.FindItemRequest)) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error {
			req := ews.FindItemRequest{Folders: []ews.FolderRef{folder}}
			change(&req)
			_, err := c.FindItem(ctx, req)
			return err
		}
	}
	restrict := func(r ews.Restriction) func(context.Context, *ews.Client) error {
		return find(func(req *ews.FindItemRequest) { req.Restriction = r })
	}
	property := func(p ews.PropertyPath) func(context.Context, *ews.Client) error {
		return find(func(req *ews.FindItemRequest) { req.Shape.Properties = []ews.PropertyPath{ews.FieldSubject, p} })
	}
	createWith := func(change func(*ews.CreateItemRequest)) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error {
			req := ews.CreateItemRequest{Folder: folder, MIME: ews.BytesContent([]byte("x"))}
			change(&req)
			_, err := c.CreateItem(ctx, req)
			return err
		}
	}
	updateWith := func(change func(*ews.ItemChange)) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error {
			ic := ews.ItemChange{ID: item, Changes: []ews.Change{ews.DeleteField{Property: stampField}}}
			change(&ic)
			_, err := c.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{{ID: item, Changes: []ews.Change{ews.DeleteField{Property: stampField}}}, ic}})
			return err
		}
	}
	set := func(s ews.SetField) func(context.Context, *ews.Client) error {
		return updateWith(func(ic *ews.ItemChange) { ic.Changes = append(ic.Changes, s) })
	}
	upload := func(u ews.UploadItem) func(context.Context, *ews.Client) error {
		return func(ctx context.Context, c *ews.Client) error {
			_, err := c.UploadItems(ctx, []ews.UploadItem{u})
			return err
		}
	}
	data := ews.BytesContent([]byte("x"))
	many := make(ews.Or, 255)
	for i := range many {
		many[i] = ews.Exists{Property: ews.FieldSubject}
	}
	var deep ews.Restriction = ews.Exists{Property: ews.FieldSubject}
	for range 60 {
		deep = ews.Not{Restriction: deep}
	}

	tests := map[string]struct {
		call func(context.Context, *ews.Client) error
		says string
	}{
		"no folders": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.GetFolder(ctx, ews.GetFolderRequest{})
			return err
		}, "GetFolderRequest.Folders"},
		"empty folder id": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{folder, ews.FolderID{}}})
			return err
		}, "GetFolderRequest.Folders[1].ID"},
		"empty folder name": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Mailbox: "a@example.test"}}})
			return err
		}, "GetFolderRequest.Folders[0].Name"},
		"nil folder": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.FindFolder(ctx, ews.FindFolderRequest{})
			return err
		}, "FindFolderRequest.Parent"},
		"pointer to folder": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.FindFolder(ctx, ews.FindFolderRequest{Parent: &folder})
			return err
		}, "FindFolderRequest.Parent is of an unknown type *ews.FolderID"},
		"folder traversal": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.FindFolder(ctx, ews.FindFolderRequest{Parent: folder, Traversal: "Sideways"})
			return err
		}, "FindFolderRequest.Traversal"},
		"folder restriction": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.FindFolder(ctx, ews.FindFolderRequest{Parent: folder, Restriction: ews.Compare{}})
			return err
		}, "FindFolderRequest.Restriction.Op"},
		"folder page": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.FindFolder(ctx, ews.FindFolderRequest{Parent: folder, PageSize: 1001})
			return err
		}, "FindFolderRequest.PageSize"},
		"folder shape": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.FindFolder(ctx, ews.FindFolderRequest{Parent: folder, Shape: ews.FolderShape{Base: "All"}})
			return err
		}, "FindFolderRequest.Shape.Base"},
		"find no folders":     {find(func(r *ews.FindItemRequest) { r.Folders = nil }), "FindItemRequest.Folders"},
		"negative page":       {find(func(r *ews.FindItemRequest) { r.PageSize = -1 }), "FindItemRequest.PageSize"},
		"large page":          {find(func(r *ews.FindItemRequest) { r.PageSize = 1001 }), "FindItemRequest.PageSize"},
		"negative offset":     {find(func(r *ews.FindItemRequest) { r.Offset = -1 }), "FindItemRequest.Offset"},
		"item traversal":      {find(func(r *ews.FindItemRequest) { r.Traversal = "Deep" }), "FindItemRequest.Traversal"},
		"sort":                {find(func(r *ews.FindItemRequest) { r.Sort = []ews.SortField{{}} }), "FindItemRequest.Sort[0].Property"},
		"query and filter":    {find(func(r *ews.FindItemRequest) { r.QueryString, r.Restriction = "x", ews.Exists{Property: stampField} }), "cannot be combined with QueryString"},
		"255 of nodes and Or": {restrict(many), "more than 255 nodes"},
		"deep nesting":        {restrict(deep), "deep"},
		"empty And":           {restrict(ews.Or{ews.And{}}), "FindItemRequest.Restriction[0]"},
		"nil in Not":          {restrict(ews.Not{}), "FindItemRequest.Restriction.Restriction"},
		"unknown restriction": {restrict(&ews.Exists{Property: stampField}), "unknown type *ews.Exists"},
		"contains mode":       {restrict(ews.Contains{Property: stampField, Mode: "x"}), "Restriction.Mode"},
		"contains comparison": {restrict(ews.Contains{Property: stampField, Comparison: "x"}), "Restriction.Comparison"},
		"nil property":        {property(nil), "FindItemRequest.Shape.Properties[1]"},
		"empty URI":           {property(ews.FieldURI("")), "empty FieldURI"},
		"pointer to field":    {property(&stampField), "unknown type *ews.ExtendedField"},
		"no type":             {property(ews.ExtendedField{Tag: 1}), "FindItemRequest.Shape.Properties[1].Type"},
		"no form":             {property(ews.ExtendedField{Type: ews.TypeString}), "exactly one"},
		"two forms":           {property(ews.ExtendedField{Tag: 1, Name: "x", Type: ews.TypeString}), "cannot be combined with"},
		"two sets":            {property(ews.ExtendedField{Set: ews.SetCommon, GUID: stampField.GUID, Name: "x", Type: ews.TypeString}), "Set cannot be combined with GUID"},
		"name and id":         {property(ews.ExtendedField{Set: ews.SetCommon, Name: "x", ID: 1, Type: ews.TypeString}), "Name cannot be combined with ID"},
		"neither name nor id": {property(ews.ExtendedField{Set: ews.SetCommon, Type: ews.TypeString}), "Name is empty and ID is 0"},
		"high tag":            {property(ews.ExtendedField{Tag: 0x8001, Type: ews.TypeString}), "0x8000"},
		"GUID in braces":      {property(ews.ExtendedField{GUID: "{" + stampField.GUID + "}", Name: "x", Type: ews.TypeString}), ".GUID"},
		"GUID in upper case":  {property(ews.ExtendedField{GUID: strings.Repeat("A", 8) + "-0000-0000-0000-000000000000", Name: "x", Type: ews.TypeString}), ".GUID"},
		"no items": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.GetItem(ctx, ews.GetItemRequest{})
			return err
		}, "GetItemRequest.IDs"},
		"empty id": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{item, {ChangeKey: "K"}}})
			return err
		}, "GetItemRequest.IDs[1].ID"},
		"MIME of nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.OpenMIME(ctx, ews.ItemID{})
			return err
		}, "OpenMIME argument id"},
		"MIME of several, one nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.OpenMIMEs(ctx, []ews.ItemID{item, {}})
			return err
		}, "OpenMIMEs argument ids[1].ID"},
		"MIME of none": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.OpenMIMEs(ctx, nil)
			return err
		}, "OpenMIMEs argument ids"},
		"create no items": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateItems(ctx, folder, nil)
			return err
		}, "CreateItems argument items"},
		"create items nowhere": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateItems(ctx, nil, []ews.CreateItemRequest{{MIME: ews.BytesContent([]byte("x"))}})
			return err
		}, "CreateItems argument folder"},
		"create items in two folders": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateItems(ctx, folder, []ews.CreateItemRequest{{MIME: ews.BytesContent([]byte("x"))}, {Folder: folder, MIME: ews.BytesContent([]byte("x"))}})
			return err
		}, "CreateItemRequest[1].Folder"},
		"create items without MIME": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateItems(ctx, folder, []ews.CreateItemRequest{{}})
			return err
		}, "CreateItemRequest[0].MIME.Open"},
		"no target": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.MoveItem(ctx, ews.MoveItemRequest{IDs: items})
			return err
		}, "MoveItemRequest.To"},
		"copy nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CopyItem(ctx, ews.CopyItemRequest{To: folder})
			return err
		}, "CopyItemRequest.IDs"},
		"delete without type": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: items})
			return err
		}, "DeleteItemRequest.Type"},
		"create no folder": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateFolder(ctx, ews.CreateFolderRequest{Parent: folder})
			return err
		}, "CreateFolderRequest.Folders"},
		"create nameless folder": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateFolder(ctx, ews.CreateFolderRequest{Parent: folder, Folders: []ews.FolderSpec{{}}})
			return err
		}, "CreateFolderRequest.Folders[0].DisplayName"},
		"create folder with wrong value": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.CreateFolder(ctx, ews.CreateFolderRequest{Parent: folder, Folders: []ews.FolderSpec{{DisplayName: "x", Extended: []ews.ExtendedProperty{{Field: stampField, Values: []string{"x"}}}}}})
			return err
		}, "CreateFolderRequest.Folders[0].Extended[0].Values"},
		"no MIME":         {createWith(func(r *ews.CreateItemRequest) { r.MIME = ews.Content{} }), "CreateItemRequest.MIME.Open"},
		"empty MIME":      {createWith(func(r *ews.CreateItemRequest) { r.MIME = ews.BytesContent(nil) }), "CreateItemRequest.MIME.Size"},
		"negative size":   {createWith(func(r *ews.CreateItemRequest) { r.MIME.Size = -2 }), "CreateItemRequest.MIME.Size"},
		"no saved folder": {createWith(func(r *ews.CreateItemRequest) { r.Folder = nil }), "CreateItemRequest.Folder"},
		"kind":            {createWith(func(r *ews.CreateItemRequest) { r.Kind = "MeetingRequest" }), "CreateItemRequest.Kind"},
		"importance":      {createWith(func(r *ews.CreateItemRequest) { r.Importance = "urgent" }), "CreateItemRequest.Importance"},
		"flag":            {createWith(func(r *ews.CreateItemRequest) { r.Flag.Status = "red" }), "CreateItemRequest.Flag.Status"},
		"array without value": {createWith(func(r *ews.CreateItemRequest) {
			r.Extended = []ews.ExtendedProperty{{Field: ews.ExtendedField{Tag: 1, Type: ews.TypeStringArray}}}
		}), "CreateItemRequest.Extended[0].Values"},
		"update nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.UpdateItem(ctx, ews.UpdateItemRequest{})
			return err
		}, "UpdateItemRequest.Items"},
		"conflict resolution": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{{}}, ConflictResolution: "x"})
			return err
		}, "UpdateItemRequest.ConflictResolution"},
		"update no item":    {updateWith(func(ic *ews.ItemChange) { ic.ID = ews.ItemID{} }), "UpdateItemRequest.Items[1].ID.ID"},
		"no change":         {updateWith(func(ic *ews.ItemChange) { ic.Changes = nil }), "UpdateItemRequest.Items[1].Changes"},
		"nil change":        {updateWith(func(ic *ews.ItemChange) { ic.Changes = []ews.Change{nil} }), "UpdateItemRequest.Items[1].Changes[0]"},
		"pointer to change": {updateWith(func(ic *ews.ItemChange) { ic.Changes = []ews.Change{&ews.DeleteField{}} }), "unknown type *ews.DeleteField"},
		"wrong kind":        {updateWith(func(ic *ews.ItemChange) { ic.Kind = "Mail" }), "UpdateItemRequest.Items[1].Kind"},
		"no read state": {updateWith(func(ic *ews.ItemChange) {
			ic.Kind = "Task"
			ic.Changes = []ews.Change{ews.SetField{Property: ews.FieldIsRead, Value: "true"}}
		}), "which a Task does not have"},
		"set what cannot be":  {set(ews.SetField{Property: ews.FieldSize, Value: "1"}), "Changes[1].Property is item:Size"},
		"set nothing":         {set(ews.SetField{}), "Changes[1].Property"},
		"categories by value": {set(ews.SetField{Property: ews.FieldCategories, Value: "red"}), "Changes[1].Value"},
		"subject by values":   {set(ews.SetField{Property: ews.FieldSubject, Values: []string{"x"}}), "Changes[1].Values"},
		"read, maybe":         {set(ews.SetField{Property: ews.FieldIsRead, Value: "yes"}), "use true or false"},
		"odd importance":      {set(ews.SetField{Property: ews.FieldImportance, Value: "x"}), "Changes[1].Value"},
		"odd sensitivity":     {set(ews.SetField{Property: ews.FieldSensitivity, Value: "x"}), "Changes[1].Value"},
		"odd flag":            {set(ews.SetField{Property: ews.FieldFlag, Value: ""}), "Changes[1].Value"},
		"receipt without key": {func(ctx context.Context, c *ews.Client) error { return c.SuppressReadReceipt(ctx, item) }, "ChangeKey"},
		"receipt of nothing":  {func(ctx context.Context, c *ews.Client) error { return c.SuppressReadReceipt(ctx, ews.ItemID{}) }, "is empty"},
		"export nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ExportItems(ctx, nil)
			return err
		}, "ExportItems argument ids"},
		"upload nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.UploadItems(ctx, nil)
			return err
		}, "UploadItems argument items"},
		"upload nowhere":      {upload(ews.UploadItem{Data: data}), "UploadItem[0].Parent.ID"},
		"upload no data":      {upload(ews.UploadItem{Parent: folder}), "UploadItem[0].Data.Open"},
		"update without item": {upload(ews.UploadItem{Parent: folder, Data: data, Action: ews.UploadUpdateOrCreate}), "UploadItem[0].ItemID"},
		"upload action":       {upload(ews.UploadItem{Parent: folder, Data: data, Action: "x"}), "UploadItem[0].Action"},
		"expand nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ExpandDL(ctx, ews.Mailbox{Name: "x"})
			return err
		}, "EmailAddress"},
		"resolve nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ResolveNames(ctx, ews.ResolveNamesRequest{})
			return err
		}, "ResolveNamesRequest.Name"},
		"resolve scope": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "x", Scope: "x"})
			return err
		}, "ResolveNamesRequest.Scope"},
		"resolve folder": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ResolveNames(ctx, ews.ResolveNamesRequest{Name: "x", Folder: ews.FolderID{}})
			return err
		}, "ResolveNamesRequest.Folder.ID"},
		"convert nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ConvertID(ctx, ews.ConvertIDRequest{To: ews.FormatEWSID})
			return err
		}, "ConvertIDRequest.IDs"},
		"convert without mailbox": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ConvertID(ctx, ews.ConvertIDRequest{To: ews.FormatEWSID, IDs: []ews.AlternateID{{Format: ews.FormatEWSID, ID: "x"}}})
			return err
		}, "ConvertIDRequest.IDs[0].Mailbox"},
		"convert to nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ConvertID(ctx, ews.ConvertIDRequest{IDs: []ews.AlternateID{{Format: ews.FormatEWSID, ID: "x", Mailbox: "y"}}})
			return err
		}, "ConvertIDRequest.To"},
		"convert from nothing": {func(ctx context.Context, c *ews.Client) error {
			_, err := c.ConvertID(ctx, ews.ConvertIDRequest{To: ews.FormatEWSID, IDs: []ews.AlternateID{{ID: "x", Mailbox: "y"}}})
			return err
		}, "ConvertIDRequest.IDs[0].Format"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := serve(respond(500, fault("ErrorSchemaValidation", "")))
			l := new(patientLimiter)
			err := tt.call(t.Context(), newClient(t, srv, &ews.Options{Limiter: l}))
			require.Error(t, err)
			assert.ErrorContains(t, err, tt.says)
			assert.True(t, ews.NotSent(err))
			assert.True(t, ews.NotExecuted(err))
			assert.False(t, ews.Ambiguous(err))
			assert.False(t, ews.IsTransient(err))
			assert.Zero(t, srv.count())
			assert.Empty(t, l.payers)
		})
	}
}

// TestForbiddenText: XML cannot carry such text, so it is not sent.
func TestForbiddenText(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\x00b", "a\x1fb", "a\ufffeb", "a\xffb"} {
		srv := serve(ok(ews.OpFindItem))
		c := newClient(t, srv, nil)
		_, err := c.FindItem(t.Context(), ews.FindItemRequest{
			Folders: []ews.FolderRef{inbox()}, Restriction: ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldInternetMessageID, Value: bad},
		})
		assert.ErrorIs(t, err, ews.ErrForbiddenText)
		assert.True(t, ews.NotSent(err))
		assert.NotContains(t, err.Error(), bad)
		_, err = c.CreateItem(t.Context(), ews.CreateItemRequest{Folder: inbox(), MIME: ews.BytesContent([]byte("x")), Categories: []string{bad}})
		assert.ErrorIs(t, err, ews.ErrForbiddenText)
		assert.True(t, ews.NotExecuted(err))
		assert.Zero(t, srv.count())
	}
}
