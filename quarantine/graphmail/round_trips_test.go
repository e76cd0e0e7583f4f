package graphmail_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// trip is a round trip and the reason for it.
type trip struct {
	mailbox string // empty for a batch, whose parts name their mailboxes
	op      graphtest.Operation
	why     string
}

// The round trips for a message in a known mailbox: nothing else is requested, and
// nothing is requested twice without a write in between.
var (
	quarantineTrips = []trip{
		{"", graphtest.OpBatch, "search the mailbox, each folder, and then for new folders"},
		{alice, graphtest.OpGetMessage, "its version, before the write"},
		{alice, graphtest.OpUpdateMessage, "the stamp"},
		{"", graphtest.OpBatch, "read back the stamp, with the attachments"},
		{alice, graphtest.OpExportItems, "take it out"},
		{vault, graphtest.OpImportItem, "put it in"},
		{"", graphtest.OpBatch, "what it is now, to compare the copy with"},
		{"", graphtest.OpBatch, "the copy, by the id that the import returned"},
		{alice, graphtest.OpGetMessage, "its version, before the removal"},
		{alice, graphtest.OpPermanentDelete, "remove the original"},
		{"", graphtest.OpBatch, "it is gone from its id"},
		{"", graphtest.OpBatch, "and from the mailbox: its owner might have moved it"},
		{"", graphtest.OpBatch, "the copy is still there"},
		{"", graphtest.OpBatch, "other copies of the message in quarantine, with new folders"},
	}
	restoreTrips = []trip{
		{vault, graphtest.OpListFolderMessages, "the item, by its stamp"},
		{vault, graphtest.OpGetMessage, "its version, before the write"},
		{vault, graphtest.OpUpdateMessage, "the stamp of the restore"},
		{"", graphtest.OpBatch, "read back the stamp, with the attachments"},
		{alice, graphtest.OpGetFolder, "the folder it comes from is still there"},
		{vault, graphtest.OpExportItems, "take it out"},
		{alice, graphtest.OpImportItem, "put it in"},
		{"", graphtest.OpBatch, "what it is now, to compare the copy with"},
		{"", graphtest.OpBatch, "the copy, by the id that the import returned"},
		{vault, graphtest.OpGetMessage, "its version, before the removal"},
		{vault, graphtest.OpPermanentDelete, "remove it from quarantine"},
		{"", graphtest.OpBatch, "it is gone from its id"},
		{"", graphtest.OpBatch, "and from the mailbox: somebody might have moved it"},
		{"", graphtest.OpBatch, "the copy is still there"},
		{alice, graphtest.OpGetMessage, "its version, before the write"},
		{alice, graphtest.OpUpdateMessage, "take off the stamp"},
		{"", graphtest.OpBatch, "read back that it is off"},
	}
)

// counted is the number of requests that Graph counts, which exceeds the number of round
// trips.
var counted = map[string]map[bool]int{"quarantine": {true: 35, false: 54}, "restore": {true: 31, false: 40}}

// TestRoundTrips pins the cost of a message in a known mailbox, with few folders and with
// all the folders that Exchange makes.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, few := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			exchange := ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeOnline, FewFolders: few})
			defer exchange.Close()
			w := &world{Server: graphtest.New(exchange, nil), t: t}
			defer w.Close()
			p := w.process(t, new(quarantine.MemoryJournal))
			for i := range 2 {
				id := fmt.Sprintf("<%d@evil.example>", i)
				w.Mailbox(alice).Deliver(eml(id, "Invoice"))
				w.ResetRequests()
				receipt, err := p.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
				require.NoError(t, err)
				require.NoError(t, receipt.Err())
				if i == 1 { // the mailbox is now known
					compareTrips(t, "quarantine", w.Requests(), quarantineTrips, few)
				}
				w.ResetRequests()
				back, err := p.Restore(t.Context(), receipt)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				if i == 1 {
					compareTrips(t, "restore", w.Requests(), restoreTrips, few)
				}
			}
		})
	}
}

func compareTrips(t *testing.T, what string, requests []graphtest.Request, want []trip, few bool) {
	t.Helper()
	var got []trip
	n := 0
	for _, q := range requests {
		if !q.Part {
			got = append(got, trip{mailbox: q.Mailbox, op: q.Operation})
		}
		if q.Operation != graphtest.OpBatch {
			n++
		}
	}
	t.Logf("%s, few folders %t: %d round trips, %d requests as Graph counts them", what, few, len(got), n)
	for i := range want {
		if i < len(got) {
			got[i].why = want[i].why
		}
	}
	assert.Equal(t, want, got, what)
	assert.LessOrEqual(t, n, counted[what][few], what)
}
