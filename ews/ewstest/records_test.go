package ewstest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestMaxRecords runs a server past the limit of what it remembers.
func TestMaxRecords(t *testing.T) {
	t.Parallel()
	const asked, most = 20, 5
	for _, kept := range []int{0, most} {
		c := newCaller(t, ewstest.Options{MaxRecords: kept})
		var numbers []int
		c.srv.OnRequest(func(n int, _ *ewstest.Request) { numbers = append(numbers, n) })
		box := c.srv.Mailbox(alice)
		box.AddPolicy(ewstest.Policy{Name: "files", Action: ewstest.MoveToDeletedItems})
		for i := range asked {
			m := box.Deliver(fmt.Appendf(nil, "Message-ID: <%d@x.example>\r\nDisposition-Notification-To: eve@evil.example\r\n\r\n", i))
			require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("message:IsRead", `<t:IsRead>true</t:IsRead>`)))))
		}
		want := asked
		if kept > 0 {
			want = kept
		}
		requests, story, notices := c.srv.Requests(), c.srv.Story(), c.srv.Notices()
		require.Len(t, requests, want)
		require.Len(t, story, want)
		require.Len(t, notices, want)
		assert.Equal(t, fmt.Sprintf("after call %d began", asked-1), story[want-1].When, "the last ones stay, and calls are counted on")
		assert.Equal(t, fmt.Sprintf("message %d <%d@x.example>", asked, asked-1), story[want-1].What[:len(fmt.Sprintf("message %d <%d@x.example>", asked, asked-1))])
		assert.Equal(t, "UpdateItem", string(requests[want-1].Operation))
		assert.Equal(t, asked-1, numbers[len(numbers)-1])
	}
}

// TestMaxRecordsOfExports checks that the server forgets which messages the oldest
// exports came from.
func TestMaxRecordsOfExports(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{MaxRecords: 2})
	box := c.srv.Mailbox(alice)
	drafts := box.Folder(ews.FolderDrafts)
	var objects []uint64
	var streams []string
	for range 3 {
		m := box.Deliver([]byte(plain))
		objects = append(objects, m.Object)
		for range 3 { // exporting the same again does not count
			streams = append(streams[:len(objects)-1], texts(c.do(exportXML(`<t:ItemId Id="`+m.ID.ID+`"/>`)), "Data")[0])
		}
	}
	for _, data := range streams {
		require.Equal(t, []string{"NoError"}, codes(c.do(uploadXML("CreateNew", drafts, "", data))))
	}
	var origins []uint64
	for _, m := range drafts.Messages() {
		origins = append(origins, m.CopiedFrom)
	}
	assert.Equal(t, []uint64{0, objects[1], objects[2]}, origins)
}
