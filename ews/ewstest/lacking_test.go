package ewstest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// What real servers do and ewstest does not is refused, with a text that says so.
func TestLackingOperationsSaySo(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		before := c.srv.Mailbox(alice).Messages()
		for name, tt := range map[string]struct {
			op       string
			from2013 bool
		}{
			"CreateAttachment": {op: `<m:CreateAttachment><m:ParentItemId Id="` + m.ID.ID + `"/><m:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Content>AAAA</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>`},
			"DeleteAttachment": {op: `<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="AAAA"/></m:AttachmentIds></m:DeleteAttachment>`},
			"SyncFolderItems":  {op: `<m:SyncFolderItems><m:ItemShape>` + idOnly + `</m:ItemShape><m:SyncFolderId>` + folderOf("inbox", alice) + `</m:SyncFolderId><m:MaxChangesReturned>9</m:MaxChangesReturned></m:SyncFolderItems>`},
		} {
			status, answer, err := c.try(tt.op)
			require.NoError(t, err)
			assert.Equal(t, http.StatusInternalServerError, status, "%s on %s", name, version)
			if tt.from2013 && version == ewstest.Exchange2010SP3 {
				assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(answer), "%s on %s", name, version)
				continue
			}
			assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer), "%s on %s", name, version)
			assert.Contains(t, answer, "ewstest does not support the operation "+name, "%s on %s", name, version)
		}
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
