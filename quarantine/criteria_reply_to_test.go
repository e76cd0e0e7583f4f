package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The address for replies is found in what was received, and in what an owner whose
// account was taken over has sent, but never in From.
func TestCriteriaReplyTo(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		srv, strategy := criteriaWorld(t, impersonation)
		box := srv.Mailbox(alice)
		for id, header := range map[string]string{
			"received": "From: boss@example.test\nReply-To: \"Boss, the\" <Pay@evil.example>\nSubject: one",
			"several":  "From: boss@example.test\nReply-To: a@b.example, pay@evil.example\nSubject: two",
			"from":     "From: pay@evil.example\nSubject: three",
			"other":    "From: boss@example.test\nReply-To: a@b.example (not pay@evil.example.test)\nSubject: four",
		} {
			box.DeliverWith(mail(id, header, "x"), ewstest.Delivery{Received: criteriaDay})
		}
		box.DeliverWith(mail("sent", "From: alice@example.test\nReply-To: pay@evil.example\nSubject: five", "x"),
			ewstest.Delivery{Received: criteriaDay, Folder: box.Folder(ews.FolderSentItems), Read: true})
		c := quarantine.Criteria{ReplyTo: "pay@evil.example", ReceivedAfter: criteriaDay, ReceivedBefore: criteriaDay.Add(time.Second)}
		got, undecided, err := findBy(t, strategy, c, quarantine.Limits{})
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"received", "several", "sent"}, got)
		assert.Empty(t, undecided)
	}
	assert.ErrorContains(t, quarantine.Criteria{ReplyTo: "pay@evil.example"}.Validate(), "receivedAfter is missing")
}
