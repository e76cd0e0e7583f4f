package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// What real servers do but ewstest does not is refused, with a text that says so.
func TestLackingObjectsSaySo(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		before := c.srv.Mailbox(alice).Messages()
		for name, op := range map[string]string{
			"post": createXML(saveOnly, "", `<t:PostReplyItem><t:ReferenceItemId Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"/></t:PostReplyItem>`),
		} {
			answer := c.do(op)
			assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer), "%s on %s", name, version)
			assert.Contains(t, texts(answer, "MessageText")[0], "ewstest", "%s on %s", name, version)
		}
		assert.Equal(t, before, c.srv.Mailbox(alice).Messages(), version)
		assert.Empty(t, c.srv.Notices(), version)
	}
}

func TestMeetingsAreAnsweredWithoutText(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Schedule.Meeting.Request"})
	answer := c.do(createXML(`MessageDisposition="SendOnly"`, "", `<t:AcceptItem><t:Body BodyType="Text">Gladly</t:Body><t:ReferenceItemId Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"/></t:AcceptItem>`))
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer))
	assert.Empty(t, c.srv.Notices())
}
