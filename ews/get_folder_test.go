package ews_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func TestGetFolder(t *testing.T) {
	t.Parallel()
	srv := serve(ok(ews.OpGetFolder,
		success(ews.OpGetFolder, `<m:Folders><t:Folder><t:FolderId Id="F1" ChangeKey="K1"/><t:ParentFolderId Id="R"/>`+
			`<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>Posteingang &amp; mehr</t:DisplayName><t:TotalCount>3</t:TotalCount>`+
			`<t:ChildFolderCount>1</t:ChildFolderCount>`+
			`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x3601" PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty>`+
			`<t:EffectiveRights><t:CreateAssociated>false</t:CreateAssociated><t:CreateContents>true</t:CreateContents>`+
			`<t:CreateHierarchy>false</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read></t:EffectiveRights>`+
			`<t:DistinguishedFolderId>inbox</t:DistinguishedFolderId><t:UnreadCount>2</t:UnreadCount></t:Folder></m:Folders>`),
		refusal(ews.OpGetFolder, "ErrorFolderNotFound")))
	c := newClient(t, srv, nil).Impersonating("alice@example.test")

	results, err := c.GetFolder(t.Context(), ews.GetFolderRequest{
		Folders: []ews.FolderRef{inbox(), ews.FolderID{ID: "gone"}},
		Shape:   ews.FolderShape{Base: ews.ShapeDefault, Properties: []ews.PropertyPath{ews.PidTagFolderType, ews.FieldFolderRights}},
	})
	require.NoError(t, err)
	require.Len(t, results, 2)
	f := results[0].Value
	kind, has := f.Property(ews.PidTagFolderType)
	assert.True(t, has)
	assert.Equal(t, "1", kind.Value)
	f.Extended = nil
	assert.Equal(t, ews.Folder{
		ID: ews.FolderID{ID: "F1", ChangeKey: "K1"}, ParentID: ews.FolderID{ID: "R"}, Kind: "Folder", Class: "IPF.Note",
		DisplayName: "Posteingang & mehr", Distinguished: ews.FolderInbox,
		TotalCount: 3, ChildFolderCount: 1, UnreadCount: 2,
		Rights: &ews.EffectiveRights{CreateContents: true, Delete: true, Modify: true, Read: true},
	}, f)
	assert.ErrorIs(t, results[1].Err, ews.ErrNotFound)
	assert.Equal(t, ews.Build{Major: 15, Minor: 1, Build: 2507, Revision: 6}, c.Build())
}
