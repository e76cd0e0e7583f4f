package boltjournal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A journal left by an earlier version is settled after an upgrade. The journals in
// testdata have the same intents; journal-1.json contains them as the first version read
// them. The runs were cut off while they carried a message: there and back, by FullAccess
// and by Impersonation, by Message-ID and by criteria. journal-1.bolt is in the format of
// 2026-11-25, without checksums. journal-2.bolt is in the format of 2026-11-29; four more
// intents were begun and finished in it. The same is true of journal-3.bolt, which also
// has campaigns, and whose intents name the server onPremises.
func TestJournalOfEarlierVersion(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/journal-1.json")
	require.NoError(t, err)
	for _, name := range []string{"journal-1.bolt", "journal-2.bolt", "journal-3.bolt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []quarantine.Intent
			require.NoError(t, json.Unmarshal(text, &want))
			require.Len(t, want, 8)
			named := name == "journal-3.bolt"
			for i := range want {
				if named {
					want[i].Server = "onPremises"
				}
			}
			file, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "journal")
			require.NoError(t, os.WriteFile(path, file, 0o600))
			for range 2 { // the second time as upgraded
				got, err := read(t, path)
				require.NoError(t, err)
				assert.Equal(t, want, got)
				again, err := json.Marshal(got)
				require.NoError(t, err)
				if !named {
					assert.JSONEq(t, string(text), string(again), "nothing is passed over")
				}
			}
			settled(t, path)
		})
	}
}

// settled finishes each of the eight intents.
func settled(t *testing.T, path string) {
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	got, err := openIntents(t.Context(), j)
	require.NoError(t, err)
	kinds := map[driver.Direction]map[bool]int{driver.ToQuarantine: {}, driver.ToUser: {}}
	for _, in := range got {
		kinds[in.Direction][in.Target.Criteria.IsZero()]++
		require.NoError(t, in.Target.Validate())
		same, err := j.FindTarget(t.Context(), in.Target)
		require.NoError(t, err)
		assert.Contains(t, same, in)
		require.NoError(t, finish(j, in.Operation))
	}
	assert.Equal(t, map[driver.Direction]map[bool]int{driver.ToQuarantine: {true: 2, false: 2}, driver.ToUser: {true: 2, false: 2}}, kinds)
	got, err = openIntents(t.Context(), j)
	require.NoError(t, err)
	assert.Empty(t, got, "finished")
}

// receiptOf returns the receipt of a target in a mailbox, both by number.
func receiptOf(n int) *quarantine.Receipt {
	in := intent(n)
	in.Target.Mailbox = fmt.Sprintf("user%d@example.test", n)
	return &quarantine.Receipt{
		Action: "quarantine", Server: "onPremises", Target: in.Target, Strategy: "FullAccess", Started: in.At, Finished: in.At.Add(time.Second),
		Items: []quarantine.ReceiptItem{{Outcome: quarantine.Quarantined, Operation: in.Operation, Folder: "/Inbox", From: in.From}},
	}
}

// Campaigns survive an upgrade.
func TestCampaignsOfEarlierVersion(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/journal-3.bolt")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	for campaign, want := range map[string]int{"case 17": 4, "case 18": 1, "case 1": 0} {
		n := 0
		for range j.Marks(t.Context(), campaign) {
			n++
		}
		assert.Equal(t, want, n)
		for n := range want {
			got, err := j.Marked(t.Context(), campaign, receiptOf(n).Target)
			require.NoError(t, err)
			assert.Equal(t, receiptOf(n), got)
		}
	}
}

// A campaign of many targets is forgotten in several steps, and the journal loses no
// intent.
func TestForgetMany(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	require.NoError(t, begin(j, intent(0)))
	var wg sync.WaitGroup
	for first := range 100 {
		wg.Go(func() {
			for n := first; n < 1100; n += 100 {
				assert.NoError(t, j.Mark(t.Context(), "many", receiptOf(n)))
			}
		})
	}
	wg.Wait()
	require.NoError(t, j.Mark(t.Context(), "one", receiptOf(0)))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range j.Marks(ctx, "many") {
		if n++; err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
		if n == 1000 {
			cancel()
		}
	}
	assert.Equal(t, 1001, n)
	require.ErrorIs(t, j.Forget(ctx, "many"), context.Canceled)
	require.ErrorIs(t, j.Mark(ctx, "many", receiptOf(0)), context.Canceled)
	require.NoError(t, j.Forget(t.Context(), "many"))
	for range j.Marks(t.Context(), "many") {
		require.Fail(t, "something is left")
	}
	require.NoError(t, j.Close())
	got, err := read(t, path)
	require.NoError(t, err)
	assert.Equal(t, []quarantine.Intent{intent(0)}, got)
	saved, err := boltjournal.Salvage(path)
	require.NoError(t, err)
	assert.Equal(t, got, saved)
}
