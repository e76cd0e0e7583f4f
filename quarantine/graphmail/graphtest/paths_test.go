package graphtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// described are the operations of Graph that concern a mail quarantine.
const described = `
GET /users/{user-id}/messages
POST /users/{user-id}/messages
GET /users/{user-id}/messages/{message-id}
PATCH /users/{user-id}/messages/{message-id}
DELETE /users/{user-id}/messages/{message-id}
GET /users/{user-id}/messages/{message-id}/$value
POST /users/{user-id}/messages/{message-id}/move
POST /users/{user-id}/messages/{message-id}/copy
POST /users/{user-id}/messages/{message-id}/permanentDelete
GET /users/{user-id}/messages/{message-id}/attachments
POST /users/{user-id}/messages/{message-id}/attachments
GET /users/{user-id}/messages/{message-id}/attachments/{attachment-id}
DELETE /users/{user-id}/messages/{message-id}/attachments/{attachment-id}
GET /users/{user-id}/messages/{message-id}/attachments/{attachment-id}/$value
POST /users/{user-id}/messages/{message-id}/attachments/createUploadSession
GET /users/{user-id}/mailFolders
POST /users/{user-id}/mailFolders
GET /users/{user-id}/mailFolders/delta()
GET /users/{user-id}/mailFolders/{mailFolder-id}
PATCH /users/{user-id}/mailFolders/{mailFolder-id}
DELETE /users/{user-id}/mailFolders/{mailFolder-id}
GET /users/{user-id}/mailFolders/{mailFolder-id}/childFolders
POST /users/{user-id}/mailFolders/{mailFolder-id}/childFolders
GET /users/{user-id}/mailFolders/{mailFolder-id}/messages
POST /users/{user-id}/mailFolders/{mailFolder-id}/messages
GET /users/{user-id}/mailFolders/{mailFolder-id}/messages/delta()
POST /users/{user-id}/translateExchangeIds
GET /users/{user-id}/settings/exchange
POST /admin/exchange/mailboxes/{mailbox-id}/exportItems
POST /admin/exchange/mailboxes/{mailbox-id}/createImportSession
GET /admin/exchange/mailboxes/{mailbox-id}/folders
POST /admin/exchange/mailboxes/{mailbox-id}/folders
GET /admin/exchange/mailboxes/{mailbox-id}/folders/delta()
GET /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}
PATCH /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}
DELETE /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}
GET /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/childFolders
GET /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/items
GET /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/items/{mailboxItem-id}
DELETE /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/items/{mailboxItem-id}
GET /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/items/delta()
GET /users
GET /users/{user-id}
GET /groups
GET /groups/{group-id}/transitiveMembers
POST /subscriptions
POST /$batch
POST /security/collaboration/analyzedEmails/remediate
POST /security/cases/ediscoveryCases/{case-id}/searches/{search-id}/purgeData
`

// The server knows what it lacks by name: nothing that Graph has is unknown to it.
func TestEveryPathIsServedOrNamed(t *testing.T) {
	t.Parallel()
	c := newCaller(t, &graphtest.Options{Throttling: graphtest.Throttling{Requests: -1}})
	c.deliver("one")
	fill := strings.NewReplacer(
		"{user-id}", alice, "{message-id}", c.one(alice, "one"), "{attachment-id}", "x", "{mailFolder-id}", "inbox",
		"{mailbox-id}", c.srv.MailboxID(alice), "{mailboxFolder-id}", "inbox", "{mailboxItem-id}", c.one(alice, "one"),
		"{group-id}", graphtest.GroupID("all-staff@example.test"), "{case-id}", "x", "{search-id}", "x")
	lacking := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSpace(described), "\n") {
		method, path, _ := strings.Cut(line, " ")
		var body any
		if method == "POST" || method == "PATCH" {
			body = object{}
		}
		r := c.do(method, fill.Replace(path), body)
		assert.NotEqual(t, 405, r.status, line)
		assert.NotContains(t, r.text, "segment", line)
		if r.status == 501 {
			lacking[line] = true
		}
		c.srv.Mailbox(alice).Deliver(letter("one", false)) // some of the operations remove it
	}
	assert.Equal(t, map[string]bool{
		"DELETE /users/{user-id}/messages/{message-id}/attachments/{attachment-id}":                       true,
		"DELETE /users/{user-id}/mailFolders/{mailFolder-id}":                                             true,
		"POST /admin/exchange/mailboxes/{mailbox-id}/folders":                                             true,
		"GET /admin/exchange/mailboxes/{mailbox-id}/folders/delta()":                                      true,
		"PATCH /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}":                         true,
		"DELETE /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}":                        true,
		"DELETE /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/items/{mailboxItem-id}": true,
		"GET /admin/exchange/mailboxes/{mailbox-id}/folders/{mailboxFolder-id}/items/delta()":             true,
		"POST /subscriptions": true,
		"POST /security/collaboration/analyzedEmails/remediate":                         true,
		"POST /security/cases/ediscoveryCases/{case-id}/searches/{search-id}/purgeData": true,
	}, lacking)
	require.NotEmpty(t, graphtest.Operations())
}
