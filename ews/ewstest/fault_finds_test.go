package ewstest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// pageXML returns a view of two items from an offset.
func pageXML(kind string, offset int) string {
	return fmt.Sprintf(`<m:IndexedPage%sView MaxEntriesReturned="2" Offset="%d" BasePoint="Beginning"/>`, kind, offset)
}

// five returns a caller, and the subjects of five messages in Alice's Inbox, which has as
// many subfolders.
func five(t *testing.T) *caller {
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		box.Deliver(letterOf(id))
		box.AddFolder(box.Folder(ews.FolderInbox), id)
	}
	return c
}

// finders are the operations with pages: how to ask for one, and which element lists its
// content.
var finders = map[string]struct {
	ask   func(offset int) string
	shows string
}{
	"FindItem": {func(offset int) string { return findXML(folderOf("inbox", alice), pageXML("Item", offset)) }, "Subject"},
	"FindFolder": {func(offset int) string {
		return findFolderXML("Shallow", folderOf("inbox", alice), pageXML("Folder", offset))
	}, "DisplayName"},
}

func TestPagesThatNeverEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault ewstest.Fault
		pages []string // what pages show, and where the next one begins
	}{
		"stuck":  {ewstest.PagesStuck, []string{"ab 0", "ab 0", "ab 0"}},
		"empty":  {ewstest.PagesEmpty, []string{" 2", " 4", " 6", " 8", " 10"}},
		"same":   {ewstest.PagesSame, []string{"ab 2", "ab 4", "ab 6", "ab 8"}},
		"honest": {ewstest.PagesWithoutLast, []string{"ab 2", "cd 4", "e 5", " 5", " 5"}},
	} {
		for op, f := range finders {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				c := five(t)
				failure := c.srv.Fail(ewstest.When{Operation: ews.Operation(op)}, tt.fault)
				next := "0"
				for _, want := range tt.pages {
					var offset int
					_, err := fmt.Sscan(next, &offset)
					require.NoError(t, err)
					answer := c.do(f.ask(offset))
					next = attrs(answer, "RootFolder", "IndexedPagingOffset")[0]
					assert.Equal(t, want, strings.Join(texts(answer, f.shows), "")+" "+next)
					assert.Equal(t, []string{"false"}, attrs(answer, "RootFolder", "IncludesLastItemInRange"))
					assert.Equal(t, []string{"5"}, attrs(answer, "RootFolder", "TotalItemsInView"))
				}
				failure.Cancel()
				answer := c.do(f.ask(4))
				assert.Equal(t, []string{"e"}, texts(answer, f.shows))
				assert.Equal(t, []string{"true"}, attrs(answer, "RootFolder", "IncludesLastItemInRange"))
			})
		}
	}
}

func TestPageThatFailsAtOneOffset(t *testing.T) {
	t.Parallel()
	for op, f := range finders {
		c := five(t)
		failure := c.srv.Fail(ewstest.When{}, ewstest.RowFails(3))
		for range 2 {
			var seen []string
			for offset := range 5 {
				seen = append(seen, codes(c.do(f.ask(offset)))...)
			}
			assert.Equal(t, []string{"NoError", "NoError", "ErrorInternalServerError", "ErrorInternalServerError", "NoError"}, seen, op)
		}
		failure.Cancel()
		assert.Equal(t, []string{"NoError"}, codes(c.do(f.ask(2))))
	}
}

func TestRestrictionRefused(t *testing.T) {
	t.Parallel()
	c := five(t)
	restricted := findXML(folderOf("inbox", alice), byMessageID("&lt;a@evil.example&gt;"))
	c.srv.FailNext("", ewstest.RestrictionRefused(""), ewstest.RestrictionRefused("ErrorInvalidRestriction"))
	for _, want := range []string{"ErrorUnsupportedPathForQuery", "ErrorInvalidRestriction", "NoError"} {
		assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", alice), ""))))
		assert.Equal(t, []string{want}, codes(c.do(restricted)))
	}
}

func TestSearchInSeveralFoldersRefused(t *testing.T) {
	t.Parallel()
	c := five(t)
	failure := c.srv.Fail(ewstest.When{}, ewstest.SeveralFoldersRefused)
	several := findXML(folderOf("inbox", alice)+folderOf("drafts", alice)+folderOf("junkemail", alice), "")
	answer := c.do(several)
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer), "one message for all")
	assert.Equal(t, []string{"Shared folder search cannot be performed on multiple folders."}, texts(answer, "MessageText"))
	assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", alice), ""))))
	failure.Cancel()
	assert.Len(t, codes(c.do(several)), 3)
}

func TestSearchLags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		find := func(rest string) []string { return texts(c.do(findXML(folderOf("inbox", alice), rest)), "Subject") }
		box.Deliver(letterOf("old"))
		time.Sleep(time.Minute)
		moved := box.DeliverWith(letterOf("moved"), ewstest.Delivery{Folder: box.Folder(ews.FolderDrafts)})
		source := box.DeliverWith(letterOf("uploaded"), ewstest.Delivery{Folder: box.Folder(ews.FolderDrafts)})
		time.Sleep(time.Minute)
		lag := c.srv.Fail(ewstest.When{}, ewstest.Lag(35*time.Second))
		box.Deliver(letterOf("delivered"))
		c.do(moveXML(folderOf("inbox", alice), itemID(moved)))
		c.do(uploadXML("CreateNew", box.Folder(ews.FolderInbox), "", texts(c.do(exportXML(itemID(source))), "Data")[0]))
		created := c.do(createXML(saveOnly, folderOf("inbox", alice), `<t:Message>`+mimeOf(string(letterOf("created")))+`</t:Message>`))
		assert.Equal(t, []string{"old"}, find(""))
		assert.Empty(t, find(byMessageID("&lt;created@evil.example&gt;")))
		assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+attrs(created, "ItemId", "Id")[0]+`"/>`))), "it is there")
		time.Sleep(34 * time.Second)
		assert.Equal(t, []string{"old"}, find(""))
		time.Sleep(time.Second)
		all := []string{"old", "delivered", "moved", "uploaded", "created"}
		assert.Equal(t, all, find(""))
		lag.Cancel()

		blind := c.srv.Fail(ewstest.When{MessageID: "<moved@evil.example>"}, ewstest.Blind)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, []string{"old", "delivered", "uploaded", "created"}, find(""))
		blind.Cancel()
		assert.Equal(t, all, find(""))
		c.srv.FailNext("", ewstest.Blind)
		assert.Empty(t, find(""))
		assert.Equal(t, all, find(""))
	})
}

func TestSearchShowsWhatHasLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		find := func(folder, rest string) string { return c.do(findXML(folderOf(folder, alice), rest)) }
		first := box.Deliver(letterOf("first"))
		linger := c.srv.Fail(ewstest.When{}, ewstest.Linger(time.Minute))
		m := box.Deliver(letterOf("gone"))
		box.Deliver(letterOf("last"))
		moved := box.MoveMessage(m.ID, box.Folder(ews.FolderJunkEmail))
		box.SetRead(moved.ID, true)
		answer := find("inbox", "")
		assert.Equal(t, []string{"first", "gone", "last"}, texts(answer, "Subject"))
		assert.Contains(t, attrs(answer, "ItemId", "Id"), m.ID.ID, "with the id that it had")
		assert.Equal(t, []string{"false", "false", "false"}, texts(answer, "IsRead"))
		assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
		assert.Equal(t, []string{"gone"}, texts(find("junkemail", ""), "Subject"), "seen twice")
		assert.Equal(t, []string{"gone"}, texts(find("inbox", byMessageID("&lt;gone@evil.example&gt;")), "Subject"))
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"first", "last"}, texts(find("inbox", ""), "Subject"))
		box.DeleteMessage(first.ID)
		assert.Equal(t, []string{"first", "last"}, texts(find("inbox", ""), "Subject"))
		linger.Cancel()
		assert.Equal(t, []string{"last"}, texts(find("inbox", ""), "Subject"))
	})
}
