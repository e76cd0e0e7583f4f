package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A repeated request is answered afresh, and an invalid one stays invalid.
func TestSameRequestAgain(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	find := findXML(folderOf("inbox", alice), "")
	for range 2 {
		assert.Contains(t, c.do(find), m.ID.ID)
	}
	box.MoveMessage(m.ID, box.AddFolder(nil, "Elsewhere"))
	assert.NotContains(t, c.do(find), m.ID.ID)
	for range 2 {
		_, answer, err := c.try(strings.ReplaceAll(find, "Traversal", "Traversed"))
		require.NoError(t, err)
		assert.Contains(t, answer, "ErrorSchemaValidation")
	}
	require.Len(t, c.srv.Requests(), 5)
	for _, r := range c.srv.Requests()[:3] {
		assert.Equal(t, ews.OpFindItem, r.Operation)
		assert.Contains(t, string(r.Body), "FindItem")
	}
}

// A server that ignores change keys strips them from each request, but not from the
// cached ones.
func TestSameRequestWithoutChangeKeys(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddNoChangeKeys})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	read := updateXML("NeverOverwrite", "", itemID(m), setField("message:IsRead", `<t:IsRead>true</t:IsRead>`))
	for range 3 {
		assert.Contains(t, c.do(read), "NoError")
	}
	for _, r := range c.srv.Requests() {
		assert.Contains(t, string(r.Body), "ChangeKey=")
	}
}
