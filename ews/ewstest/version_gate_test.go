package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestNewerThanTheRequestSays asks servers that have a feature, and servers that do not,
// for what the version in RequestServerVersion lacks. See ErrorIncorrectSchemaVersion in
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
func TestNewerThanTheRequestSays(t *testing.T) {
	t.Parallel()
	inbox := folderOf("inbox", alice)
	highlight := `<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:ParentFolderIds>` + inbox + `</m:ParentFolderIds><m:QueryString ReturnHighlightTerms="true">pay</m:QueryString></m:FindItem>`
	field := func(uri string) string { return findShapeXML(idOnly + fieldsXML(uri)) }
	for name, tt := range map[string]struct{ operation, says string }{
		"an operation":    {`<m:MarkAllItemsAsRead><m:ReadFlag>true</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts><m:FolderIds>` + inbox + `</m:FolderIds></m:MarkAllItemsAsRead>`, "Exchange2010_SP2"},
		"an attribute":    {highlight, "Exchange2010_SP2"},
		"a property":      {field("item:Preview"), "Exchange2010_SP1"},
		"a folder name":   {findXML(folderOf("conflicts", alice), ""), "Exchange2010_SP2"},
		"nothing is said": {`<m:ExportItems><m:ItemIds><t:ItemId Id="AAA="/></m:ItemIds></m:ExportItems>`, ""},
	} {
		for version, want := range map[ewstest.Version]string{ewstest.Exchange2016: "ErrorIncorrectSchemaVersion", ewstest.Exchange2013SP1: "ErrorIncorrectSchemaVersion", ewstest.Exchange2010SP3: "ErrorSchemaValidation"} {
			if version == ewstest.Exchange2010SP3 && tt.says == "" {
				want = "ErrorIncorrectSchemaVersion" // it has that operation
			}
			c := newCaller(t, ewstest.Options{Version: version}).in(tt.says)
			status, answer, err := c.try(tt.operation)
			assert.NoError(t, err)
			assert.Equal(t, 500, status, "%s on %s", name, version)
			assert.Equal(t, []string{want}, codes(answer), "%s on %s", name, version)
		}
	}
	// What is invalid in every version remains a schema violation.
	c := newCaller(t, ewstest.Options{}).in("Exchange2010")
	assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.do(findXML(inbox, `<m:Preview/>`))))
	assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.do(`<m:NoOperation/>`)))
}
