package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// nodesIn returns the numbers of the messages in an answer, in their order.
func nodesIn(answer string) string {
	var all strings.Builder
	for _, id := range texts(answer, "InternetMessageId") {
		all.WriteString(strings.TrimSuffix(strings.TrimPrefix(id, "&lt;"), "@x.example&gt;"))
	}
	return all.String()
}

func TestGetConversationItems(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c, plan, lunch := talk(t, version, schema)
		id := c.conversationOf(plan[0])
		if version == ewstest.Exchange2010SP3 {
			assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(c.do(conversationItemsXML("", id))))
			continue
		}
		order := func(o string) string { return `<m:SortOrder>` + o + `</m:SortOrder>` }
		for o, want := range map[string]string{"TreeOrderAscending": "1243", "TreeOrderDescending": "3421", "DateOrderAscending": "1234", "DateOrderDescending": "4321"} {
			assert.Equal(t, want, nodesIn(c.asked(conversationItemsXML(order(o), id))), "%s on %s", o, version)
		}
		assert.Equal(t, "43", nodesIn(c.asked(conversationItemsXML(`<m:MaxItemsToReturn>2</m:MaxItemsToReturn>`+order("DateOrderDescending"), id))), "the newest")
		assert.Equal(t, "124", nodesIn(c.asked(conversationItemsXML(`<m:FoldersToIgnore>`+folderOf("sentitems", "")+`</m:FoldersToIgnore>`, id))))
		both := c.asked(conversationItemsXML("", id, c.conversationOf(lunch)))
		assert.Equal(t, "12439", nodesIn(both))
		assert.Equal(t, []string{"&lt;1@x.example&gt;", "&lt;2@x.example&gt;", "&lt;1@x.example&gt;"}, texts(both, "ParentInternetMessageId"))
		c.asked(strings.ReplaceAll(moveXML(folderOf("drafts", ""), itemID(plan[1])), "MoveItem", "CopyItem"))
		again := c.asked(conversationItemsXML("", id))
		assert.Equal(t, "1243", nodesIn(again), "a copy is no node of its own")
		assert.Len(t, attrs(again, "ItemId", "Id"), 5)

		bad := strings.Replace(id, "AA", "AB", 1)
		for name, tt := range map[string]struct{ op, code string }{
			"malformed":        {conversationItemsXML("", bad), "ErrorInvalidIdMalformed"},
			"no conversation":  {conversationItemsXML("", plan[0].ID.ID), "ErrorInvalidIdMalformed"},
			"empty":            {conversationItemsXML("", ""), "ErrorInvalidIdEmpty"},
			"none":             {conversationItemsXML(""), "ErrorInvalidRequest"},
			"of somebody else": {conversationItemsXML("", c.as("bob").conversationOf(c.srv.Mailbox(bob).Deliver(contribution(1, 0, "Plan", "")))), "ErrorItemNotFound"},
			"too many":         {conversationItemsXML(`<m:MaxItemsToReturn>101</m:MaxItemsToReturn>`, id), "ErrorInvalidPagingMaxRows"},
			"no items":         {conversationItemsXML(`<m:MaxItemsToReturn>0</m:MaxItemsToReturn>`, id), "ErrorInvalidPagingMaxRows"},
			"archive":          {conversationItemsXML(`<m:MailboxScope>All</m:MailboxScope>`, id), "ErrorInvalidOperation"},
			"state":            {strings.Replace(conversationItemsXML("", id), "</t:Conversation>", "<t:SyncState>AAAA</t:SyncState></t:Conversation>", 1), "ErrorInvalidOperation"},
		} {
			assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), "%s on %s", name, version)
		}
		for _, m := range plan[:2] {
			require.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(m)))))
		}
		assert.Equal(t, "243", nodesIn(c.asked(conversationItemsXML("", id))), "a copy of the second is left, in Drafts; what is deleted for good is no part")
	}
}

// TestConversationOfLiars: which message a message answers is only the sender's word.
func TestConversationOfLiars(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	box := c.srv.Mailbox(alice)
	m := box.Deliver(contribution(1, 2, "Plan", ""))
	box.Deliver(contribution(2, 1, "Plan", ""))
	box.Deliver(contribution(3, 3, "Plan", ""))
	box.Deliver([]byte("Subject: Plan\r\n\r\nno id"))
	box.Deliver([]byte("Subject: Plan\r\n\r\nno id either"))
	answer := c.asked(conversationItemsXML("", c.conversationOf(m)))
	assert.Len(t, attrs(answer, "ItemId", "Id"), 5)
	for _, n := range "123" {
		assert.Equal(t, 1, strings.Count(nodesIn(answer), string(n)), answer)
	}
}

func TestApplyConversationAction(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		where := func(c *caller, all []*ewstest.Message) (found string) {
			for _, m := range c.srv.Mailbox(alice).Messages() {
				for i, known := range all {
					if m.MessageID == known.MessageID {
						found += string(rune('1'+i)) + m.Folder[strings.LastIndex(m.Folder, "/")+1:][:1]
					}
				}
			}
			return found
		}
		inFolder := `<t:ContextFolderId>` + folderOf("inbox", "") + `</t:ContextFolderId>`
		until := `<t:ConversationLastSyncTime>2026-11-01T09:00:00Z</t:ConversationLastSyncTime>`
		to := `<t:DestinationFolderId>` + folderOf("junkemail", "") + `</t:DestinationFolderId>`
		for name, tt := range map[string]struct{ action, more, want string }{
			"move all":     {"Move", to, "1J2J3J4J"},
			"move inbox":   {"Move", inFolder + to, "1J2J3S4J"},
			"move early":   {"Move", inFolder + until + to, "1J2J3S4I"},
			"copy":         {"Copy", inFolder + until + to, "1I1J2I2J3S4I"},
			"delete":       {"Delete", inFolder + `<t:DeleteType>MoveToDeletedItems</t:DeleteType>`, "1D2D3S4D"},
			"delete hard":  {"Delete", inFolder + until + `<t:DeleteType>HardDelete</t:DeleteType>`, "1P2P3S4I"},
			"other folder": {"Move", `<t:ContextFolderId>` + folderOf("drafts", "") + `</t:ContextFolderId>` + to, "1I2I3S4I"},
		} {
			c, plan, _ := talk(t, version, schema)
			c.asked(actXML(`<t:Action>`+tt.action+`</t:Action>`, c.conversationOf(plan[0]), tt.more))
			got := strings.Split(where(c, plan), "")
			want := strings.Split(tt.want, "")
			assert.ElementsMatch(t, pairs(want), pairs(got), "%s on %s", name, version)
		}
		c, plan, lunch := talk(t, version, schema)
		id := c.conversationOf(plan[0])
		c.asked(actXML(`<t:Action>SetReadState</t:Action>`, id, `<t:IsRead>true</t:IsRead>`))
		for _, m := range plan {
			assert.True(t, c.srv.Mailbox(alice).Message(m.ID).Read)
		}
		assert.False(t, c.srv.Mailbox(alice).Message(lunch.ID).Read)
		for _, action := range []string{"AlwaysMove", "AlwaysDelete", "AlwaysCategorize"} {
			answer := c.do(actXML(`<t:Action>`+action+`</t:Action>`, id, to))
			assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer))
			assert.Contains(t, answer, action)
		}
		for _, action := range []string{"Move", "Copy", "Delete", "SetReadState"} {
			assert.Equal(t, []string{"ErrorApplyConversationActionFailed"}, codes(c.do(actXML(`<t:Action>`+action+`</t:Action>`, id, inFolder))), action)
		}
		assert.Equal(t, []string{"ErrorToFolderNotFound"}, codes(c.do(actXML(`<t:Action>Move</t:Action>`, id, `<t:DestinationFolderId>`+folderOf("inbox", bob)+`</t:DestinationFolderId>`))))
		if version >= ewstest.Exchange2013SP1 {
			c.asked(actXML(`<t:Action>Flag</t:Action>`, id, inFolder+`<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>`))
			answer := c.asked(getItemXML(idOnly+fieldsXML("item:Flag"), itemID(plan[0]), itemID(plan[2])))
			assert.Equal(t, []string{"Flagged", "NotFlagged"}, texts(answer, "FlagStatus"))
		}
	}
}

// pairs joins consecutive texts in pairs.
func pairs(all []string) (joined []string) {
	for i := 0; i+1 < len(all); i += 2 {
		joined = append(joined, all[i]+all[i+1])
	}
	return joined
}

// TestConversationsOfSharedFolders: a caller who may see one folder of a mailbox sees its
// conversations.
func TestConversationsOfSharedFolders(t *testing.T) {
	t.Parallel()
	c, plan, _ := talk(t, ewstest.Exchange2016, "Exchange2016")
	permitted(t, c, c.srv.Mailbox(alice).Folder(ews.FolderInbox), bobUser, level("Reviewer"))
	other := c.as("bob")
	answer := other.asked(findConversationXML("", folderOf("inbox", alice), ""))
	assert.Equal(t, []string{"1", "1", "3", "3"}, append(texts(answer, "MessageCount")[:1], append(texts(answer, "GlobalMessageCount")[:1], texts(answer, "MessageCount")[1], texts(answer, "GlobalMessageCount")[1])...), "what is in Sent Items is unknown to bob")
	id := c.conversationOf(plan[0])
	assert.Equal(t, "124", nodesIn(other.asked(conversationItemsXML("", id))))
	assert.Equal(t, []string{"ErrorAccessDenied"}, codes(other.do(actXML(`<t:Action>SetReadState</t:Action>`, id, `<t:IsRead>true</t:IsRead>`))))
	assert.Equal(t, []string{"ErrorAccessDenied"}, codes(other.do(actXML(`<t:Action>Delete</t:Action>`, id, `<t:DeleteType>HardDelete</t:DeleteType>`))))
	assert.Len(t, c.srv.Mailbox(alice).Messages(), 5)
	stranger := c.as("carol")
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(stranger.do(conversationItemsXML("", id))))
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(stranger.do(actXML(`<t:Action>Delete</t:Action>`, id, `<t:DeleteType>HardDelete</t:DeleteType>`))), "who sees nothing is not told that it was done")
	elsewhere := c.as("svc").impersonating("carol@example.test")
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(elsewhere.do(conversationItemsXML("", id))))
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(elsewhere.do(actXML(`<t:Action>Delete</t:Action>`, id, `<t:DeleteType>HardDelete</t:DeleteType>`))))
}
