package graphtest_test

import (
	"encoding/base64"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

const note = "String {3c1e7a52-90b4-4d0e-8f6b-52d7e1a9c6f3} Name Note"

// TestSend: a draft from MIME is sent once, arrives, and is in Sent Items with another id.
func TestSend(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c := newCaller(t, &graphtest.Options{SendDelay: delay})
			text := "From: alice@example.test\r\nTo: bob@example.test\r\nSubject: hello\r\nAuto-Submitted: auto-replied\r\n\r\nhi\r\n"
			made := c.want(201, "POST", user(alice)+"/messages", base64.StdEncoding.EncodeToString([]byte(text)))
			path := user(alice) + "/messages/" + made.body["id"].(string)
			c.want(200, "PATCH", path, object{"singleValueExtendedProperties": []object{{"id": note, "value": "mark"}}})
			c.want(202, "POST", path+"/send", nil)
			if delay > 0 {
				c.want(200, "GET", path, nil)
				c.want(202, "POST", path+"/send", nil)
				time.Sleep(delay)
				synctest.Wait()
			}
			c.refused(404, "ErrorItemNotFound", "POST", path+"/send", nil)
			sent := c.srv.Mailbox(alice).Folder(ews.FolderSentItems).Messages()
			if assert.Len(t, sent, 1) {
				field := ews.ExtendedField{GUID: "3c1e7a52-90b4-4d0e-8f6b-52d7e1a9c6f3", Name: "Note", Type: ews.TypeString}
				assert.Equal(t, "mark", sent[0].Properties[field].Value)
			}
			assert.Empty(t, c.srv.Mailbox(alice).Folder(ews.FolderDrafts).Messages())
			got := c.srv.Mailbox(bob).Folder(ews.FolderInbox).Messages()
			if assert.Len(t, got, 1) {
				assert.Contains(t, string(got[0].MIME), "Auto-Submitted: auto-replied")
			}
			assert.Len(t, c.srv.Notices(), 1)
		})
	}
}

func TestSendIsRefused(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	draft := func(text string) string {
		made := c.want(201, "POST", user(alice)+"/messages", base64.StdEncoding.EncodeToString([]byte(text)))
		return user(alice) + "/messages/" + made.body["id"].(string) + "/send"
	}
	c.refused(400, "ErrorInvalidRecipients", "POST", draft("Subject: x\r\n\r\n"), nil)
	c.refused(403, "ErrorSendAsDenied", "POST", draft("From: bob@example.test\r\nTo: bob@example.test\r\n\r\n"), nil)
	c.refused(400, "BadRequest", "POST", draft("To: bob@example.test\r\n\r\n"), object{})
	c.deliver("one")
	c.refused(400, "ErrorInvalidOperation", "POST", user(alice)+"/messages/"+c.one(alice, "one")+"/send", nil)
	c.srv.Consent("poor", "Mail.ReadWrite")
	c.as("poor").refused(403, "ErrorAccessDenied", "POST", draft("To: bob@example.test\r\n\r\n"), nil)
	assert.Empty(t, c.srv.Notices())
}
