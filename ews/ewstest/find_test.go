package ewstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func byMessageID(id string) string {
	return `<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="message:InternetMessageId"/><t:FieldURIOrConstant><t:Constant Value="` + id + `"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`
}

func TestFindItemRestrictions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	one := box.DeliverWith([]byte(plain), ewstest.Delivery{
		Received: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Categories: []string{"Red", "Blue"},
		Extended: []ews.ExtendedProperty{{Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "Mark", Type: ews.TypeString}, Value: "x"}},
	})
	box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Received: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC), Read: true})
	key := one.Properties[ews.PidTagSearchKey].Value
	compare := func(op, path, v string) string {
		return `<t:` + op + `>` + path + `<t:FieldURIOrConstant><t:Constant Value="` + v + `"/></t:FieldURIOrConstant></t:` + op + `>`
	}
	field := func(uri string) string { return `<t:FieldURI FieldURI="` + uri + `"/>` }
	mark := `<t:ExtendedFieldURI PropertySetId="7F2B6F0E-3C5D-4A1B-9E0A-6D1C53A7E4B2" PropertyName="Mark" PropertyType="String"/>`
	for name, tt := range map[string]struct {
		restriction string
		want        []string // subjects, or a code
	}{
		"equal":            {compare("IsEqualTo", field("message:InternetMessageId"), "&lt;1@evil.example&gt;"), []string{"Invoice"}},
		"equal, case":      {compare("IsEqualTo", field("message:InternetMessageId"), "&lt;1@EVIL.example&gt;"), []string{"Invoice"}},
		"not equal":        {compare("IsNotEqualTo", field("message:InternetMessageId"), "&lt;1@evil.example&gt;"), []string{"Read me"}},
		"tag":              {compare("IsEqualTo", `<t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/>`, "&lt;2@evil.example&gt;"), []string{"Read me"}},
		"search key":       {compare("IsEqualTo", `<t:ExtendedFieldURI PropertyTag="0x300B" PropertyType="Binary"/>`, key), []string{"Invoice"}},
		"flags":            {compare("IsEqualTo", `<t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>`, "1"), []string{"Read me"}},
		"excludes":         {`<t:Excludes><t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/><t:Bitmask Value="0x1"/></t:Excludes>`, []string{"Invoice"}},
		"later":            {compare("IsGreaterThan", field("item:DateTimeReceived"), "2026-11-24T10:00:00Z"), []string{"Read me"}},
		"not before":       {compare("IsGreaterThanOrEqualTo", field("item:DateTimeReceived"), "2026-11-24T10:00:00Z"), []string{"Invoice", "Read me"}},
		"unread":           {compare("IsEqualTo", field("message:IsRead"), "false"), []string{"Invoice"}},
		"exists":           {`<t:Exists>` + mark + `</t:Exists>`, []string{"Invoice"}},
		"not exists":       {`<t:Not><t:Exists>` + mark + `</t:Exists></t:Not>`, []string{"Read me"}},
		"category":         {compare("IsEqualTo", field("item:Categories"), "blue"), []string{"Invoice"}},
		"substring":        {`<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">` + field("item:Subject") + `<t:Constant Value="VOICE"/></t:Contains>`, []string{"Invoice"}},
		"substring, exact": {`<t:Contains ContainmentMode="Substring" ContainmentComparison="Exact">` + field("item:Subject") + `<t:Constant Value="VOICE"/></t:Contains>`, nil},
		"prefix":           {`<t:Contains ContainmentMode="Prefixed" ContainmentComparison="Exact">` + field("item:Subject") + `<t:Constant Value="Inv"/></t:Contains>`, []string{"Invoice"}},
		"or":               {`<t:Or>` + compare("IsEqualTo", field("item:Subject"), "invoice") + compare("IsEqualTo", field("item:Subject"), "read me") + `</t:Or>`, []string{"Invoice", "Read me"}},
		"and":              {`<t:And>` + compare("IsEqualTo", field("item:Subject"), "invoice") + compare("IsEqualTo", field("item:Subject"), "read me") + `</t:And>`, nil},
		"sender address":   {compare("IsEqualTo", `<t:ExtendedFieldURI PropertyTag="0x5D01" PropertyType="String"/>`, "eve@evil.example"), []string{"Invoice", "Read me"}},
		"unknown path":     {compare("IsEqualTo", field("item:MimeContent"), "x"), []string{"ErrorUnsupportedPathForQuery"}},
		"custom tag":       {`<t:Exists><t:ExtendedFieldURI PropertyTag="0x8001" PropertyType="String"/></t:Exists>`, []string{"ErrorNoPropertyTagForCustomProperties"}},
		"too long":         {`<t:Or>` + strings.Repeat(`<t:Exists>`+field("item:Subject")+`</t:Exists>`, 255) + `</t:Or>`, []string{"ErrorRestrictionTooLong"}},
		"wrong type":       {compare("IsEqualTo", field("item:Size"), "big"), []string{"ErrorInvalidValueForProperty"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := c.do(findXML(folderOf("inbox", alice), `<m:Restriction>`+tt.restriction+`</m:Restriction>`))
			if len(tt.want) == 1 && strings.HasPrefix(tt.want[0], "Error") {
				assert.Equal(t, tt.want, codes(answer))
				return
			}
			assert.Equal(t, []string{"NoError"}, codes(answer))
			assert.Equal(t, tt.want, texts(answer, "Subject"))
		})
	}
}

func TestFindItemPages(t *testing.T) {
	t.Parallel()
	deliver := func(c *caller, n int) {
		for i := range n {
			c.srv.Mailbox(alice).Deliver(fmt.Appendf(nil, "Subject: %04d\r\n\r\n", i))
		}
	}
	page := func(c *caller, view, rest string) (n int, offset, total, last string) {
		answer := c.do(findXML(folderOf("inbox", alice), view+rest))
		require.Equal(t, []string{"NoError"}, codes(answer))
		attr := func(name string) string { return strings.Join(attrs(answer, "RootFolder", name), "") }
		return len(attrs(answer, "ItemId", "Id")), attr("IndexedPagingOffset"), attr("TotalItemsInView"), attr("IncludesLastItemInRange")
	}
	const all = `<m:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></m:Restriction>`
	const thousand = `<m:IndexedPageItemView MaxEntriesReturned="1000" Offset="0" BasePoint="Beginning"/>`
	for _, tt := range []struct {
		version ewstest.Version
		speak   string
		limit   int
	}{{ewstest.Exchange2010SP3, "Exchange2010_SP1", 260}, {ewstest.Exchange2016, "Exchange2013_SP1", 250}} {
		c := newCaller(t, ewstest.Options{Version: tt.version}).in(tt.speak)
		deliver(c, 260)
		n, offset, total, last := page(c, thousand, all)
		assert.Equal(t, tt.limit, n)
		assert.Equal(t, fmt.Sprint(tt.limit), offset)
		assert.Equal(t, "260", total)
		assert.Equal(t, fmt.Sprint(tt.limit == 260), last)
		n, _, _, last = page(c, thousand, "")
		assert.Equal(t, 260, n)
		assert.Equal(t, "true", last)
	}
	c := newCaller(t, ewstest.Options{})
	deliver(c, 10)
	c.srv.LimitPages(3)
	n, offset, _, last := page(c, `<m:IndexedPageItemView MaxEntriesReturned="9" Offset="5" BasePoint="Beginning"/>`, "")
	assert.Equal(t, []any{3, "8", "false"}, []any{n, offset, last}, "a short page need not be the last")
	n, _, _, last = page(c, `<m:IndexedPageItemView MaxEntriesReturned="9" Offset="8" BasePoint="Beginning"/>`, "")
	assert.Equal(t, []any{2, "true"}, []any{n, last})
	n, _, _, last = page(c, `<m:IndexedPageItemView MaxEntriesReturned="9" Offset="99" BasePoint="Beginning"/>`, "")
	assert.Equal(t, []any{0, "true"}, []any{n, last})
	assert.Equal(t, []string{"ErrorInvalidPagingMaxRows"}, codes(c.do(findXML(folderOf("inbox", alice), `<m:IndexedPageItemView MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"/>`))))
}

func TestFindItemSorts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for i, s := range []string{"b", "c", "a"} {
		c.srv.Mailbox(alice).DeliverWith([]byte("Subject: "+s+"\r\n\r\n"), ewstest.Delivery{Received: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)})
	}
	sort := func(uri, order string) string {
		return strings.Join(texts(c.do(findXML(folderOf("inbox", alice), `<m:SortOrder><t:FieldOrder Order="`+order+`"><t:FieldURI FieldURI="`+uri+`"/></t:FieldOrder></m:SortOrder>`)), "Subject"), "")
	}
	assert.Equal(t, "abc", sort("item:Subject", "Ascending"))
	assert.Equal(t, "acb", sort("item:DateTimeReceived", "Descending"))
}

func TestFindItemShowsLess(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	long := strings.Repeat("ä", 300)
	c.srv.Mailbox(alice).Deliver([]byte("From: Eve <eve@evil.example>\r\nTo: alice@example.test\r\nSubject: " + long + "\r\n\r\nbody\r\n"))
	find := `<m:FindItem Traversal="Shallow"><m:ItemShape>` + full + `<t:AdditionalProperties><t:FieldURI FieldURI="item:Body"/><t:FieldURI FieldURI="message:ToRecipients"/><t:ExtendedFieldURI PropertyTag="0x0037" PropertyType="String"/></t:AdditionalProperties></m:ItemShape><m:ParentFolderIds>` + folderOf("inbox", alice) + `</m:ParentFolderIds></m:FindItem>`
	answer := c.do(find)
	require.Equal(t, []string{"NoError"}, codes(answer))
	assert.Equal(t, []string{strings.Repeat("ä", 255)}, texts(answer, "Subject"))
	assert.Equal(t, []string{strings.Repeat("ä", 255)}, texts(answer, "Value"))
	assert.Equal(t, []string{"Eve", "Eve", "Alice", "Alice"}, texts(answer, "Name"), "sender, author, and the owner of the mailbox twice")
	for _, absent := range []string{"EmailAddress", "ToRecipients", "t:Body", "InternetMessageHeaders", "MimeContent"} {
		assert.NotContains(t, answer, absent)
	}
}

func TestFindItemSeveralFoldersAnswerEach(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.Mailbox(alice).Deliver([]byte(plain))
	answer := c.do(findXML(folderOf("inbox", alice)+folderOf("archiveinbox", alice)+folderOf("drafts", alice), ""))
	assert.Equal(t, []string{"NoError", "ErrorFolderNotFound", "NoError"}, codes(answer))
	assert.Equal(t, []string{"1", "0"}, attrs(answer, "RootFolder", "TotalItemsInView"))
}

func TestAssociatedItemsAndSearchFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	box.Deliver([]byte(plain))
	box.DeliverWith([]byte("Subject: hidden\r\n\r\n"), ewstest.Delivery{Associated: true})
	purged := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(ews.FolderRecoverableItemsPurges)})
	require.NotNil(t, purged)
	all := box.AddSearchFolder("AllItems")
	assert.Equal(t, []string{"Invoice"}, texts(c.do(findXML(folderOf("inbox", alice), "")), "Subject"))
	associated := strings.Replace(findXML(folderOf("inbox", alice), ""), "Shallow", "Associated", 1)
	assert.Equal(t, []string{"hidden"}, texts(c.do(associated), "Subject"))
	deleted := strings.Replace(findXML(folderOf("inbox", alice), ""), "Shallow", "SoftDeleted", 1)
	assert.Empty(t, texts(c.do(deleted), "Subject"))
	assert.Equal(t, []string{"Invoice"}, texts(c.do(findXML(`<t:FolderId Id="`+all.ID().ID+`"/>`, "")), "Subject"))
}
