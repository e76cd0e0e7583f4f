package graphmail_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// A caller that asks for one message is not shown another.
func TestInspectNoticesAnothersAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.strategy(t).Mailbox(alice)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	w.Mailbox(alice).Deliver(eml("<2@good.example>", "Lunch"))
	evil, good := one(t, m, driver.Query{MessageID: theID}), one(t, m, driver.Query{MessageID: "<2@good.example>"})
	noter, ok := driver.As[driver.Watchable](m)
	require.True(t, ok)
	for name, read := range map[string]func(id string) (driver.Item, error){
		"inspect": func(id string) (driver.Item, error) { return m.Inspect(t.Context(), id) },
		"note": func(id string) (driver.Item, error) {
			it, _, err := noter.Noted(t.Context(), id)
			return it, err
		},
		"mark": func(id string) (driver.Item, error) {
			return m.Mark(t.Context(), evil, driver.Change{Stamp: &driver.Stamp{Operation: driver.NewOperation(), Mailbox: alice, Direction: driver.ToQuarantine}})
		},
		"remove": func(id string) (driver.Item, error) { return evil, m.Remove(t.Context(), evil) },
	} {
		_, err := m.Inspect(t.Context(), good.ID)
		require.NoError(t, err)
		_, _, err = noter.Noted(t.Context(), good.ID)
		require.NoError(t, err)
		w.FailNext(graphtest.OpGetMessage, graphtest.EarlierAnswer)
		_, err = read(evil.ID)
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, driver.ErrGone, name)
		assert.True(t, driver.Untouched(err), name)
		w.ClearFaults()
	}
	assert.Len(t, w.in(alice, theID), 1)
	assert.Len(t, w.in(alice, "<2@good.example>"), 1)
}

// A mark is not confirmed by an answer about another message.
func TestWritesNoticeAnothersAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.strategy(t).Mailbox(alice)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	w.Mailbox(alice).Deliver(eml("<2@good.example>", "Lunch"))
	evil, good := one(t, m, driver.Query{MessageID: theID}), one(t, m, driver.Query{MessageID: "<2@good.example>"})
	stamp := driver.Change{Stamp: &driver.Stamp{Operation: driver.NewOperation(), Mailbox: alice, Direction: driver.ToQuarantine}}
	_, err := m.Mark(t.Context(), good, stamp)
	require.NoError(t, err)
	for _, fault := range []graphtest.Fault{graphtest.EarlierAnswer, graphtest.EarlierAnswer.Acted()} {
		w.FailNext(graphtest.OpUpdateMessage, fault)
		_, err = m.Mark(t.Context(), evil, stamp)
		require.Error(t, err)
		assert.False(t, driver.Untouched(err))
		assert.NotErrorIs(t, err, driver.ErrConflict)
		w.Mailbox(alice).Deliver(eml("<3@good.example>", "Another"))
	}
	shelver, ok := driver.As[driver.Shelver](m)
	require.True(t, ok)
	_, err = shelver.Shelve(t.Context(), one(t, m, driver.Query{MessageID: "<2@good.example>"}), nil)
	require.NoError(t, err)
	w.FailNext(graphtest.OpMoveMessage, graphtest.EarlierAnswer)
	_, err = shelver.Shelve(t.Context(), one(t, m, driver.Query{MessageID: theID}), nil)
	require.Error(t, err)
	assert.False(t, driver.Untouched(err))
}

// A folder does not count as searched if the answer lists another one, whether or not the
// items of that folder would have matched.
func TestSearchNoticesAnotherFoldersAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.strategy(t).Mailbox(alice)
	box := w.Mailbox(alice)
	box.Deliver(eml(theID, "Invoice"))
	box.AddFolder(nil, "Projects")
	here := one(t, m, driver.Query{MessageID: theID}).Folder
	other, err := m.Folder(t.Context(), driver.FolderRequest{Names: []string{"Projects"}})
	require.NoError(t, err)
	_, err = m.Find(t.Context(), driver.Query{MessageID: theID, In: &here})
	require.NoError(t, err)
	w.FailNext(graphtest.OpListFolderMessages, graphtest.EarlierAnswer)
	found, err := m.Find(t.Context(), driver.Query{MessageID: theID, In: &other})
	require.NoError(t, err)
	assert.Empty(t, found.Items)
	assert.Empty(t, found.Searched)
	require.Len(t, found.Unsearched, 1)
	assert.Contains(t, found.Unsearched[0].Reason, "another")
}

// A message that is made anew in parts gets its own parts and no other message does, and
// a draft is marked only if it is the right one.
func TestWhatWasMadeIsTheOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t, anew)
	mime := func(id string) []byte {
		return letter(mixed, part("Content-Type: "+plain, "Click here.")+file("large.pdf", 3_300_000)+file(id+".txt", 100)+"--b--")
	}
	from, to := s.Mailbox(alice), s.Mailbox(vault)
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	require.NoError(t, err)
	carry := func() error {
		w.Mailbox(alice).Deliver(mime(fmt.Sprint(len(w.in(vault, theID)))))
		stamp := &driver.Stamp{Operation: driver.NewOperation(), Mailbox: alice, Direction: driver.ToQuarantine, IDs: s.System()}
		found, err := from.Find(t.Context(), driver.Query{MessageID: theID})
		require.NoError(t, err)
		it, err := from.Mark(t.Context(), found.Items[len(found.Items)-1], driver.Change{Stamp: stamp})
		require.NoError(t, err)
		_, err = s.Carry(t.Context(), driver.Carriage{From: from, Item: it, To: to, Folder: folder})
		return err
	}
	require.NoError(t, carry())
	first := w.in(vault, theID)[0]
	for _, fault := range []graphtest.Fault{graphtest.EarlierAnswer, graphtest.EarlierAnswer.Acted()} {
		w.FailNext(graphtest.OpCreateInFolder, fault)
		err = carry()
		require.Error(t, err)
		assert.False(t, driver.Untouched(err), "a copy may have been made")
		for _, m := range w.in(vault, theID) {
			if m.ID == first.ID {
				assert.Equal(t, first.Properties, m.Properties, "the stamp of another copy")
				assert.Equal(t, first.Attachments, m.Attachments)
			}
		}
	}

	a := answering(t, s)
	require.NoError(t, a.Draft(t.Context(), answerMark, answerText))
	w.FailNext(graphtest.OpCreateMessage, graphtest.EarlierAnswer)
	require.Error(t, a.Draft(t.Context(), "b"+answerMark[1:], answerText))
	answers, err := a.Answers(t.Context(), answerMark)
	require.NoError(t, err)
	assert.Len(t, answers.Drafts, 1, "its mark was not taken away")
}

// With a server that filters nothing, messages that do not match cost no request each.
func TestServerThatDoesNotSift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.strategy(t).Mailbox(alice)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	for i := range 150 {
		w.Mailbox(alice).Deliver(eml(fmt.Sprintf("<%d@good.example>", i), "Lunch"))
	}
	w.Fail(graphtest.When{}, graphtest.FilterIgnored)
	w.ResetRequests()
	one(t, m, driver.Query{MessageID: theID})
	assert.Less(t, len(w.Requests()), 60)
	for _, r := range w.Requests() {
		assert.NotEqual(t, graphtest.OpGetMessage, r.Operation)
	}
}
