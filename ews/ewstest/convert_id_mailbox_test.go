package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// The answer names the mailbox that an EwsId is in, whatever address was given.
func TestConvertIDTellsTheMailbox(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	answer := c.do(convertXML("EwsId", alternateID("EwsId", m.ID.ID, "blah@blah.com")))
	assert.Equal(t, []string{alice}, attrs(answer, "AlternateId", "Mailbox"))
	assert.Equal(t, []string{m.ID.ID}, attrs(answer, "AlternateId", "Id"))
	entry := attrs(c.do(convertXML("EntryId", alternateID("EwsId", m.ID.ID, alice))), "AlternateId", "Id")[0]
	answer = c.do(convertXML("EwsId", alternateID("EntryId", entry, bob)))
	assert.Equal(t, []string{bob}, attrs(answer, "AlternateId", "Mailbox"), "other formats do not have it")
	c.srv.Mailbox(alice).Remove(false)
	answer = c.do(convertXML("EwsId", alternateID("EwsId", m.ID.ID, bob)))
	assert.Equal(t, []string{bob}, attrs(answer, "AlternateId", "Mailbox"), "nobody knows it any more")
}
