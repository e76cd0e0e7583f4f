package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestNamesOfContacts creates contacts and lists with a name, and finds and changes them
// by it.
func TestNamesOfContacts(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		for _, kind := range []string{"Contact", "DistributionList"} {
			name := "A " + kind
			made := c.do(createXML("", folderOf("contacts", ""), `<t:`+kind+`><t:DisplayName>`+name+`</t:DisplayName></t:`+kind+`>`))
			require.Equal(t, []string{"NoError"}, codes(made), "%s on %s: %s", kind, version, made)
			id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `" ChangeKey="` + attrs(made, "ItemId", "ChangeKey")[0] + `"/>`
			assert.Equal(t, []string{name}, texts(c.do(getItemXML(full, id)), "DisplayName"))
			by := findXML(folderOf("contacts", ""), comparedXML("IsEqualTo", `<t:FieldURI FieldURI="contacts:DisplayName"/>`, name))
			assert.Equal(t, []string{name}, texts(c.do(by), "DisplayName"))
			update := func(change string) []string {
				return codes(c.do(`<m:UpdateItem ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange>` + id + `<t:Updates>` + change + `</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`))
			}
			assert.Equal(t, []string{"NoError"}, update(`<t:SetItemField><t:FieldURI FieldURI="contacts:DisplayName"/><t:`+kind+`><t:DisplayName>Other</t:DisplayName></t:`+kind+`></t:SetItemField>`))
			assert.Empty(t, texts(c.do(by), "DisplayName"))
			assert.Equal(t, []string{"Other"}, texts(c.do(getItemXML(full, id)), "DisplayName"))
			assert.Equal(t, []string{"NoError"}, update(`<t:DeleteItemField><t:FieldURI FieldURI="contacts:DisplayName"/></t:DeleteItemField>`))
			assert.Empty(t, texts(c.do(getItemXML(full, id)), "DisplayName"))
		}
	}
}
