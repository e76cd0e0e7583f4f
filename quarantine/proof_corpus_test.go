package quarantine_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// TestProofOfCorpus takes awkward messages by MIME: our own and, if it is next to the
// repository, a corpus. At least 99 of 100 must be proved, not counting reports, which
// CreateItem refuses; the others are reported with the reason, and stay where they were.
func TestProofOfCorpus(t *testing.T) {
	t.Parallel()
	messages := corpus(t)
	for name, odd := range map[string]ewstest.Oddities{"as usual": 0, "odd": ewstest.AllOddities} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{server: ewstest.Options{Odd: odd}, ways: []quarantine.Way{quarantine.WayMIME}, settings: func(o *quarantine.Options) {
				o.SearchLag, o.Attempts = 1, 1
			}})
			proved, reports := 0, 0
			for _, file := range slices.Sorted(maps.Keys(messages)) {
				raw := messages[file]
				m := w.Mailbox(alice).Deliver(raw)
				id := m.MessageID
				if id == "" {
					id = fmt.Sprintf("<%d@corpus.example>", proved)
					w.Mailbox(alice).DeleteMessage(m.ID)
					m = w.Mailbox(alice).Deliver(append([]byte("Message-ID: "+id+"\r\n"), raw...))
				}
				r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
				require.NoError(t, err, file)
				now := slices.DeleteFunc(slices.Clone(r.Items), func(it quarantine.ReceiptItem) bool {
					return it.Outcome == quarantine.AlreadyQuarantined // another file has the same Message-ID
				})
				if r.Outcome() == quarantine.Quarantined && len(now) == 1 && now[0].Digest != "" {
					proved++
					continue
				}
				t.Logf("%s (%s): %s: %v", file, m.Class, r.Outcome(), r.Err())
				if strings.HasPrefix(m.Class, "REPORT.") {
					assert.ErrorContains(t, r.Err(), "ErrorInvalidItemForOperationCreateItem", file)
					reports++
				}
				assert.NotNil(t, w.Mailbox(alice).Message(m.ID), "%s: what is not proved stays", file)
			}
			possible := len(messages) - reports
			t.Logf("%d of %d messages proved by MIME; %d reports, which no server makes from MIME", proved, possible, reports)
			assert.GreaterOrEqual(t, 100*proved, 99*possible)
		})
	}
}

// corpus returns messages by file.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	root, err := os.Getwd()
	require.NoError(t, err)
	for _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil; _, err = os.Stat(filepath.Join(root, "go.mod")) {
		require.NotEqual(t, filepath.Dir(root), root, "there is no go.mod above")
		root = filepath.Dir(root)
	}
	messages := map[string][]byte{}
	for _, dir := range []string{filepath.Join(root, "testdata", "mail"), filepath.Join(root, "..", "shared", "corpus")} {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
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
