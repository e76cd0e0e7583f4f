package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// contactXML returns a contact with elements before its e-mail addresses, which are
// numbered.
func contactXML(before string, addresses ...string) string {
	var entries strings.Builder
	for i, a := range addresses {
		entries.WriteString(`<t:Entry Key="EmailAddress` + string(rune('1'+i)) + `">` + a + `</t:Entry>`)
	}
	return `<t:Contact>` + before + `<t:EmailAddresses>` + entries.String() + `</t:EmailAddresses></t:Contact>`
}

// resolveXML looks up a name in a scope, and in a folder if one is given.
func resolveXML(attributes, folder, name string) string {
	if folder != "" {
		folder = `<m:ParentFolderIds>` + folder + `</m:ParentFolderIds>`
	}
	return `<m:ResolveNames ` + attributes + `>` + folder + `<m:UnresolvedEntry>` + name + `</m:UnresolvedEntry></m:ResolveNames>`
}

func TestResolveNamesOfContacts(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		make := func(folder, item string) {
			require.Equal(t, []string{"NoError"}, codes(c.do(createXML("", folder, item))))
		}
		made := c.asked(createFolderXML(folderOf("contacts", ""), `<t:ContactsFolder><t:DisplayName>Club</t:DisplayName></t:ContactsFolder>`))
		club := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
		make(folderOf("contacts", ""), contactXML(`<t:DisplayName>Zoe Zander</t:DisplayName><t:GivenName>Zoe</t:GivenName>`, "zoe@x.example", "zz@y.example"))
		make(folderOf("contacts", ""), contactXML(`<t:DisplayName>Bob the Builder</t:DisplayName>`, "builder@x.example"))
		make(folderOf("contacts", ""), `<t:Contact><t:DisplayName>Zacharias</t:DisplayName></t:Contact>`)
		make(club, contactXML(`<t:DisplayName>Zeno</t:DisplayName><t:Nickname>Turtle</t:Nickname>`, "zeno@x.example"))
		const found, several, none = "NoError", "ErrorNameResolutionMultipleResults", "ErrorNameResolutionNoResults"
		for name, tt := range map[string]struct{ scope, folder, entry, code, addresses string }{
			"contact, as by default":  {"", "", "Zander", several, "zoe@x.example zz@y.example"},
			"its other address":       {"", "", "zz@y", found, "zz@y.example"},
			"exact address":           {"", "", "smtp:ZOE@x.example", found, "zoe@x.example"},
			"both, directory first":   {"ActiveDirectoryContacts", "", "bob", several, "bob@example.test builder@x.example"},
			"both, contacts first":    {"ContactsActiveDirectory", "", "bob", several, "builder@x.example bob@example.test"},
			"contacts only":           {"Contacts", "", "bob", found, "builder@x.example"},
			"directory only":          {"ActiveDirectory", "", "bob", found, "bob@example.test"},
			"directory without":       {"ActiveDirectory", "", "Zander", none, ""},
			"without an address":      {"Contacts", "", "Zacharias", none, ""},
			"of another folder":       {"Contacts", "", "Zeno", none, ""},
			"folder by id":            {"Contacts", club, "Zeno", found, "zeno@x.example"},
			"nickname":                {"Contacts", club, "turt", found, "zeno@x.example"},
			"folder by name":          {"Contacts", folderOf("contacts", ""), "bob", found, "builder@x.example"},
			"folder beside directory": {"ActiveDirectoryContacts", club, "bob", found, "bob@example.test"},
			"no contacts there":       {"Contacts", folderOf("inbox", ""), "Zeno", "ErrorResolveNamesInvalidFolderType", ""},
			"of somebody else":        {"Contacts", folderOf("contacts", bob), "Zeno", "ErrorFolderNotFound", ""},
			"two folders":             {"Contacts", folderOf("contacts", "") + club, "Zeno", "ErrorResolveNamesOnlyOneContactsFolderAllowed", ""},
		} {
			attributes := `ReturnFullContactData="false"`
			if tt.scope != "" {
				attributes += ` SearchScope="` + tt.scope + `"`
			}
			answer := c.do(resolveXML(attributes, tt.folder, tt.entry))
			assert.Equal(t, []string{tt.code}, codes(answer), "%s on %s", name, version)
			assert.Equal(t, tt.addresses, strings.Join(texts(answer, "EmailAddress"), " "), "%s on %s", name, version)
			assert.Equal(t, strings.Count(tt.addresses, "x.example")+strings.Count(tt.addresses, "y.example"), strings.Count(answer, "<t:ItemId "), "contacts come with their ids")
			assert.NotContains(t, answer, "<t:Contact>")
		}
		whole := c.asked(resolveXML(`ReturnFullContactData="true" SearchScope="Contacts"`, "", "zz@y"))
		assert.Equal(t, []string{"Zoe"}, texts(whole, "GivenName"), version)
		assert.Equal(t, []string{"Contact"}, texts(whole, "MailboxType"), version)
	}
}

// TestContactsByAddress creates contacts with addresses, and reads, finds and changes
// them.
func TestContactsByAddress(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		made := c.asked(createXML("", folderOf("contacts", ""), contactXML(`<t:FileAs>Zander, Zoe</t:FileAs><t:GivenName>Zoe</t:GivenName><t:CompanyName>Zoo</t:CompanyName>`, "zoe@x.example", "zz@y.example")))
		id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
		entries := func(shape string) string {
			answer := c.asked(getItemXML(shape, id))
			return strings.Join(attrs(answer, "Entry", "Key"), " ") + ": " + strings.Join(texts(answer, "Entry"), " ")
		}
		indexed := func(n string) string {
			return `<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress` + n + `"/>`
		}
		asks := func(path string) string {
			return idOnly + `<t:AdditionalProperties>` + path + `</t:AdditionalProperties>`
		}
		assert.Equal(t, "EmailAddress1 EmailAddress2: zoe@x.example zz@y.example", entries(full), version)
		assert.Equal(t, "EmailAddress2: zz@y.example", entries(asks(indexed("2"))))
		assert.Equal(t, "EmailAddress1 EmailAddress2: zoe@x.example zz@y.example", entries(asks(indexed("2")+`<t:FieldURI FieldURI="contacts:EmailAddresses"/>`)))
		assert.Equal(t, ": ", entries(asks(indexed("3"))))
		found := func(path, value string) int {
			return len(attrs(c.asked(findXML(folderOf("contacts", ""), comparedXML("IsEqualTo", path, value))), "ItemId", "Id"))
		}
		assert.Equal(t, 1, found(indexed("2"), "ZZ@y.example"), version)
		assert.Equal(t, 0, found(indexed("1"), "zz@y.example"))
		assert.Equal(t, 1, found(`<t:FieldURI FieldURI="contacts:CompanyName"/>`, "zoo"))
		assert.Equal(t, 1, found(`<t:FieldURI FieldURI="contacts:FileAs"/>`, "Zander, Zoe"))
		update := func(change string) []string {
			return codes(c.do(`<m:UpdateItem ConflictResolution="AlwaysOverwrite"><m:ItemChanges><t:ItemChange>` + id + `<t:Updates>` + change + `</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`))
		}
		set := func(path, content string) []string {
			return update(`<t:SetItemField>` + path + content + `</t:SetItemField>`)
		}
		assert.Equal(t, []string{"NoError"}, set(indexed("3"), strings.ReplaceAll(contactXML("", "third@x.example"), "Address1", "Address3")))
		assert.Equal(t, []string{"NoError"}, update(`<t:DeleteItemField>`+indexed("1")+`</t:DeleteItemField>`))
		assert.Equal(t, "EmailAddress2 EmailAddress3: zz@y.example third@x.example", entries(full), version)
		for _, wrong := range []struct{ change, code string }{
			{`<t:SetItemField>` + indexed("1") + contactXML("", "a@x.example", "b@x.example") + `</t:SetItemField>`, "ErrorIncorrectUpdatePropertyCount"},
			{`<t:SetItemField>` + indexed("2") + contactXML("", "a@x.example") + `</t:SetItemField>`, "ErrorUpdatePropertyMismatch"},
			{`<t:AppendToItemField>` + indexed("1") + contactXML("", "a@x.example") + `</t:AppendToItemField>`, "ErrorInvalidPropertyAppend"},
			{`<t:SetItemField><t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="HomePhone"/><t:Contact><t:PhoneNumbers><t:Entry Key="HomePhone">1</t:Entry></t:PhoneNumbers></t:Contact></t:SetItemField>`, "ErrorInvalidOperation"},
			{`<t:DeleteItemField><t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="HomePhone"/></t:DeleteItemField>`, "ErrorInvalidOperation"},
			{`<t:DeleteItemField><t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="X-A"/></t:DeleteItemField>`, "ErrorInvalidPropertyDelete"},
		} {
			assert.Equal(t, []string{wrong.code}, update(wrong.change), "%s on %s", wrong.change, version)
		}
		assert.Equal(t, []string{"NoError"}, update(`<t:DeleteItemField><t:FieldURI FieldURI="contacts:EmailAddresses"/></t:DeleteItemField>`))
		assert.Equal(t, ": ", entries(full), version)
	}
}
