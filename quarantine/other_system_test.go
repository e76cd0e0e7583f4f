package quarantine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// migration is a mail system that is reached over EWS first and over another protocol
// later.
type migration struct {
	*twobox.System
	journal         *quarantine.MemoryJournal
	ews, graph      *quarantine.Service
	overEWS, overGo *otherSystem
}

func newMigration(t *testing.T, ways ...driver.Way) *migration {
	m := &migration{System: twobox.New(alice, vault), journal: &quarantine.MemoryJournal{}}
	m.overEWS = &otherSystem{Strategy: m.Strategy(ways...), name: driver.SystemEWS}
	m.overGo = &otherSystem{Strategy: m.Strategy(ways...), name: "graph", prefix: "graph/"}
	var err error
	m.ews, err = quarantine.New(m.overEWS, vault, &quarantine.Options{Journal: m.journal})
	require.NoError(t, err)
	m.graph, err = quarantine.New(m.overGo, vault, &quarantine.Options{Journal: m.journal})
	require.NoError(t, err)
	return m
}

// deliver delivers twins: one to the Inbox, one to another folder.
func (m *migration) deliver() {
	at := time.Date(1999, 12, 31, 8, 0, 0, 0, time.UTC)
	for _, folder := range []string{twobox.Inbox, "Zebra"} {
		o := m.Deliver(alice, twobox.Message{ID: theID, Received: at, Sent: at})
		o.Folder = m.FolderOf(alice, folder)
	}
}

// homes returns the folders in which the messages of the user are, in the order of
// their delivery.
func (m *migration) homes() []string {
	homes := make([]string, len(m.Messages))
	for _, o := range m.In(alice, false) {
		homes[o.Message] += m.Folders[o.Folder].Name
	}
	return homes
}

// earlier returns what this version has written as an earlier version would
// have written it.
func earlier(t *testing.T, r *quarantine.Receipt) *quarantine.Receipt {
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(text), `"ids":"ews"`)
	old := new(quarantine.Receipt)
	require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(string(text), `"ids":"ews"`, `"was":"ews"`)), old))
	return old
}

// What was taken over one system is restored over another, into the folders it came
// from: from the receipt, from the item alone, and from what an earlier version wrote.
// No id of one system is used over the other.
func TestRestoreOverAnotherSystem(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for name, restore := range map[string]func(*testing.T, *migration, *quarantine.Receipt) (*quarantine.Receipt, error){
			"receipt": func(t *testing.T, m *migration, taken *quarantine.Receipt) (*quarantine.Receipt, error) {
				return m.graph.Restore(t.Context(), taken)
			},
			"item alone": func(t *testing.T, m *migration, taken *quarantine.Receipt) (*quarantine.Receipt, error) {
				return m.graph.RestoreMessage(t.Context(), taken.Target)
			},
			"earlier version": func(t *testing.T, m *migration, taken *quarantine.Receipt) (*quarantine.Receipt, error) {
				for _, o := range m.In(vault, false) {
					o.Stamp.IDs = ""
				}
				return m.graph.Restore(t.Context(), earlier(t, taken))
			},
		} {
			t.Run(string(way)+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m := newMigration(t, way)
					m.deliver()
					taken, err := m.ews.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
					require.NoError(t, err)
					require.NoError(t, taken.Err())
					require.Len(t, taken.Items, 2)
					for _, it := range taken.Items {
						assert.Equal(t, []string{"ews", "ews"}, []string{it.From.IDs, it.To.IDs})
					}
					assert.Equal(t, "ews", taken.IDs)
					time.Sleep(time.Hour)

					back, err := restore(t, m, taken)
					require.NoError(t, err)
					require.NoError(t, back.Err())
					assert.Equal(t, quarantine.Restored, back.Outcome())
					assert.Equal(t, []string{"Inbox", "Zebra"}, m.homes())
					for _, it := range back.Items {
						assert.Equal(t, []string{"graph", "graph"}, []string{it.From.IDs, it.To.IDs})
						assert.True(t, strings.HasPrefix(it.To.ItemID, "graph/"), it.To.ItemID)
					}

					time.Sleep(time.Hour)
					again, err := m.graph.Restore(t.Context(), taken)
					require.NoError(t, err)
					assert.Equal(t, quarantine.AlreadyRestored, again.Outcome())
					assert.Len(t, again.Items, 2)
					assert.Empty(t, m.overGo.misled)
				})
			})
		}
	}
}

// Over the system that they belong to, ids are used, including those from an earlier
// version.
func TestIDsOfTheSameSystem(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newMigration(t, driver.WayTransfer)
			m.deliver()
			taken, err := m.ews.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			if old {
				taken = earlier(t, taken)
			}
			for _, o := range m.In(vault, false) {
				if old {
					o.Stamp.IDs = ""
				}
				o.Stamp.Folder.Base, o.Stamp.Folder.Below = "", "" // only the id identifies it
				m.Blind(o, time.Hour)                              // no search shows it
			}
			back, err := m.ews.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Equal(t, []string{"Inbox", "Zebra"}, m.homes())
		})
	}
}

// What a run over one system has begun, the recovery over another system settles by the
// stamp.
func TestRecoverOverAnotherSystem(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer} {
		synctest.Test(t, func(t *testing.T) {
			m := newMigration(t, way)
			m.deliver()
			m.Removing = func(*twobox.Object) { panic("crash") }
			if way == driver.WayMove {
				m.Refuses = map[driver.Way]bool{way: true}
			}
			func() {
				defer func() { _ = recover() }()
				_, err := m.ews.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
			}()
			m.Removing, m.Refuses = nil, nil
			time.Sleep(time.Hour)
			for r, err := range m.graph.Recover(t.Context()) {
				require.NoError(t, err)
				require.NoError(t, r.Err())
				assert.Equal(t, "graph", r.Items[0].To.IDs)
			}
			taken, err := m.graph.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			assert.Len(t, m.In(vault, false), 2)
			assert.Empty(t, m.In(alice, false))
			assert.Empty(t, m.overGo.misled)
		})
	}
}

// An intent for an item that was never marked is settled as well: the item is taken
// under another name.
func TestUnmarkedIntentOfAnotherSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMigration(t, driver.WayTransfer)
		m.deliver()
		target := quarantine.Target{Mailbox: alice, MessageID: theID}
		now := time.Now()
		beginFor(t, m.journal, quarantine.Intent{
			Operation: driver.NewOperation(), Direction: driver.ToQuarantine, Target: target, At: now, MessageID: theID,
			From:    quarantine.Place{Mailbox: alice, ItemID: m.In(alice, false)[0].ID},
			Attempt: driver.NewOperation(), Lease: now.Add(20 * time.Minute),
		})
		time.Sleep(time.Hour)
		taken, err := m.graph.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		assert.Len(t, taken.Items, 2)
		open, err := openIntents(t.Context(), m.journal)
		require.NoError(t, err)
		assert.Empty(t, open)
		assert.Empty(t, m.overGo.misled)
	})
}

func TestStrategyWithoutSystem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "EWS", "a|b", strings.Repeat("a", 17)} {
		_, err := quarantine.New(&otherSystem{Strategy: twobox.New(alice, vault).Strategy(driver.WayMove), name: name}, vault, nil)
		invalid, ok := errors.AsType[*quarantine.InvalidError](err)
		require.True(t, ok, name)
		assert.Equal(t, "strategy", invalid.Field)
	}
}
