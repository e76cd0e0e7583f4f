package ewstest_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// syncer synchronises one folder.
type syncer struct {
	*caller
	folder, shape, rest, scope string
	max                        int
	state                      string
	last                       bool
}

func (s *syncer) request() string {
	state := ""
	if s.state != "" {
		state = `<m:SyncState>` + s.state + `</m:SyncState>`
	}
	return `<m:SyncFolderItems><m:ItemShape>` + s.shape + `</m:ItemShape><m:SyncFolderId>` + s.folder + `</m:SyncFolderId>` + state + s.rest +
		`<m:MaxChangesReturned>` + strconv.Itoa(s.max) + `</m:MaxChangesReturned>` + s.scope + `</m:SyncFolderItems>`
}

func syncInbox(c *caller) *syncer {
	return &syncer{caller: c, folder: folderOf("inbox", alice), shape: idOnly, max: 512}
}

// changeElements matches the changes in an answer, such as "Create message 1".
var changeElements = regexp.MustCompile(`(?s)<t:(Create|Update|Delete|ReadFlagChange)>.*?<t:(?:Item|Folder)Id Id="([^"]*)"[^>]*>(?:</t:(?:Item|Folder)Id>)?(?:<t:IsRead>(\w+))?`)

// next asks for changes, and returns them as kind, id and read state.
func (s *syncer) next() []string {
	s.t.Helper()
	answer := s.do(s.request())
	require.Equal(s.t, []string{"NoError"}, codes(answer), answer)
	s.state = texts(answer, "SyncState")[0]
	s.last = texts(answer, "IncludesLastItemInRange")[0] == "true"
	return changesOf(answer)
}

func changesOf(answer string) []string {
	var all []string
	for _, m := range changeElements.FindAllStringSubmatch(answer, -1) {
		all = append(all, strings.TrimSpace(m[1]+" "+m[2]+" "+m[3]))
	}
	return all
}

func TestSyncFolderItems(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		box := c.srv.Mailbox(alice)
		inbox := box.Folder(ews.FolderInbox)
		first, second := box.Deliver([]byte(plain)), box.Deliver([]byte(receiptAsked))
		s := syncInbox(c)
		assert.Equal(t, []string{"Create " + second.ID.ID, "Create " + first.ID.ID}, s.next(), "newest first on %s", version)
		assert.True(t, s.last)
		assert.Empty(t, s.next(), "nothing has happened")

		box.SetRead(first.ID, true)
		assert.Equal(t, []string{"ReadFlagChange " + first.ID.ID + " true"}, s.next())
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(first), setField("item:Subject", `<t:Subject>x</t:Subject>`)))))
		box.SetRead(first.ID, false)
		assert.Equal(t, []string{"Update " + first.ID.ID}, s.next())

		moved := box.MoveMessage(first.ID, box.Folder(ews.FolderDrafts))
		box.MoveMessage(second.ID, box.Folder(ews.FolderDeletedItems))
		back := box.MoveMessage(moved.ID, inbox)
		assert.Equal(t, []string{"Create " + back.ID.ID, "Delete " + first.ID.ID, "Delete " + second.ID.ID}, s.next(), "moves are departures and arrivals")
		gone := box.Deliver([]byte(plain))
		require.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("SoftDelete", "", itemID(gone)))))
		assert.Empty(t, s.next(), "it came and went")
		require.Equal(t, []string{"NoError"}, codes(c.do(deleteXML("HardDelete", "", itemID(back)))))
		assert.Equal(t, []string{"Delete " + back.ID.ID}, s.next())

		deletions := syncInbox(c)
		deletions.folder = folderOf("recoverableitemsdeletions", alice)
		assert.Len(t, deletions.next(), 1, "what was softly deleted")
	}
}

// TestSyncOfAReplacedItem: UploadItems keeps the id of what it replaces.
func TestSyncOfAReplacedItem(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	s := syncInbox(c)
	s.next()
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	require.Equal(t, []string{"NoError"}, codes(c.do(uploadXML("Update", box.Folder(ews.FolderInbox), `<t:ItemId Id="`+m.ID.ID+`"/>`, data))))
	assert.Equal(t, []string{"Update " + m.ID.ID}, s.next())
	assert.Empty(t, s.next())
}

// TestSyncInParts reports everything exactly once, whatever happens between the answers.
func TestSyncInParts(t *testing.T) {
	t.Parallel()
	for most := 1; most <= 6; most++ {
		random := rand.New(rand.NewPCG(1, uint64(most)))
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		inbox, drafts := box.Folder(ews.FolderInbox), box.Folder(ews.FolderDrafts)
		s := syncInbox(c)
		s.max, s.shape = most, shapeOf("", "message:IsRead")
		there := make(map[string]string) // the read state by id
		learn := func() {
			changes := s.next()
			require.True(t, len(changes) == most || s.last && len(changes) < most, "%d changes, and room for %d", len(changes), most)
			for _, change := range changes {
				words := strings.Fields(change)
				id := words[1]
				assert.Equal(t, words[0] != "Create", there[id] != "", "%s of what is known, or not", words[0])
				if words[0] == "Delete" {
					delete(there, id)
				} else {
					there[id] = words[2]
				}
			}
		}
		for range 15 {
			for range random.IntN(4*most + 3) {
				all := inbox.Messages()
				var m *ewstest.Message
				if len(all) > 0 {
					m = all[random.IntN(len(all))]
				}
				switch n := random.IntN(8); {
				case n < 3 || m == nil:
					box.Deliver([]byte(plain))
				case n < 5:
					box.SetRead(m.ID, !m.Read)
				case n == 5:
					box.DeleteMessage(m.ID)
				case n == 6:
					box.MoveMessage(m.ID, inbox)
				default:
					box.MoveMessage(m.ID, drafts)
				}
			}
			learn()
		}
		for learn(); !s.last; learn() {
		}
		assert.Empty(t, s.next())
		want := make(map[string]string)
		for _, m := range inbox.Messages() {
			want[m.ID.ID] = strconv.FormatBool(m.Read)
		}
		assert.Equal(t, want, there)
	}
}

// TestSyncFarBehind has a client that asks for one change at a time while two items
// arrive.
func TestSyncFarBehind(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	s := syncInbox(c)
	s.max = 1
	for range 64 {
		c.srv.Mailbox(alice).Deliver([]byte(plain))
		c.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Len(t, s.next(), 1)
	}
	c.srv.Mailbox(alice).Deliver([]byte(plain))
	assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(c.do(s.request())))
	s.state, s.max = "", 512
	assert.Len(t, s.next(), 129)
}

func TestSyncScopeAndIgnore(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	hidden := box.DeliverWith([]byte(plain), ewstest.Delivery{Associated: true, Class: "IPM.Configuration.X"})
	s := syncInbox(c)
	assert.Equal(t, []string{"Create " + m.ID.ID}, s.next())
	s.scope = `<m:SyncScope>NormalItems</m:SyncScope>`
	assert.Empty(t, s.next())
	s.scope = `<m:SyncScope>NormalAndAssociatedItems</m:SyncScope>`
	assert.Equal(t, []string{"Create " + hidden.ID.ID}, s.next(), "wider than before")
	box.DeleteMessage(hidden.ID)
	assert.Equal(t, []string{"Delete " + hidden.ID.ID}, s.next())

	other := box.Deliver([]byte(plain))
	box.SetRead(m.ID, true)
	s.rest = `<m:Ignore><t:ItemId Id="` + m.ID.ID + `"/></m:Ignore>`
	assert.Equal(t, []string{"Create " + other.ID.ID}, s.next())
	s.rest = ""
	assert.Empty(t, s.next(), "what was ignored is not told later")
	s.rest = `<m:Ignore><t:ItemId Id="nonsense"/></m:Ignore>`
	assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(c.do(s.request())))
	s.rest = `<m:Ignore><t:ItemId Id="` + box.Folder(ews.FolderInbox).ID().ID + `"/></m:Ignore>`
	assert.Equal(t, []string{"ErrorCannotUseFolderIdForItemId"}, codes(c.do(s.request())))
}

func TestSyncShapes(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).in("Exchange2016")
	box := c.srv.Mailbox(alice)
	box.Deliver([]byte(plain))
	box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Schedule.Meeting.Request"})
	ask := func(shape string) string {
		s := syncInbox(c)
		s.shape = shape
		return c.do(s.request())
	}
	answer := ask(full)
	assert.Equal(t, []string{"Invoice", "Invoice"}, texts(answer, "Subject"))
	assert.Contains(t, answer, "<t:Create><t:MeetingRequest>")
	assert.Empty(t, texts(ask(idOnly), "Subject"))
	assert.Len(t, texts(ask(shapeOf("", "item:Subject")), "Subject"), 2)
	assert.Equal(t, []string{"ErrorInvalidPropertyForOperation"}, codes(ask(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`)))
	more := ask(shapeOf("", "item:TextBody", "item:MimeContent", "item:Subject"))
	assert.Len(t, texts(more, "Subject"), 2)
	assert.NotContains(t, more, "MimeContent", "clients ask for everything, and get what there is")
	assert.Equal(t, []string{"NoError"}, codes(ask(idOnly+`<t:InlineImageUrlTemplate>x</t:InlineImageUrlTemplate>`)), "there is no body in the answer")
}

func TestSyncStatesAreChecked(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		box := c.srv.Mailbox(alice)
		box.Deliver([]byte(plain))
		s := syncInbox(c)
		s.next()
		state := s.state
		drafts := syncInbox(c)
		drafts.folder = folderOf("drafts", alice)
		drafts.next()
		other := syncInbox(c)
		other.folder = folderOf("inbox", bob)
		other.next()
		hierarchy := texts(c.do(hierarchyXML(folderOf("root", alice), "")), "SyncState")[0]
		fresh := newCaller(t, ewstest.Options{Version: version}).in(schema)
		for name, state := range map[string]string{
			"nonsense": "H4sIAA==", "cut": state[:len(state)-4], "not base64": "!", "blank": " ", "another folder's": drafts.state, "another mailbox's": other.state, "of folders": hierarchy,
			"changed": strings.Replace(state, state[10:11], string(state[10]^1), 1),
		} {
			s.state = state
			answer := c.do(s.request())
			assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(answer), "%s on %s", name, version)
			assert.Equal(t, []string{"true"}, texts(answer, "IncludesLastItemInRange"))
			assert.Contains(t, answer, "<m:SyncState/>")
		}
		s.state = state
		assert.Empty(t, s.next(), "a state may be used again")
		fresh.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(fresh.do(s.request())), "of a server that has ended")
	}
}

func TestFoldersThatCannotBeSynchronized(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	search := folderIDXML(box.AddSearchFolder("All"))
	f := box.AddFolder(nil, "Gone")
	gone := folderIDXML(f)
	f.Delete()
	for folder, code := range map[string]string{search: "ErrorInvalidFolderTypeForOperation", gone: "ErrorSyncFolderNotFound", folderOf("archiveroot", alice): "ErrorSyncFolderNotFound", folderOf("inbox", "nobody@example.test"): "ErrorNonExistentMailbox"} {
		s := syncInbox(c)
		s.folder = folder
		assert.Equal(t, []string{code}, codes(c.do(s.request())), folder)
	}
	s := syncInbox(c.as("bob"))
	assert.Equal(t, []string{"ErrorSyncFolderNotFound"}, codes(s.do(s.request())), "he has no right to it")
	permission := `<t:PermissionSet><t:Permissions><t:Permission><t:UserId><t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress></t:UserId><t:PermissionLevel>%s</t:PermissionLevel></t:Permission></t:Permissions></t:PermissionSet>`
	for level, code := range map[string]string{"Reviewer": "NoError", "Contributor": "ErrorAccessDenied"} {
		require.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(folderOf("inbox", alice), setFolder("folder:PermissionSet", fmt.Sprintf(permission, level))))))
		assert.Equal(t, []string{code}, codes(s.do(s.request())), level)
	}
}
