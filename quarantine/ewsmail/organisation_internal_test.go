package ewsmail

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
)

// A campaign over many mailboxes keeps the folders of only the last ones.
func TestMailboxesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := &organisation{mailboxes: make(map[string]*mailbox), view: func(string) *ews.Client { return nil }}
		tree := func(folders int) *folderTree {
			all := newTree(time.Time{})
			for i := range folders {
				all.Nodes[fmt.Sprint(i)] = folderpath.Node{}
			}
			return all
		}
		most := 0
		for i := range 20_000 {
			m := x.mailbox(fmt.Sprintf("User%d@example.test", i))
			m.keep(tree(30))
			time.Sleep(time.Millisecond)
			require.Same(t, m, x.mailbox(m.address), "the one in use stays")
			most = max(most, len(x.mailboxes))
			require.LessOrEqual(t, len(x.mailboxes), maxMailboxes)
		}
		assert.Greater(t, most, 500)
		listed := 0
		for _, m := range x.mailboxes {
			listed += m.kept().size()
		}
		assert.Equal(t, listed, x.listed)
		assert.LessOrEqual(t, listed, maxFolders)

		// A mailbox that alone exceeds the limit is remembered all the same, and can be
		// read again.
		time.Sleep(time.Second)
		big := x.mailbox("big@example.test")
		for range 3 {
			big.keep(tree(maxFolders + 1))
			require.Same(t, big, x.mailbox("big@example.test"))
			require.Equal(t, maxFolders+1, big.listed)
		}
		big.keep(nil)
		assert.Zero(t, big.listed)
	})
}
