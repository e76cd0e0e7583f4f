package quarantine_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A reference identifies a repeat: the same case gets the same receipt again;
// another case, or none, learns that the messages are already in quarantine.
func TestReferenceIsTheKeyOfARepeat(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), delivered(nil, true))
		ask := func(reference string) *quarantine.Receipt {
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID, Reference: reference})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			require.Len(t, r.Items, 1)
			assert.Equal(t, reference, r.Target.Reference)
			return r
		}
		first := ask("INC-0815 | Zoë").Items[0]
		assert.Equal(t, quarantine.Quarantined, first.Outcome)

		again := ask("INC-0815 | Zoë").Items[0]
		assert.Equal(t, quarantine.Quarantined, again.Outcome)
		first.From.ItemID, first.Way, first.Digest, first.Size = "", "", "", again.Size // not recorded in the item
		assert.Equal(t, first, again)

		for _, other := range []string{"INC-0816", "inc-0815 | Zoë", ""} {
			it := ask(other).Items[0]
			assert.Equal(t, quarantine.AlreadyQuarantined, it.Outcome, other)
			assert.Equal(t, first.Operation, it.Operation)
		}
	})
}

// A run without a reference cannot be identified as a repeat.
func TestNoReferenceIsNoKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMigration(t, driver.WayTransfer)
		m.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		for _, want := range []quarantine.Outcome{quarantine.Quarantined, quarantine.AlreadyQuarantined} {
			r, err := m.ews.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			assert.Equal(t, want, r.Outcome())
		}
	})
}

// What was interrupted is finished and reported under the reference, and the intent
// is removed.
func TestReferenceOfAnInterruptedRun(t *testing.T) {
	t.Parallel()
	for reference, first := range map[string]quarantine.Outcome{"INC-0815": quarantine.Quarantined, "INC-0816": quarantine.AlreadyQuarantined} {
		synctest.Test(t, func(t *testing.T) {
			m := newMigration(t, driver.WayTransfer)
			m.deliver()
			m.Removing = func(*twobox.Object) { panic("crash") }
			target := quarantine.Target{Mailbox: alice, MessageID: theID, Reference: "INC-0815"}
			func() {
				defer func() { _ = recover() }()
				_, err := m.ews.Quarantine(t.Context(), target)
				require.NoError(t, err)
			}()
			m.Removing = nil
			time.Sleep(time.Hour)
			interrupted := ""
			for r, err := range m.graph.Recover(t.Context()) {
				require.NoError(t, err)
				assert.Equal(t, "INC-0815", r.Target.Reference)
				interrupted = r.Items[0].Operation
			}
			require.NotEmpty(t, interrupted)
			target.Reference = reference
			for range 2 {
				r, err := m.graph.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, r.Err())
				require.Len(t, r.Items, 2)
				for _, it := range r.Items {
					want := quarantine.Quarantined
					if it.Operation == interrupted {
						want = first
					}
					assert.Equal(t, want, it.Outcome)
				}
			}
			open, err := openIntents(t.Context(), m.journal)
			require.NoError(t, err)
			assert.Empty(t, open)
		})
	}
}

// What cannot be read back is not reported to be in quarantine.
func TestRepeatReadsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMigration(t, driver.WayTransfer)
		m.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		m.Linger = time.Hour
		target := quarantine.Target{Mailbox: alice, MessageID: theID, Reference: "INC-0815"}
		_, err := m.ews.Quarantine(t.Context(), target)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		it, err := m.overEWS.Mailbox(vault).Inspect(t.Context(), m.In(vault, false)[0].ID)
		require.NoError(t, err)
		require.NoError(t, m.overEWS.Mailbox(vault).Remove(t.Context(), it)) // searches still show it
		r, err := m.ews.Quarantine(t.Context(), target)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Undecided, r.Outcome())
		assert.ErrorIs(t, r.Err(), quarantine.ErrGone)
	})
}

func TestReferencesThatAreRefused(t *testing.T) {
	t.Parallel()
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	for _, good := range []string{"", "a", "a b|c", "Zoë", strings.Repeat("a", driver.MaxReference)} {
		target.Reference = good
		assert.NoError(t, target.Validate(), good)
	}
	for _, bad := range []string{" a", "a ", "a\nb", "a\tb", "a\u2028b", "a\x00", "a\xffb", "\uFFFD", strings.Repeat("a", driver.MaxReference+1)} {
		target.Reference = bad
		err := target.Validate()
		require.ErrorIs(t, err, quarantine.ErrInvalid, "%q", bad)
		assert.Equal(t, "reference", quarantine.Problems(err)[0].Field)
	}
	other := target
	other.Reference = "another"
	assert.True(t, target.Same(other))
}

// testdata/before-identity.json was written by the last version that knew neither
// references nor systems: it has stamps as an item in quarantine carries them, their
// receipts and their intents.
func TestBeforeIdentity(t *testing.T) {
	t.Parallel()
	var all []struct {
		Name    string            `json:"name"`
		Values  map[string]string `json:"values"`
		Receipt json.RawMessage   `json:"receipt"`
		Intent  json.RawMessage   `json:"intent"`
	}
	text, err := os.ReadFile("testdata/before-identity.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	require.Len(t, all, 4)
	for _, f := range all {
		stamp := driver.ParseStamp(f.Values)
		require.NotNil(t, stamp, f.Name)
		assert.True(t, driver.SameSystem(stamp.IDs, driver.SystemEWS), f.Name)
		assert.Empty(t, stamp.Reference, f.Name)
		assert.Equal(t, "credential phishing", stamp.Reason, f.Name)
		assert.Equal(t, f.Values, stamp.Values(), "%s: what is written again is the same, so that its seal holds", f.Name)

		r, in := new(quarantine.Receipt), new(quarantine.Intent)
		require.NoError(t, json.Unmarshal(f.Receipt, r), f.Name)
		require.NoError(t, json.Unmarshal(f.Intent, in), f.Name)
		assert.Equal(t, quarantine.Quarantined, r.Outcome(), f.Name)
		assert.True(t, r.Target.Same(in.Target), f.Name)
		for _, v := range []struct {
			before json.RawMessage
			now    any
		}{{f.Receipt, r}, {f.Intent, in}} {
			again, err := json.Marshal(v.now)
			require.NoError(t, err)
			assert.JSONEq(t, string(v.before), string(again), f.Name)
		}
	}
}

// What a search shows as taken is read back: if a restore of it has begun since, it is not
// reported as quarantined.
func TestReadBackMeetsARestore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		target := theTarget
		target.Reference = "case 17"
		r, err := w.service.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		m := w.newStrategy(t, o).Mailbox(vault)
		onCall(w, ews.OpGetItem, func() {
			it, err := m.Inspect(t.Context(), r.Items[0].To.ItemID)
			require.NoError(t, err)
			stamp := *it.Stamp
			stamp.Direction = driver.ToUser
			_, err = m.Mark(t.Context(), it, driver.Change{Stamp: &stamp})
			require.NoError(t, err)
		})
		again, err := w.service.Quarantine(t.Context(), target)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Undecided, again.Outcome())
		assert.ErrorContains(t, again.Err(), "a restore of it has begun")
	})
}
