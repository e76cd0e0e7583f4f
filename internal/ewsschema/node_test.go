package ewsschema_test

import (
	"fmt"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNode(t *testing.T) {
	t.Parallel()
	req, err := parse(envelope("Exchange2013", "", `<m:FindItem Traversal="Shallow">`+
		`<m:ItemShape><t:BaseShape>Default</t:BaseShape><t:IncludeMimeContent> 1 </t:IncludeMimeContent><t:FilterHtmlContent>false</t:FilterHtmlContent></m:ItemShape>`+
		`<m:IndexedPageItemView MaxEntriesReturned="10" Offset=" 5 " BasePoint="End"/>`+
		`<m:ParentFolderIds><t:FolderId Id="A&#10;B&amp;"/><t:DistinguishedFolderId Id="inbox"/><t:FolderId Id="C"/></m:ParentFolderIds>`+
		`<m:QueryString ResetCache="true"><![CDATA[<a>]]> &amp;&lt;b</m:QueryString></m:FindItem>`), ewsschema.Exchange2013)
	require.NoError(t, err)
	op := req.Operation

	assert.Equal(t, "Shallow", op.Get("Traversal"))
	_, ok := op.Attr("traversal")
	assert.False(t, ok)
	assert.Equal(t, "Default", op.Path("ItemShape", "BaseShape").Content())
	assert.Equal(t, "Default", op.Child("ItemShape").Value("BaseShape"))
	assert.True(t, op.Child("ItemShape").Bool("IncludeMimeContent", false))
	assert.False(t, op.Child("ItemShape").Bool("FilterHtmlContent", true))
	assert.True(t, op.Child("ItemShape").Bool("Absent", true))
	view := op.Child("IndexedPageItemView")
	assert.EqualValues(t, 10, view.AttrInt("MaxEntriesReturned", 1))
	assert.EqualValues(t, 5, view.AttrInt("Offset", 1))
	assert.EqualValues(t, 1, view.AttrInt("BasePoint", 1), "not a number")
	assert.EqualValues(t, 1, view.AttrInt("Absent", 1))
	folders := op.Child("ParentFolderIds")
	assert.Len(t, folders.All("FolderId"), 2)
	assert.Len(t, folders.Kids(), 3)
	assert.Equal(t, "A\nB&", folders.First().Get("Id"))
	assert.Equal(t, "<a> &<b", op.Value("QueryString"))
	assert.True(t, op.Child("QueryString").AttrBool("ResetCache", false))
	assert.True(t, op.Child("QueryString").AttrBool("Absent", true))
}

func TestNilNode(t *testing.T) {
	t.Parallel()
	var n *ewsschema.Node
	assert.False(t, n.Exists())
	assert.Nil(t, n.Child("x"))
	assert.Nil(t, n.First())
	assert.Nil(t, n.Path("x", "y"))
	assert.Nil(t, n.Path())
	assert.Empty(t, n.Kids())
	assert.Empty(t, n.All("x"))
	assert.Empty(t, n.Get("x"))
	assert.Empty(t, n.Content())
	assert.Empty(t, n.Value("x"))
	assert.True(t, n.Bool("x", true))
	assert.EqualValues(t, 3, n.Int("x", 3))
	assert.True(t, n.AttrBool("x", true))
	assert.EqualValues(t, 3, n.AttrInt("x", 3))
}

func ExampleParse() {
	_, err := parse(envelope("Exchange2010_SP1", "",
		`<m:DeleteItem DeleteType="HardDelete" SuppressReadReceipts="true"><m:ItemIds><t:ItemId Id="AAMk"/></m:ItemIds></m:DeleteItem>`),
		ewsschema.Exchange2010SP2)
	fmt.Println(err)
	// Output: The request failed schema validation: The 'SuppressReadReceipts' attribute is not declared. (line 2, position 286)
}
