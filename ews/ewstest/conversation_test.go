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

// findConversationXML asks for the conversations of a folder; view comes before it, more
// after it.
func findConversationXML(view, folder, more string) string {
	return `<m:FindConversation>` + view + `<m:ParentFolderId>` + folder + `</m:ParentFolderId>` + more + `</m:FindConversation>`
}

// conversationItemsXML asks for the items of conversations; more comes after the shape.
func conversationItemsXML(more string, ids ...string) string {
	var all strings.Builder
	for _, id := range ids {
		all.WriteString(`<t:Conversation><t:ConversationId Id="` + id + `"/></t:Conversation>`)
	}
	return `<m:GetConversationItems><m:ItemShape>` + idOnly + fieldsXML("item:Subject") + `</m:ItemShape>` + more + `<m:Conversations>` + all.String() + `</m:Conversations></m:GetConversationItems>`
}

// actXML does something to a conversation; more comes after its id.
func actXML(action, id, more string) string {
	return `<m:ApplyConversationAction><m:ConversationActions><t:ConversationAction>` + action + `<t:ConversationId Id="` + id + `"/>` + more + `</t:ConversationAction></m:ConversationActions></m:ApplyConversationAction>`
}

// conversationOf returns the id of the conversation of a message, as GetItem returns it.
func (c *caller) conversationOf(m *ewstest.Message) string {
	c.t.Helper()
	ids := attrs(c.asked(getItemXML(idOnly+fieldsXML("item:ConversationId"), itemID(m))), "ConversationId", "Id")
	require.Len(c.t, ids, 1)
	return ids[0]
}

// contribution is a message of a conversation, with its number, the number of the message
// it answers, and its subject.
func contribution(number, answers int, subject, more string) []byte {
	field := ""
	if answers > 0 {
		field = fmt.Sprintf("In-Reply-To: <%d@x.example>\r\n", answers)
	}
	return fmt.Appendf(nil, "From: Sender %d <s%d@x.example>\r\nTo: alice@example.test\r\nMessage-ID: <%d@x.example>\r\n%sSubject: %s\r\n%s\r\ntext of %d\r\n", number, number, number, field, subject, more, number)
}

// talk delivers two conversations: Plan, with four messages in two folders, and Lunch.
func talk(t *testing.T, version ewstest.Version, schema string) (c *caller, plan []*ewstest.Message, lunch *ewstest.Message) {
	t.Helper()
	c = newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
	box := c.srv.Mailbox(alice)
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	deliver := func(raw []byte, hours int, d ewstest.Delivery) *ewstest.Message {
		d.Received = at.Add(time.Duration(hours) * time.Hour)
		return box.DeliverWith(raw, d)
	}
	sent := ewstest.Delivery{Folder: box.Folder(ews.FolderSentItems), Read: true}
	plan = append(plan,
		deliver(contribution(1, 0, "Plan", ""), 0, ewstest.Delivery{Read: true}),
		deliver(contribution(2, 1, "Re: Plan", "Importance: high\r\n"), 1, ewstest.Delivery{}),
		deliver(contribution(3, 1, "RE: Plan", ""), 2, sent),
		deliver(contribution(4, 2, "Re: Plan", ""), 3, ewstest.Delivery{}))
	lunch = deliver(contribution(9, 0, "Lunch", ""), 5, ewstest.Delivery{})
	return c, plan, lunch
}

func TestFindConversation(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c, plan, lunch := talk(t, version, schema)
		answer := c.asked(findConversationXML("", folderOf("inbox", ""), ""))
		assert.Equal(t, []string{c.conversationOf(lunch), c.conversationOf(plan[0])}, attrs(answer, "ConversationId", "Id"), version)
		assert.Equal(t, []string{"Lunch", "Plan"}, texts(answer, "ConversationTopic"))
		assert.NotContains(t, answer, "ResponseMessages", "the answer itself is the response message")
		_, ofPlan, ok := strings.Cut(answer, "</t:Conversation>")
		require.True(t, ok)
		for name, want := range map[string]string{
			"MessageCount": "3", "GlobalMessageCount": "4", "UnreadCount": "2", "GlobalUnreadCount": "2",
			"LastDeliveryTime": "2026-11-01T11:00:00Z", "HasAttachments": "false", "Importance": "High", "FlagStatus": "NotFlagged",
		} {
			assert.Equal(t, []string{want}, texts(ofPlan, name), "%s on %s", name, version)
		}
		within := func(name string) string { return elementIn(ofPlan, name) }
		assert.Equal(t, []string{"Sender 4", "Sender 2", "Sender 1"}, texts(within("UniqueSenders"), "String"))
		assert.Equal(t, []string{"Sender 4", "Sender 3", "Sender 2", "Sender 1"}, texts(within("GlobalUniqueSenders"), "String"))
		assert.Equal(t, []string{"Sender 4", "Sender 2"}, texts(within("UniqueUnreadSenders"), "String"))
		assert.Equal(t, []string{plan[3].ID.ID, plan[1].ID.ID, plan[0].ID.ID}, attrs(within("ItemIds"), "ItemId", "Id"))
		assert.Equal(t, []string{plan[3].ID.ID, plan[2].ID.ID, plan[1].ID.ID, plan[0].ID.ID}, attrs(within("GlobalItemIds"), "ItemId", "Id"))
		assert.Equal(t, []string{"IPM.Note"}, texts(within("ItemClasses"), "ItemClass"))
	}
}

func TestFindConversationPages(t *testing.T) {
	t.Parallel()
	c, _, _ := talk(t, ewstest.Exchange2016, "Exchange2016")
	order := func(way, uri string) string {
		return `<m:SortOrder><t:FieldOrder Order="` + way + `"><t:FieldURI FieldURI="` + uri + `"/></t:FieldOrder></m:SortOrder>`
	}
	view := func(most, offset, base string) string {
		return `<m:IndexedPageItemView MaxEntriesReturned="` + most + `" Offset="` + offset + `" BasePoint="` + base + `"/>`
	}
	shape := func(base, more string) string {
		return `<m:ConversationShape><t:BaseShape>` + base + `</t:BaseShape>` + more + `</m:ConversationShape>`
	}
	query := func(q string) string { return `<m:QueryString>` + q + `</m:QueryString>` }
	inbox := folderOf("inbox", "")
	for name, tt := range map[string]struct {
		op   string
		want []string // topics, or the code
	}{
		"first page":       {findConversationXML(view("1", "0", "Beginning"), inbox, ""), []string{"Lunch"}},
		"second page":      {findConversationXML(view("1", "1", "Beginning"), inbox, ""), []string{"Plan"}},
		"beyond":           {findConversationXML(view("1", "7", "Beginning"), inbox, ""), nil},
		"from the end":     {findConversationXML(view("1", "0", "End"), inbox, ""), []string{"Plan"}},
		"no rows":          {findConversationXML(view("0", "0", "Beginning"), inbox, ""), []string{"ErrorInvalidPagingMaxRows"}},
		"oldest first":     {findConversationXML(order("Ascending", "conversation:LastDeliveryTime"), inbox, ""), []string{"Plan", "Lunch"}},
		"newest first":     {findConversationXML(order("Descending", "conversation:LastDeliveryTime"), inbox, ""), []string{"Lunch", "Plan"}},
		"by topic":         {findConversationXML(order("Ascending", "conversation:ConversationTopic"), inbox, ""), []string{"ErrorUnsupportedPathForSortGroup"}},
		"sent":             {findConversationXML("", folderOf("sentitems", ""), ""), []string{"Plan"}},
		"empty folder":     {findConversationXML("", folderOf("drafts", ""), ""), nil},
		"above, shallow":   {findConversationXML("", folderOf("msgfolderroot", ""), ""), nil},
		"query":            {findConversationXML("", inbox, query("subject:lunch")), []string{"Lunch"}},
		"query of nothing": {findConversationXML("", inbox, query("subject:supper")), nil},
		"bad query":        {findConversationXML("", inbox, query("subject:(a")), []string{"ErrorInvalidOperation"}},
		"deleted too":      {findConversationXML("", inbox, `<m:QueryString ReturnDeletedItems="true">a</m:QueryString>`), []string{"ErrorInvalidOperation"}},
		"property":         {findConversationXML("", inbox, shape("IdOnly", fieldsXML("conversation:ConversationTopic"))), []string{"Lunch", "Plan"}},
		"ids":              {findConversationXML("", inbox, shape("IdOnly", "")), nil},
		"property of item": {findConversationXML("", inbox, shape("IdOnly", fieldsXML("item:Subject"))), []string{"ErrorInvalidPropertyRequest"}},
		"preview":          {findConversationXML("", inbox, shape("IdOnly", fieldsXML("conversation:Preview"))), []string{"ErrorInvalidOperation"}},
		"archive":          {findConversationXML("", inbox, `<m:MailboxScope>ArchiveOnly</m:MailboxScope>`), []string{"ErrorInvalidOperation"}},
		"no such folder":   {findConversationXML("", folderOf("inbox", bob), ""), []string{"ErrorFolderNotFound"}},
		"condition":        {findConversationXML(`<m:SeekToConditionPageItemView BasePoint="Beginning"><t:Condition><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></t:Condition></m:SeekToConditionPageItemView>`, inbox, ""), []string{"ErrorInvalidOperation"}},
		"deep":             {strings.Replace(findConversationXML("", folderOf("msgfolderroot", ""), ""), "<m:FindConversation>", `<m:FindConversation Traversal="Deep">`, 1), []string{"Lunch", "Plan"}},
	} {
		answer := c.do(tt.op)
		got := texts(answer, "ConversationTopic")
		if code := codes(answer); code[0] != "NoError" {
			got = code
		}
		assert.Equal(t, tt.want, got, name)
	}
	answer := c.asked(findConversationXML(view("1", "0", "Beginning"), inbox, ""))
	assert.Equal(t, []string{"2"}, texts(answer, "TotalConversationsInView"))
	assert.Equal(t, []string{"1"}, texts(answer, "IndexedOffset"))
}

func TestFindConversationFilters(t *testing.T) {
	t.Parallel()
	c, plan, lunch := talk(t, ewstest.Exchange2016, "Exchange2016")
	c.srv.Mailbox(alice).DeliverWith([]byte(strings.Replace(withAttachment, "Subject: ", "Subject: File ", 1)), ewstest.Delivery{Received: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)})
	c.srv.Mailbox(alice).DeliverWith([]byte("Subject: Other\r\nTo: all@x.example\r\nBcc: alice@example.test\r\n\r\n"), ewstest.Delivery{Read: true, Received: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)})
	flag := func(m *ewstest.Message, content string) {
		c.asked(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Flag", `<t:Flag>`+content+`</t:Flag>`)))
	}
	flag(plan[0], `<t:FlagStatus>Flagged</t:FlagStatus><t:StartDate>2020-01-01T00:00:00Z</t:StartDate><t:DueDate>2020-01-02T00:00:00Z</t:DueDate>`)
	flag(lunch, `<t:FlagStatus>Complete</t:FlagStatus><t:CompleteDate>2020-01-02T00:00:00Z</t:CompleteDate>`)
	for filter, want := range map[string]string{
		"All": "OFLP", "Flagged": "P", "TaskActive": "P", "TaskOverdue": "P", "TaskCompleted": "L", "HasAttachment": "F", "Unread": "FLP", "NoClutter": "OFLP", "ToOrCcMe": "FLP",
	} {
		var got strings.Builder
		for _, topic := range texts(c.asked(`<m:FindConversation ViewFilter="`+filter+`"><m:ParentFolderId>`+folderOf("inbox", "")+`</m:ParentFolderId></m:FindConversation>`), "ConversationTopic") {
			got.WriteString(topic[:1])
		}
		assert.Equal(t, want, got.String(), filter)
	}
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(`<m:FindConversation ViewFilter="Clutter"><m:ParentFolderId>`+folderOf("inbox", "")+`</m:ParentFolderId></m:FindConversation>`)))
}
