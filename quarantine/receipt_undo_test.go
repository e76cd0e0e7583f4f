package quarantine_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// stampFixtures returns, by operation, the stamps that the version of
// 2026-11-25 put on the items in the receipts of testdata/receipts-1.jsonl.
func stampFixtures(t *testing.T) map[string][]ews.ExtendedProperty {
	t.Helper()
	b, err := os.ReadFile("driver/testdata/stamps-1.json")
	require.NoError(t, err)
	var all []struct {
		Values map[string]string `json:"values"`
	}
	require.NoError(t, json.Unmarshal(b, &all))
	stamps := make(map[string][]ews.ExtendedProperty)
	for _, s := range all {
		var properties []ews.ExtendedProperty
		for name, value := range s.Values {
			properties = append(properties, ews.ExtendedProperty{
				Field: ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}, Value: value,
			})
		}
		stamps[s.Values[driver.StampOperation]] = properties
	}
	return stamps
}

// What an earlier version took is put back by its receipt as it stands. Since
// then, the mailboxes have moved to another server: no id from the receipt or the
// stamps is known there, and the folder that the message was in is gone.
func TestRestoreFromReceiptsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	type place struct {
		folder string
		read   bool
	}
	perMailbox := func(s *quarantine.Options) {
		s.FolderPerMailbox = true
		s.QuarantineHeader = driver.Header{Name: "X-Quarantined", Value: "yes"}
		s.UndoHeader = driver.Header{Name: "X-Released", Value: "yes"}
	}
	inbox := []place{{"/Inbox", false}, {"/Inbox/Projects / 2026", true}}
	for name, tt := range map[string]struct {
		o     worldOptions
		below []string // of the quarantine folder
		want  []place
	}{
		"FullAccess: quarantine":          {want: inbox},
		"impersonation: quarantine":       {worldOptions{impersonation: true, settings: perMailbox}, []string{alice}, inbox},
		"impersonation, MIME: quarantine": {o: worldOptions{impersonation: true, ways: []driver.Way{driver.WayMIME}}, want: inbox},
		"archive and Recoverable Items: quarantine": {
			o:    worldOptions{strategy: ewsmail.Options{ScanRecoverableItems: true, ScanOnlineArchive: true}},
			want: []place{{"/Deleted Items", false}, {"/Archive/2019", true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := tt.o
			o.server.Seed = 2 // ids other than those in the fixture
			w := newWorld(t, o)
			receipt := fixtureNamed(t, name).receipt(t)
			mailbox := receipt.Target.Mailbox
			if mailbox != alice {
				w.AddMailbox(mailbox, &ewstest.MailboxOptions{Archive: true})
			}
			box := w.Mailbox(vault)
			folder := box.AddFolder(nil, append([]string{"Quarantine"}, tt.below...)...)
			stamps := stampFixtures(t)
			for _, it := range receipt.Items {
				require.Len(t, stamps[it.Operation], 5)
				box.DeliverWith(eml(it.MessageID, "Invoice"), ewstest.Delivery{
					Folder: folder, Received: it.Received, Read: it.WasRead, Extended: stamps[it.Operation],
				})
			}
			require.Empty(t, w.in(mailbox, theID))

			back, err := w.service.Restore(t.Context(), receipt)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			require.Len(t, back.Items, len(receipt.Items))
			var got []place
			for i, it := range back.Items {
				assert.Equal(t, quarantine.Restored, it.Outcome)
				assert.Equal(t, receipt.Items[i].Operation, it.Operation)
				assert.Equal(t, receipt.Items[i].WasRead, it.WasRead)
			}
			for _, m := range w.in(mailbox, theID) {
				assert.False(t, stamped(m))
				got = append(got, place{m.Folder, m.Read})
			}
			assert.ElementsMatch(t, tt.want, got)
			assert.Empty(t, w.in(vault, theID))
			assert.Empty(t, w.Notices())

			back, err = w.service.Restore(t.Context(), receipt)
			require.NoError(t, err)
			assert.Equal(t, quarantine.AlreadyRestored, back.Outcome())
			assert.Len(t, w.in(mailbox, theID), len(tt.want))
		})
	}
}

func fixtureNamed(t *testing.T, name string) receiptFixture {
	t.Helper()
	for _, f := range receiptFixtures(t) {
		if f.Name == name {
			return f
		}
	}
	require.Fail(t, "there is no fixture of that name", name)
	return receiptFixture{}
}
