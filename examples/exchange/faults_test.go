package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// A scenario can describe a server that fails, for programs in any language: here one that
// claims to delete a message, and does not.
func TestServesFaultsOfAScenario(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "scenario.json")
	require.NoError(t, os.WriteFile(file, []byte(`{
		"users": [{"name": "svc"}],
		"mailboxes": [{"address": "eve@example.test"}],
		"fullAccess": [{"user": "svc", "mailbox": "*"}],
		"messages": [{"mailbox": "eve@example.test", "eml": "Subject: one\r\nMessage-ID: <1@evil.example>\r\n\r\n"},
		             {"mailbox": "eve@example.test", "eml": "Subject: two\r\n\r\n"}],
		"faults": [{"fault": "FalseSuccess", "operation": "DeleteItem", "messageId": "<1@evil.example>", "always": true}]
	}`), 0o600))
	client := start(t, "-scenario", file).client(t, "svc").ForMailbox("eve@example.test")
	for range 2 {
		page, err := client.FindItem(t.Context(), ews.FindItemRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: "eve@example.test"}}})
		require.NoError(t, err)
		require.NotEmpty(t, page)
		var ids []ews.ItemID
		for _, it := range page[0].Value.Items {
			ids = append(ids, it.ID)
		}
		res, err := client.DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: ids, Type: ews.HardDelete})
		require.NoError(t, err)
		require.NoError(t, res.Err())
	}
	assert.Equal(t, []string{"one"}, inbox(t, client, "eve@example.test"))
}
