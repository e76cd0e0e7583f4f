package ewstest_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestIdsOfAttachmentsAreTheirOwn: other ids are refused, with an error that says what is
// wrong with them.
func TestIdsOfAttachmentsAreTheirOwn(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(withAttachment))
	own := attrs(c.do(getItemXML(shapeOf("", "item:Attachments"), itemID(m))), "AttachmentId", "Id")[0]
	other, err := base64.StdEncoding.DecodeString(own)
	require.NoError(t, err)
	other[len(other)-1]++
	for id, want := range map[string]string{
		own: "NoError", m.ID.ID: "ErrorInvalidIdNotAnItemAttachmentId", box.Folder(ews.FolderInbox).ID().ID: "ErrorInvalidIdNotAnItemAttachmentId",
		base64.StdEncoding.EncodeToString(other): "ErrorInvalidAttachmentId", "AAAA": "ErrorInvalidIdMalformed", "": "ErrorInvalidIdEmpty",
	} {
		assert.Equal(t, []string{want}, codes(c.do(`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="`+id+`"/></m:AttachmentIds></m:GetAttachment>`)), id)
	}
	assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+own+`"/>`))))
}
