package exchange_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestCorpusCrossesOver takes awkward messages over one API and restores them over the
// other: our own, and those below the folder that EWSQ_CORPUS names. All come back
// unchanged, except for their ids.
func TestCorpusCrossesOver(t *testing.T) {
	t.Parallel()
	messages := awkward(t)
	for _, way := range []struct{ take, back exchange.API }{{exchange.APIEWS, exchange.APIGraph}, {exchange.APIGraph, exchange.APIEWS}} {
		t.Run(fmt.Sprintf("%s to %s", way.take, way.back), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newTenant(t)
				box := o.Mailbox("alice@example.test")
				take, back := o.open(t, way.take), o.open(t, way.back)
				equal := 0
				for i, file := range slices.Sorted(maps.Keys(messages)) {
					d := ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), fmt.Sprint("Of 100% / ", i)), Read: i%2 == 0, Categories: []string{"Blue"}}
					before := box.DeliverWith(messages[file], d)
					if before.MessageID == "" {
						box.DeleteMessage(before.ID)
						before = box.DeliverWith(fmt.Appendf(nil, "Message-ID: <%d@corpus.example>\r\n%s", i, messages[file]), d)
					}
					receipt, err := take.Quarantine(t.Context(), quarantine.Target{Mailbox: box.Address(), MessageID: before.MessageID})
					require.NoError(t, err, file)
					require.NoError(t, receipt.Err(), file)
					restored, err := back.Restore(t.Context(), receipt)
					require.NoError(t, err, file)
					require.NoError(t, restored.Err(), file)
					var after *ewstest.Message
					for _, m := range box.Messages() {
						if m.MessageID == before.MessageID && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
							after = m
						}
					}
					require.NotNil(t, after, file)
					if assert.Equal(t, allOf(before), allOf(after), file) {
						equal++
					}
					box.DeleteMessage(after.ID) // another file may have the Message-ID
				}
				assert.Empty(t, o.Notices())
				t.Logf("%d of %d messages came back equal", equal, len(messages))
			})
		})
	}
}

// allOf returns everything in a message except its ids and the times when the item was
// created and changed.
func allOf(m *ewstest.Message) map[string]any {
	properties := make(map[string]ews.ExtendedProperty)
	for field, p := range m.Properties {
		own := slices.Contains([]uint32{0x3007, 0x3008, 0x0E09, 0x0FFF}, uint32(field.Tag))
		if !own && (field.GUID != driver.StampSet || p.Value != "") {
			properties[fmt.Sprint(field)] = p
		}
	}
	attachments := slices.Clone(m.Attachments)
	for i := range attachments {
		attachments[i].ID = ""
	}
	return map[string]any{
		"folder": m.Folder, "class": m.Class, "subject": m.Subject, "id": m.MessageID, "read": m.Read, "draft": m.Draft, "received": m.Received, "sent": m.Sent,
		"importance": m.Importance, "categories": m.Categories, "flag": m.Flag, "receipt": m.ReceiptPending, "attachments": attachments,
		"properties": properties, "mime": string(m.MIME),
	}
}

// awkward returns messages by file.
func awkward(t *testing.T) map[string][]byte {
	t.Helper()
	dirs := []string{filepath.Join("..", "..", "testdata", "mail")}
	if dir := os.Getenv("EWSQ_CORPUS"); dir != "" {
		dirs = append(dirs, dir)
	}
	messages := make(map[string][]byte)
	for _, dir := range dirs {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.EqualFold(filepath.Ext(path), ".eml") {
				return err
			}
			messages[path], err = os.ReadFile(path)
			return err
		}))
	}
	require.NotEmpty(t, messages)
	return messages
}
