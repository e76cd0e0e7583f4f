package ewstest_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// These are the calls that mail software makes before it shows a folder, and what it
// needs from the answers. DavMail and ews-javascript-api were observed (internal/interop
// runs them); the calls of Thunderbird and evolution-ews are taken from their published
// sources.

// davMailFolder is what DavMail asks for about folders, and davMailItem about items.
const (
	davMailFolder = idOnly + `<t:AdditionalProperties><t:FieldURI FieldURI="folder:DisplayName"/><t:ExtendedFieldURI PropertyTag="0x3613" PropertyType="String"/>` +
		`<t:ExtendedFieldURI PropertyTag="0x6751" PropertyType="Integer"/><t:ExtendedFieldURI PropertyTag="0x6752" PropertyType="Integer"/>` +
		`<t:ExtendedFieldURI PropertyTag="0x3008" PropertyType="SystemTime"/><t:ExtendedFieldURI PropertyTag="0x360a" PropertyType="Boolean"/>` +
		`<t:ExtendedFieldURI PropertyTag="0x10f3" PropertyType="String"/><t:ExtendedFieldURI PropertyTag="0x3603" PropertyType="Integer"/>` +
		`<t:ExtendedFieldURI PropertyTag="0x3602" PropertyType="Integer"/><t:ExtendedFieldURI PropertyTag="0x670a" PropertyType="SystemTime"/></t:AdditionalProperties>`
	davMailItem = idOnly + `<t:AdditionalProperties><t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="34160" PropertyType="Integer"/>` +
		`<t:ExtendedFieldURI PropertyTag="0x1083" PropertyType="Integer"/><t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="Keywords" PropertyType="StringArray"/>` +
		`<t:ExtendedFieldURI PropertyTag="0xe08" PropertyType="Integer"/><t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="content-class" PropertyType="String"/>` +
		`<t:ExtendedFieldURI PropertyTag="0xe06" PropertyType="SystemTime"/><t:FieldURI FieldURI="message:IsRead"/><t:ExtendedFieldURI PropertyTag="0xe07" PropertyType="Integer"/>` +
		`<t:ExtendedFieldURI PropertyTag="0xff9" PropertyType="Binary"/><t:ExtendedFieldURI PropertyTag="0xe23" PropertyType="Integer"/></t:AdditionalProperties>`
)

// clientsCaller returns a caller as alice, whose Inbox has three messages.
func clientsCaller(t *testing.T, version ewstest.Version, schema string) *caller {
	c := newCaller(t, ewstest.Options{Version: version}).as("alice").in(schema)
	for n := range 3 {
		c.srv.Mailbox(alice).Deliver([]byte(strings.Replace(plain, "<1@", "<"+strconv.Itoa(n)+"@", 1)))
	}
	return c
}

// asked sends a request and requires all its response messages to succeed.
func (c *caller) asked(operation string) string {
	c.t.Helper()
	answer := c.do(operation)
	got := codes(answer)
	require.NotEmpty(c.t, got, answer)
	for _, code := range got {
		require.Equal(c.t, "NoError", code, "%s: %s", operation, answer)
	}
	return answer
}

func TestDavMailShowsAFolder(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := clientsCaller(t, version, schema)
		// It learns whose mailbox this is by converting an id with an address that
		// belongs to nobody.
		root := attrs(c.asked(getFolderXML(idOnly, folderOf("root", ""))), "FolderId", "Id")[0]
		converted := c.asked(`<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" Id="` + root + `" Mailbox="blah@blah.com"/></m:SourceIds></m:ConvertId>`)
		assert.Equal(t, []string{alice}, attrs(converted, "AlternateId", "Mailbox"), version)
		for _, name := range []string{"inbox", "drafts", "sentitems", "deleteditems", "junkemail", "outbox", "calendar", "contacts", "tasks", "msgfolderroot"} {
			c.asked(getFolderXML(davMailFolder, folderOf(name, "")))
		}
		class := func(name string) string {
			return `<t:IsEqualTo><t:ExtendedFieldURI PropertyTag="0x3613" PropertyType="String"/><t:FieldURIOrConstant><t:Constant Value="` + name + `"/></t:FieldURIOrConstant></t:IsEqualTo>`
		}
		folders := c.asked(`<m:FindFolder Traversal="Shallow"><m:FolderShape>` + davMailFolder + `</m:FolderShape><m:IndexedPageFolderView MaxEntriesReturned="500" Offset="0" BasePoint="Beginning"/>` +
			`<m:Restriction><t:Or>` + class("IPF.Note") + class("IPF.Note.Microsoft.Conversation") + `<t:Not><t:Exists><t:ExtendedFieldURI PropertyTag="0x3613" PropertyType="String"/></t:Exists></t:Not></t:Or></m:Restriction>` +
			`<m:ParentFolderIds>` + folderOf("msgfolderroot", "") + `</m:ParentFolderIds></m:FindFolder>`)
		assert.Contains(t, texts(folders, "DisplayName"), "Inbox", version)
		// The numbers that IMAP gives messages are article numbers, in ascending order.
		items := c.asked(`<m:FindItem Traversal="Shallow"><m:ItemShape>` + davMailItem + `</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="500" Offset="0" BasePoint="Beginning"/>` +
			`<m:SortOrder><t:FieldOrder Order="Ascending"><t:ExtendedFieldURI PropertyTag="0xe23" PropertyType="Integer"/></t:FieldOrder></m:SortOrder>` +
			`<m:ParentFolderIds>` + folderOf("inbox", "") + `</m:ParentFolderIds></m:FindItem>`)
		var numbers []int
		for property := range strings.SplitSeq(items, "<t:ExtendedProperty>") {
			if strings.Contains(property, `"0xe23"`) {
				n, err := strconv.Atoi(texts(property, "Value")[0])
				require.NoError(t, err)
				numbers = append(numbers, n)
			}
		}
		assert.Len(t, slices.Compact(slices.Clone(numbers)), 3, version)
		assert.True(t, slices.IsSorted(numbers), "%s: %v", version, numbers)
		for _, id := range attrs(items, "ItemId", "Id") {
			assert.Len(t, texts(c.asked(getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, `<t:ItemId Id="`+id+`"/>`)), "MimeContent"), 1)
		}
	}
}

// fieldsXML names properties of a shape.
func fieldsXML(names ...string) string {
	var b strings.Builder
	b.WriteString(`<t:AdditionalProperties>`)
	for _, n := range names {
		b.WriteString(`<t:FieldURI FieldURI="` + n + `"/>`)
	}
	return b.String() + `</t:AdditionalProperties>`
}

// synchronised returns the ids of the items of a folder, as clients obtain them.
func (c *caller) synchronised(folder string) []string {
	c.t.Helper()
	answer := c.asked(`<m:SyncFolderItems><m:ItemShape>` + idOnly + `</m:ItemShape><m:SyncFolderId>` + folder + `</m:SyncFolderId><m:MaxChangesReturned>100</m:MaxChangesReturned></m:SyncFolderItems>`)
	require.Equal(c.t, []string{"true"}, texts(answer, "IncludesLastItemInRange"))
	ids := attrs(answer, "ItemId", "Id")
	for i, id := range ids {
		ids[i] = `<t:ItemId Id="` + id + `"/>`
	}
	return ids
}

func TestThunderbirdShowsAFolder(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := clientsCaller(t, version, schema)
		c.asked(getFolderXML(idOnly, folderOf("msgfolderroot", ""))) // is the password right?
		known := c.asked(getFolderXML(idOnly, folderOf("inbox", "")+folderOf("deleteditems", "")+folderOf("drafts", "")+folderOf("outbox", "")+folderOf("sentitems", "")+folderOf("junkemail", "")))
		inbox := attrs(known, "FolderId", "Id")[0]
		changes := c.asked(`<m:SyncFolderHierarchy><m:FolderShape>` + idOnly + `</m:FolderShape><m:SyncFolderId>` + folderOf("msgfolderroot", "") + `</m:SyncFolderId></m:SyncFolderHierarchy>`)
		assert.Equal(t, []string{"true"}, texts(changes, "IncludesLastFolderInRange"), version)
		ids := attrs(changes, "FolderId", "Id")
		assert.Contains(t, ids, inbox, version)
		for i, id := range ids {
			ids[i] = `<t:FolderId Id="` + id + `"/>`
		}
		assert.Contains(t, texts(c.asked(getFolderXML(full, strings.Join(ids, ""))), "DisplayName"), "Inbox", version)
		items := c.synchronised(`<t:FolderId Id="` + inbox + `"/>`)
		require.Len(t, items, 3, version)
		fields := []string{
			"message:IsRead", "message:InternetMessageId", "item:InternetMessageHeaders", "item:DateTimeSent", "message:From", "message:ReplyTo", "message:Sender", "item:Subject",
			"message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "item:HasAttachments", "item:Importance", "message:References", "item:Size",
		}
		if version != ewstest.Exchange2010SP3 {
			fields = append(fields, "item:Preview", "item:Flag")
		}
		got := c.asked(getItemXML(idOnly+fieldsXML(fields...), items...))
		assert.ElementsMatch(t, []string{"&lt;0@evil.example&gt;", "&lt;1@evil.example&gt;", "&lt;2@evil.example&gt;"}, texts(got, "InternetMessageId"), version)
		if version != ewstest.Exchange2010SP3 {
			assert.Len(t, texts(got, "Preview"), 3, version)
		}
	}
}

func TestEvolutionShowsAFolder(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := clientsCaller(t, version, schema)
		changes := c.asked(`<m:SyncFolderHierarchy><m:FolderShape>` + full + `</m:FolderShape></m:SyncFolderHierarchy>`) // from the root
		assert.Contains(t, texts(changes, "DisplayName"), "Inbox", version)
		c.asked(getFolderXML(idOnly, folderOf("inbox", "")+folderOf("drafts", "")+folderOf("sentitems", "")+folderOf("deleteditems", "")+folderOf("outbox", "")+folderOf("junkemail", "")))
		items := c.synchronised(folderOf("inbox", ""))
		require.Len(t, items, 3, version)
		fields := []string{
			"item:Subject", "item:DateTimeReceived", "item:DateTimeSent", "item:DateTimeCreated", "item:Size", "item:HasAttachments", "item:InReplyTo",
			"message:From", "message:Sender", "message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:IsRead", "message:References", "message:InternetMessageId",
			"item:ResponseObjects", "item:Sensitivity", "item:Importance", "item:Categories",
		}
		got := c.asked(getItemXML(idOnly+fieldsXML(fields...), items...))
		assert.Equal(t, []string{"Invoice", "Invoice", "Invoice"}, texts(got, "Subject"), version)
		c.asked(getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, items[0]))
		subscribed := c.asked(`<m:Subscribe><m:StreamingSubscriptionRequest SubscribeToAllFolders="true"><t:EventTypes><t:EventType>CopiedEvent</t:EventType><t:EventType>CreatedEvent</t:EventType>` +
			`<t:EventType>DeletedEvent</t:EventType><t:EventType>ModifiedEvent</t:EventType><t:EventType>MovedEvent</t:EventType></t:EventTypes></m:StreamingSubscriptionRequest></m:Subscribe>`)
		require.Len(t, texts(subscribed, "SubscriptionId"), 1, version)
		c.asked(`<m:Unsubscribe><m:SubscriptionId>` + texts(subscribed, "SubscriptionId")[0] + `</m:SubscriptionId></m:Unsubscribe>`)
	}
}

func TestEWSJavaScriptShowsAFolder(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := clientsCaller(t, version, schema)
		folders := c.asked(`<m:FindFolder Traversal="Deep"><m:FolderShape>` + full + `</m:FolderShape><m:IndexedPageFolderView MaxEntriesReturned="2" Offset="0" BasePoint="Beginning"/>` +
			`<m:ParentFolderIds>` + folderOf("msgfolderroot", alice) + `</m:ParentFolderIds></m:FindFolder>`)
		assert.Len(t, texts(folders, "DisplayName"), 2, version)
		assert.Equal(t, []string{"false"}, attrs(folders, "RootFolder", "IncludesLastItemInRange"), version)
		items := c.asked(`<m:FindItem Traversal="Shallow"><m:ItemShape>` + idOnly + fieldsXML("item:Subject") + `</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="2" Offset="2" BasePoint="Beginning"/>` +
			`<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder></m:SortOrder><m:ParentFolderIds>` + folderOf("inbox", alice) + `</m:ParentFolderIds></m:FindItem>`)
		require.Len(t, attrs(items, "ItemId", "Id"), 1, version)
		c.asked(getItemXML(idOnly+fieldsXML("item:MimeContent"), `<t:ItemId Id="`+attrs(items, "ItemId", "Id")[0]+`"/>`))
	}
}
