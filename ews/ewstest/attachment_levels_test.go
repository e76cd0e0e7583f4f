package ewstest_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestAttachmentsWithinAttachments takes mail from outside with 300 nested messages and
// opens them one by one, as deep as ids can reach.
func TestAttachmentsWithinAttachments(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	const within = "Content-Type: message/rfc822\r\n\r\n"
	m := c.srv.Mailbox(alice).Deliver([]byte("Subject: top\r\n" + strings.Repeat(within, 300) + "Subject: bottom\r\n\r\nx"))
	answer := c.do(getItemXML(full, itemID(m)))
	levels := 0
	for {
		ids := attrs(answer, "AttachmentId", "Id")
		require.NotEmpty(t, ids)
		answer = c.do(getAttachmentXML("", ids[len(ids)-1]))
		if codes(answer)[0] != "NoError" {
			break
		}
		levels++
		require.Less(t, levels, 300)
	}
	assert.Equal(t, []string{"ErrorInvalidIdTooManyAttachmentLevels"}, codes(answer))
	assert.Equal(t, 64, levels)

	id, err := base64.StdEncoding.DecodeString(m.ID.ID)
	require.NoError(t, err)
	for n, want := range map[int]string{64: "ErrorInvalidAttachmentId", 65: "ErrorInvalidIdTooManyAttachmentLevels", 255: "ErrorInvalidIdTooManyAttachmentLevels"} {
		deep := base64.StdEncoding.EncodeToString(append(append(id[:len(id):len(id)], byte(n)), strings.Repeat("\x02\x00\x00\x01", n)...))
		for _, op := range []string{getAttachmentXML("", deep), detachXML(deep), attachXML(`Id="`+deep+`"`, fileXML("a", "a"))} {
			assert.Equal(t, []string{want}, codes(c.do(op)), n)
		}
	}
}
