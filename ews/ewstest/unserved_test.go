package ewstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// TestEveryHeader checks the answer for each header that the schema has.
func TestEveryHeader(t *testing.T) {
	t.Parallel()
	sid := `<t:ConnectingSID><t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress></t:ConnectingSID>`
	headers := map[string]struct{ content, code string }{
		"RequestServerVersion":  {"", ""},
		"ExchangeImpersonation": {`<t:ExchangeImpersonation>` + sid + `</t:ExchangeImpersonation>`, "NoError"},
		"DateTimePrecision":     {`<t:DateTimePrecision>Milliseconds</t:DateTimePrecision>`, "NoError"},
		// Languages and time zones concern what ewstest does not have: error texts in
		// other languages, and appointments.
		"MailboxCulture":             {`<t:MailboxCulture>de-DE</t:MailboxCulture>`, "NoError"},
		"TimeZoneContext":            {`<t:TimeZoneContext><t:TimeZoneDefinition Id="UTC"/></t:TimeZoneContext>`, "NoError"},
		"ManagementRole":             {`<t:ManagementRole><t:UserRoles><t:Role>MailboxSearch</t:Role></t:UserRoles></t:ManagementRole>`, "ErrorInvalidManagementRoleHeader"},
		"OpenAsAdminOrSystemService": {`<t:OpenAsAdminOrSystemService LogonType="Admin">` + sid + `</t:OpenAsAdminOrSystemService>`, "ErrorAccessDenied"},
		"SerializedSecurityContext":  {`<t:SerializedSecurityContext><t:UserSid>S-1</t:UserSid></t:SerializedSecurityContext>`, "ErrorInvalidSerializedAccessToken"},
	}
	c := newCaller(t, ewstest.Options{Version: ewstest.ExchangeOnline}).in("Exchange2016")
	for _, name := range ewsschema.Headers(ewsschema.V20180108) {
		h, known := headers[name]
		require.True(t, known, name)
		if h.content == "" {
			continue
		}
		c.header = h.content
		assert.Equal(t, []string{h.code}, codes(c.do(getFolderXML(idOnly, folderOf("inbox", bob)))), name)
	}
}

// The published schemas do not include SOAP's attributes on headers, so what is sent here
// is not captured.
func TestHeadersThatMustBeUnderstood(t *testing.T) {
	t.Setenv("EWSTEST_CAPTURE", "")
	for header, understood := range map[string]bool{
		`<x:Trace xmlns:x="urn:x" s:mustUnderstand="1"/>`:                                                         false,
		`<t:Weather s:mustUnderstand="true"/>`:                                                                    false,
		`<x:DateTimePrecision xmlns:x="urn:x" s:mustUnderstand="1">Seconds</x:DateTimePrecision>`:                 false,
		`<t:Weather s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"/>`:                  false,
		`<t:Weather s:mustUnderstand="1" s:actor="urn:proxy"/>`:                                                   true,
		`<t:Weather s:mustUnderstand="0"/>`:                                                                       true,
		`<x:Trace xmlns:x="urn:x"/>`:                                                                              true,
		`<t:DateTimePrecision s:mustUnderstand="1">Seconds</t:DateTimePrecision>`:                                 true,
		`<t:ManagementRole s:mustUnderstand="1"><t:UserRoles><t:Role>A</t:Role></t:UserRoles></t:ManagementRole>`: false, // newer than the request
	} {
		c := newCaller(t, ewstest.Options{}).in("Exchange2010_SP2")
		c.header = header
		status, answer, err := c.try(getFolderXML(idOnly, folderOf("inbox", alice)))
		require.NoError(t, err)
		if understood {
			assert.Equal(t, []string{"NoError"}, codes(answer), header)
			continue
		}
		assert.Equal(t, 500, status, header)
		assert.Contains(t, answer, "<faultcode>s:MustUnderstand</faultcode>", header)
		assert.NotContains(t, answer, "detail", header)
		assert.Equal(t, "MustUnderstand", c.srv.Requests()[0].Code, header)
	}
}

// TestPartsOfRequestsThatAreRefused sends what the schema has besides the properties of
// items and folders but ewstest does not support.
func TestPartsOfRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{Version: ewstest.ExchangeOnline}).in("V2018_01_08")
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	f := folderIDXML(box.AddFolder(nil, "Own"))
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	subject := `<t:FieldURI FieldURI="item:Subject"/>`
	people := `<t:BaseShape>PcxPeopleSearch</t:BaseShape>`
	resolve := func(attributes, folders string) string {
		return `<m:ResolveNames ReturnFullContactData="true" ` + attributes + `>` + folders + `<m:UnresolvedEntry>alice</m:UnresolvedEntry></m:ResolveNames>`
	}
	find := func(rest string) string { return findXML(folderOf("inbox", alice), rest) }
	for name, tt := range map[string]struct{ op, code string }{
		"groups that collapse":   {find(`<m:GroupBy Order="Ascending">` + subject + `<t:AggregateOn Aggregate="Minimum">` + subject + `</t:AggregateOn><t:UseCollapsibleGroups>true</t:UseCollapsibleGroups></m:GroupBy>`), "ErrorInvalidOperation"},
		"view of a bad fraction": {find(`<m:FractionalPageItemView Numerator="3" Denominator="2"/>`), "ErrorInvalidFractionalPagingParameters"},
		"bad condition":          {find(`<m:SeekToConditionPageItemView BasePoint="Beginning"><t:Condition><t:Exists><t:FieldURI FieldURI="item:MimeContent"/></t:Exists></t:Condition></m:SeekToConditionPageItemView>`), "ErrorUnsupportedPathForQuery"},
		"order by a body":        {find(`<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:MimeContent"/></t:FieldOrder></m:SortOrder>`), "ErrorUnsupportedPathForSortGroup"},
		"part of a number":       {find(`<m:Restriction><t:Contains><t:FieldURI FieldURI="item:Size"/><t:Constant Value="1"/></t:Contains></m:Restriction>`), "ErrorContainsFilterWrongType"},
		"part of an importance":  {find(`<m:Restriction><t:Contains><t:FieldURI FieldURI="item:Importance"/><t:Constant Value="Hi"/></t:Contains></m:Restriction>`), "ErrorContainsFilterWrongType"},
		"unknown importance":     {find(`<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="item:Importance"/><t:FieldURIOrConstant><t:Constant Value="Urgent"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`), "ErrorInvalidValueForProperty"},
		"existence of a flag":    {find(`<m:Restriction><t:Exists><t:FieldURI FieldURI="message:IsRead"/></t:Exists></m:Restriction>`), "ErrorInvalidPropertyForExists"},
		"too large a mask":       {find(`<m:Restriction><t:Excludes><t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/><t:Bitmask Value="99999999999999999999"/></t:Excludes></m:Restriction>`), "ErrorInvalidExcludesRestriction"},
		"folder of a search":     {createFolderXML(folderIDXML(box.AddSearchFolder("All")), `<t:Folder><t:DisplayName>a</t:DisplayName></t:Folder>`), "ErrorInvalidParentFolder"},
		"header in a query":      {find(`<m:Restriction><t:Exists><t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="X-A"/></t:Exists></m:Restriction>`), "ErrorUnsupportedPathForQuery"},
		"shape of people":        {getItemXML(people, itemID(m)), "ErrorInvalidOperation"},
		"folder of people":       {getFolderXML(people, f), "ErrorInvalidOperation"},
		"item as a folder":       {findXML(`<t:FolderId Id="`+m.ID.ID+`"/>`, ""), "ErrorCannotUseItemIdForFolderId"},
		"folder as an item":      {getItemXML(idOnly, strings.Replace(f, "FolderId", "ItemId", 1)), "ErrorCannotUseFolderIdForItemId"},
		"key of a folder":        {getFolderXML(idOnly, strings.Replace(f, "/>", ` ChangeKey="AAAA"/>`, 1)), "ErrorInvalidChangeKey"},
		"key of a known folder":  {getFolderXML(idOnly, `<t:DistinguishedFolderId Id="inbox" ChangeKey="AAAA"/>`), "ErrorInvalidChangeKey"},
		"other address":          {getFolderXML(idOnly, `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>/o=x/cn=alice</t:EmailAddress><t:RoutingType>EX</t:RoutingType></t:Mailbox></t:DistinguishedFolderId>`), "ErrorInvalidOperation"},
		"mailbox by its name":    {getFolderXML(idOnly, `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:Name>Alice</t:Name></t:Mailbox></t:DistinguishedFolderId>`), "ErrorMissingInformationEmailAddress"},
		"occurrence":             {getItemXML(idOnly, `<t:OccurrenceItemId RecurringMasterId="`+m.ID.ID+`" InstanceIndex="1"/>`), "ErrorCalendarCannotUseIdForRecurringMasterId"},
		"list of addresses":      {moveXML(`<t:AddressListId Id="AAAA"/>`, itemID(m)), "ErrorInvalidOperation"},
		"activity":               {strings.Replace(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Subject", `<t:Subject>x</t:Subject>`)), "</t:ItemChange>", `<t:CalendarActivityData>`+activity(t)+`</t:CalendarActivityData></t:ItemChange>`, 1), "ErrorInvalidOperation"},
		"upload, new, with id":   {uploadXML("CreateNew", box.AddFolder(nil, "Own2"), itemID(m), data), "ErrorInvalidRequest"},
		"names of people":        {resolve(`ContactDataShape="PcxPeopleSearch"`, ""), "ErrorInvalidOperation"},
		"private list":           {`<m:ExpandDL><m:Mailbox><t:EmailAddress>all-staff@example.test</t:EmailAddress><t:ItemId Id="AAAA"/></m:Mailbox></m:ExpandDL>`, "ErrorInvalidOperation"},
		"unknown entries":        {createFolderXML(f, `<t:Folder><t:DisplayName>a</t:DisplayName><t:PermissionSet><t:Permissions/><t:UnknownEntries><t:UnknownEntry>x</t:UnknownEntry></t:UnknownEntries></t:PermissionSet></t:Folder>`), "ErrorCannotSetPermissionUnknownEntries"},
		"user of elsewhere":      {createFolderXML(f, `<t:Folder><t:DisplayName>a</t:DisplayName><t:PermissionSet><t:Permissions><t:Permission><t:UserId><t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress><t:ExternalUserIdentity>bob</t:ExternalUserIdentity></t:UserId><t:PermissionLevel>Editor</t:PermissionLevel></t:Permission></t:Permissions></t:PermissionSet></t:Folder>`), "ErrorInvalidOperation"},
		"class of another kind":  {createFolderXML(f, `<t:CalendarFolder><t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>a</t:DisplayName></t:CalendarFolder>`), "ErrorNoFolderClassOverride"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), "%s: %s", name, c.do(tt.op))
	}
	assert.Empty(t, texts(c.do(resolve(`ContactDataShape="IdOnly"`, "")), "DisplayName"))
	assert.NotEmpty(t, texts(c.do(resolve(`ContactDataShape="AllProperties"`, "")), "DisplayName"))
	assert.Equal(t, m, box.Message(m.ID), "nothing was done")
}

// activity returns valid content for CalendarActivityData.
func activity(t *testing.T) string {
	t.Helper()
	for _, s := range ewsschema.Samples("ItemChangeType", ewsschema.V20180108) {
		if s.Name == "CalendarActivityData" {
			return strings.TrimSuffix(strings.TrimPrefix(s.XML, "<t:CalendarActivityData>"), "</t:CalendarActivityData>")
		}
	}
	t.Fatal("the schema has no CalendarActivityData")
	return ""
}

// TestReturnNewItemIdsIsIgnored: according to the protocol's own description, servers
// return the ids regardless of its value.
func TestReturnNewItemIdsIsIgnored(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"true", "false"} {
		c := newCaller(t, ewstest.Options{})
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		op := strings.Replace(moveXML(folderOf("drafts", alice), itemID(m)), "</m:MoveItem>", "<m:ReturnNewItemIds>"+want+"</m:ReturnNewItemIds></m:MoveItem>", 1)
		assert.Len(t, attrs(c.do(op), "ItemId", "Id"), 1, want)
	}
}

func TestViewsAndContainments(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).in("Exchange2013")
	for i := range 6 {
		importance := []string{"low", "high", "normal"}[i%3]
		c.srv.Mailbox(alice).Deliver(fmt.Appendf(nil, "Subject: Résumé no%d, draft\r\nImportance: %s\r\n\r\n", i, importance))
	}
	ask := func(rest string) string {
		var all []string
		for _, s := range texts(c.do(findXML(folderOf("inbox", alice), rest)), "Subject") {
			all = append(all, s[strings.Index(s, "no")+2:strings.Index(s, ",")])
		}
		return strings.Join(all, "")
	}
	seek := func(base, importance, most string) string {
		return `<m:SeekToConditionPageItemView BasePoint="` + base + `"` + most + `><t:Condition><t:IsEqualTo><t:FieldURI FieldURI="item:Importance"/><t:FieldURIOrConstant><t:Constant Value="` + importance + `"/></t:FieldURIOrConstant></t:IsEqualTo></t:Condition></m:SeekToConditionPageItemView>`
	}
	assert.Equal(t, "2345", ask(seek("Beginning", "Normal", "")))
	assert.Equal(t, "12", ask(seek("Beginning", "High", ` MaxEntriesReturned="2"`)))
	assert.Equal(t, "34", ask(seek("End", "High", ` MaxEntriesReturned="2"`)))
	assert.Empty(t, ask(strings.NewReplacer("item:Importance", "item:Sensitivity", "High", "Private").Replace(seek("End", "High", ""))))
	assert.Equal(t, "345", ask(`<m:FractionalPageItemView Numerator="1" Denominator="2"/>`))
	assert.Equal(t, "142503", ask(`<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Importance"/></t:FieldOrder></m:SortOrder>`))
	assert.Equal(t, "1245", ask(`<m:Restriction><t:IsGreaterThan><t:FieldURI FieldURI="item:Importance"/><t:FieldURIOrConstant><t:Constant Value="Low"/></t:FieldURIOrConstant></t:IsGreaterThan></m:Restriction>`))
	for _, tt := range []struct {
		mode, comparison, text string
		found                  bool
	}{
		{"PrefixOnWords", "Exact", "dra", true}, {"PrefixOnWords", "Exact", "raft", false}, {"PrefixOnWords", "Exact", "no1, d", true},
		{"ExactPhrase", "Exact", "no1, draft", true}, {"ExactPhrase", "Exact", "no1, draf", false}, {"ExactPhrase", "IgnoreCase", "DRAFT", true}, {"ExactPhrase", "Exact", "o1", false},
		{"Substring", "Exact", "resume", false}, {"Substring", "IgnoreNonSpacingCharacters", "Resume", true}, {"Substring", "IgnoreNonSpacingCharacters", "resume", false},
		{"Substring", "IgnoreCaseAndNonSpacingCharacters", "resume", true}, {"Substring", "Loose", "RESUME", true}, {"Substring", "LooseAndIgnoreNonSpace", "resume", true},
		{"FullString", "Exact", "Résumé no1, draft", true}, {"FullString", "Exact", "Résumé", false}, {"Prefixed", "Exact", "Résumé", true}, {"Prefixed", "Exact", "no1", false},
	} {
		restriction := `<m:Restriction><t:Contains ContainmentMode="` + tt.mode + `" ContainmentComparison="` + tt.comparison + `"><t:FieldURI FieldURI="item:Subject"/><t:Constant Value="` + tt.text + `"/></t:Contains></m:Restriction>`
		assert.Equal(t, tt.found, strings.Contains(ask(restriction), "1"), tt)
	}
}
