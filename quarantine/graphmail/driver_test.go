package graphmail_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

const theID = "<1@evil.example>"

// carriage delivers a message, stamps it, and returns its carriage.
func carriage(t *testing.T, w *world, s driver.Strategy, headers ...string) driver.Carriage {
	t.Helper()
	w.Mailbox(alice).Deliver(eml(theID, "Invoice", headers...))
	from, to := s.Mailbox(alice), s.Mailbox(vault)
	stamp := &driver.Stamp{Operation: driver.NewOperation(), Mailbox: alice, Direction: driver.ToQuarantine, IDs: s.System()}
	it, err := from.Mark(t.Context(), one(t, from, driver.Query{MessageID: theID}), driver.Change{Stamp: stamp})
	require.NoError(t, err)
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	require.NoError(t, err)
	return driver.Carriage{From: from, Item: it, To: to, Folder: folder}
}

func TestCarryAgainWhenTheSessionIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	c := carriage(t, w, s)
	first := c
	_, err := s.Carry(t.Context(), c)
	require.NoError(t, err)

	w.ExpireImports()
	w.Mailbox(alice).Deliver(eml("<2@evil.example>", "Another"))
	stamp := &driver.Stamp{Operation: driver.NewOperation(), Mailbox: alice, Direction: driver.ToQuarantine}
	c.Item, err = c.From.Mark(t.Context(), one(t, c.From, driver.Query{MessageID: "<2@evil.example>"}), driver.Change{Stamp: stamp})
	require.NoError(t, err)
	_, err = s.Carry(t.Context(), c)
	require.NoError(t, err)
	assert.Len(t, w.in(vault, "<2@evil.example>"), 1)

	w.ExpireImports()
	_, err = s.Carry(t.Context(), first)
	require.Error(t, err, "its stamp is there already, so the refusal may be untrue")
	assert.False(t, driver.Untouched(err))
	assert.Len(t, w.in(vault, theID), 1)
}

func TestCarryIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]graphtest.Fault{
		"dropped": graphtest.DropAfter, "cut": graphtest.CutAnswer, "504": graphtest.GatewayTimeout,
		"503": graphtest.Unavailable, "503 after acting": graphtest.Unavailable.Acted(), "500": graphtest.Status(500, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			s := w.strategy(t)
			c := carriage(t, w, s)
			failure := w.Fail(graphtest.When{Operation: graphtest.OpImportItem, Times: 1}, fault)
			carried, err := s.Carry(t.Context(), c)
			require.Error(t, err)
			assert.Equal(t, 1, failure.Struck())
			assert.False(t, driver.Untouched(err))
			assert.LessOrEqual(t, len(w.in(vault, theID)), 1)
			assert.True(t, carried.Faithful)
			assert.Len(t, w.in(alice, theID), 1)
		})
	}
}

func TestExportThatFailsMakesNoCopy(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]graphtest.Fault{
		"corrupt": graphtest.ExportFails("ErrorCorruptData"), "cut": graphtest.CutAnswer, "dropped": graphtest.DropAfter, "denied": graphtest.Status(403, "ErrorAccessDenied"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			s := w.strategy(t, func(o *graphmail.Options) { o.Attempts = 1 })
			c := carriage(t, w, s)
			w.Fail(graphtest.When{Operation: graphtest.OpExportItems}, fault)
			_, err := s.Carry(t.Context(), c)
			require.Error(t, err)
			assert.True(t, driver.Untouched(err), "%v", err)
			assert.Empty(t, w.in(vault, theID))
			if name == "denied" {
				assert.Contains(t, err.Error(), "MailboxItem.ImportExport.All")
				assert.NotErrorIs(t, err, driver.ErrUnreachable)
			}
		})
	}
}

func TestNobodyIsTold(t *testing.T) {
	t.Parallel()
	yes := true
	for _, sticks := range []bool{false, true} {
		w := newWorld(t, &graphtest.Options{ReceiptSticks: sticks})
		s := w.strategy(t)
		c := carriage(t, w, s, "Disposition-Notification-To: mallory@evil.example")
		_, err := c.From.Mark(t.Context(), c.Item, driver.Change{Read: &yes})
		assert.Equal(t, sticks, err != nil, "%v", err)
		it := one(t, c.From, driver.Query{MessageID: theID})
		err = c.From.Remove(t.Context(), it)
		assert.Equal(t, sticks, err != nil, "%v", err)
		assert.Empty(t, w.Notices())
	}
}

func TestConflictIsSeenEitherWay(t *testing.T) {
	t.Parallel()
	for _, ignores := range []bool{false, true} {
		w := newWorld(t, &graphtest.Options{IgnoreIfMatch: ignores})
		s := w.strategy(t)
		c := carriage(t, w, s)
		w.Mailbox(alice).SetRead(w.in(alice, theID)[0].ID, true)
		_, err := c.From.Mark(t.Context(), c.Item, driver.Change{Clear: true})
		require.ErrorIs(t, err, driver.ErrConflict)
		assert.True(t, driver.Untouched(err))
		require.ErrorIs(t, c.From.Remove(t.Context(), c.Item), driver.ErrConflict)
		w.FailNext(graphtest.OpUpdateMessage, graphtest.Conflict)
		_, err = c.From.Mark(t.Context(), one(t, c.From, driver.Query{MessageID: theID}), driver.Change{Clear: true})
		require.ErrorIs(t, err, driver.ErrConflict)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.SetUPN(alice, "a.smith@corp.example.test")
	w.Exchange().AddMailbox("carla@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"carla.jones@example.test"}})
	w.Exchange().AddList("everybody@example.test", alice)
	s := w.strategy(t)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	one(t, s.Mailbox("Alice@Example.test"), driver.Query{MessageID: theID})
	for address, says := range map[string]string{
		"carla.jones@example.test": "carla@example.test", "everybody@example.test": "group", "nobody@example.test": "no user has",
	} {
		_, err := s.Mailbox(address).Find(t.Context(), driver.Query{MessageID: theID})
		require.ErrorIs(t, err, driver.ErrUnreachable, address)
		assert.ErrorContains(t, err, says)
		p, ok := driver.As[driver.Prober](s.Mailbox(address))
		require.True(t, ok)
		assert.ErrorIs(t, p.Probe(t.Context()), driver.ErrUnreachable)
	}
	w.Consent("app", "Mail.ReadWrite")
	_, err := w.strategy(t).Mailbox(alice).Find(t.Context(), driver.Query{MessageID: theID})
	require.Error(t, err)
	assert.NotErrorIs(t, err, driver.ErrUnreachable, "nothing is known of the mailbox")
	assert.ErrorContains(t, err, "User.Read.All")
	assert.Equal(t, driver.CauseNoPermission, driver.CauseOf(err))
}

// An application that may read mail but not change it is told which right is missing.
func TestMayNotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	w.Consent("app", "Mail.Read", "User.Read.All")
	box := w.strategy(t).Mailbox(alice)
	found, err := box.Find(t.Context(), driver.Query{MessageID: theID})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
	_, markErr := box.Mark(t.Context(), found.Items[0], driver.Change{Stamp: &driver.Stamp{Operation: driver.NewOperation(), Mailbox: alice}})
	for what, err := range map[string]error{"mark": markErr, "remove": box.Remove(t.Context(), found.Items[0])} {
		require.ErrorContains(t, err, "Mail.ReadWrite", what)
		require.ErrorContains(t, err, alice, what)
		assert.Equal(t, driver.CauseNoPermission, driver.CauseOf(err), what)
		assert.True(t, driver.Untouched(err), what)
	}
}

func TestFindPagesAndMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	const copies = 25
	for range copies {
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	}
	w.LimitPages(3)
	w.FailNext(graphtest.OpListMessages, graphtest.EmptyPage)
	found, err := s.Mailbox(alice).Find(t.Context(), driver.Query{MessageID: theID})
	require.NoError(t, err)
	assert.Len(t, found.Items, copies)
	assert.Empty(t, found.Unsearched)
}

func TestFindSaysWhatItCouldNotSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t, func(o *graphmail.Options) { o.Attempts = 1 })
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	m := s.Mailbox(alice)
	one(t, m, driver.Query{MessageID: theID})
	n := 0
	w.Fail(graphtest.When{Operation: graphtest.OpListFolderMessages, Request: func(*graphtest.Request) bool { n++; return n%3 == 2 }}, graphtest.Status(http.StatusInternalServerError, "ErrorInternalServerError"))
	found, err := m.Find(t.Context(), driver.Query{MessageID: "<none@evil.example>"})
	require.NoError(t, err)
	assert.NotEmpty(t, found.Unsearched)
	assert.NotEmpty(t, found.Searched)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []*graphmail.Options{{Root: "http://graph.microsoft.com"}, {Attempts: -1}, {UserAgent: "a\nb"}} {
		_, err := graphmail.New(http.DefaultTransport, o)
		assert.ErrorIs(t, err, driver.ErrInvalid)
	}
	_, err := graphmail.New(nil, nil)
	assert.ErrorIs(t, err, driver.ErrInvalid)
	s, err := graphmail.New(http.DefaultTransport, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"graph", "graph"}, []string{s.Name(), s.System()})
	_, err = s.Carry(t.Context(), driver.Carriage{From: s.Mailbox(alice), To: s.Mailbox(vault), Only: driver.WayMIME})
	assert.True(t, driver.Untouched(err))
	assert.False(t, errors.Is(err, driver.ErrGone))
}
