package ewstest_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestOwnerActsBetweenTwoMembers(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
	var calls []int
	c.srv.OnMember(func(n, member int, r *ewstest.Request) {
		assert.Equal(t, ews.OpGetItem, r.Operation)
		calls = append(calls, n, member)
		if member == 1 {
			box.MoveMessage(two.ID, box.Folder(ews.FolderJunkEmail))
		}
	})
	assert.Equal(t, []string{"NoError", "ErrorItemNotFound"}, codes(c.do(getItemXML(idOnly, itemID(one), itemID(two)))))
	assert.Equal(t, []int{0, 0, 0, 1}, calls)
	c.srv.OnMember(nil)
	c.do(getItemXML(idOnly, itemID(one)))
	assert.Len(t, calls, 4)
}

// An item that moves between two folders of one search is seen twice, or not at all.
func TestItemMovesWhileFoldersAreSearched(t *testing.T) {
	t.Parallel()
	for from, want := range map[ews.FolderName]int{ews.FolderInbox: 2, ews.FolderDrafts: 0} {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(from)})
		to := ews.FolderInbox
		if from == to {
			to = ews.FolderDrafts
		}
		c.srv.OnMember(func(_, member int, _ *ewstest.Request) {
			if member == 1 {
				box.MoveMessage(m.ID, box.Folder(to))
			}
		})
		answer := c.do(findXML(folderOf("inbox", alice)+folderOf("drafts", alice), ""))
		assert.Len(t, texts(answer, "Subject"), want, from)
	}
}

func TestFolderGoesBetweenTwoMembers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op   func(folder, one, two string) string
		code string
		box  string // the mailbox that is removed, instead of the folder
	}{
		"move": {func(folder, one, two string) string { return moveXML(folder, one, two) }, "ErrorToFolderNotFound", ""},
		"create": {func(folder, _, _ string) string {
			return createXML(saveOnly, folder, strings.Repeat(`<t:Message>`+mimeOf(plain)+`</t:Message>`, 2))
		}, "ErrorSavedItemFolderNotFound", ""},
		"folder": {func(folder, _, _ string) string {
			return createFolderXML(folder, `<t:Folder><t:DisplayName>a</t:DisplayName></t:Folder><t:Folder><t:DisplayName>b</t:DisplayName></t:Folder>`)
		}, "ErrorParentFolderNotFound", ""},
		"mailbox": {func(folder, one, two string) string { return moveXML(folder, one, two) }, "ErrorMailboxMoveInProgress", quar},
	} {
		c := newCaller(t, ewstest.Options{})
		box, to := c.srv.Mailbox(alice), c.srv.Mailbox(quar)
		one, two := box.Deliver(letterOf("one")), box.Deliver(letterOf("two"))
		folder := to.AddFolder(nil, "New")
		c.srv.OnMember(func(_, member int, _ *ewstest.Request) {
			switch {
			case member == 0:
			case tt.box != "":
				c.srv.Mailbox(tt.box).Remove(true)
			default:
				folder.Delete()
			}
		})
		answer := c.do(tt.op(`<t:FolderId Id="`+folder.ID().ID+`"/>`, itemID(one), itemID(two)))
		assert.Equal(t, []string{"NoError", tt.code}, codes(answer), name)
	}
}

func TestHookThatEndsItsGoroutineLeavesTheServerUsable(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	c.srv.OnMember(func(int, int, *ewstest.Request) { runtime.Goexit() })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _, _ = c.try(getItemXML(idOnly, itemID(m)))
	}()
	<-ended
	c.srv.OnMember(nil)
	require.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
}
