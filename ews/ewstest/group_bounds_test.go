package ewstest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestManyGroups groups items that each have a different value.
func TestManyGroups(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	const items = 3_000
	c.srv.Mailbox(alice).Fill(items, func(i int) ([]byte, ewstest.Delivery) {
		return []byte("Subject: of one kind, number " + fmt.Sprint(i/2, i%2) + "\r\n\r\n"), ewstest.Delivery{Folder: c.srv.Mailbox(alice).Folder(ews.FolderInbox)}
	})
	answer := c.do(findXML(folderOf("inbox", alice), `<m:IndexedPageItemView MaxEntriesReturned="2" Offset="0" BasePoint="Beginning"/><m:GroupBy Order="Ascending"><t:FieldURI FieldURI="item:Subject"/><t:AggregateOn Aggregate="Minimum"><t:FieldURI FieldURI="item:Size"/></t:AggregateOn></m:GroupBy>`))
	assert.Equal(t, []string{"NoError"}, codes(answer))
	assert.Equal(t, []string{fmt.Sprint(2 * items)}, attrs(answer, "RootFolder", "TotalItemsInView"), "the heads of groups count as well")
}

// TestListsInACircle sends to lists that are members of each other.
func TestListsInACircle(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	c.srv.AddList("one@example.test", "two@example.test", bob)
	c.srv.AddList("two@example.test", "one@example.test", "two@example.test", bob)
	assert.Equal(t, []string{"two@example.test", bob}, texts(c.do(`<m:ExpandDL><m:Mailbox><t:EmailAddress>one@example.test</t:EmailAddress></m:Mailbox></m:ExpandDL>`), "EmailAddress"))
	sent := c.do(createXML(`MessageDisposition="SendOnly"`, "", `<t:Message><t:Subject>round</t:Subject><t:ToRecipients><t:Mailbox><t:EmailAddress>one@example.test</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message>`))
	assert.Equal(t, []string{"NoError"}, codes(sent))
	assert.Equal(t, 1, c.srv.Mailbox(bob).Folder(ews.FolderInbox).Count())
}
