package mailstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func TestExtent(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, mailstore.Info{})
	inbox := m.Named(ews.FolderInbox)
	inbox.Create(mailstore.New{Delivered: true})
	below := inbox.Add("a", "").Add("b", "")
	below.Create(mailstore.New{Delivered: true})
	inbox.Add("c", "")
	assert.Equal(t, mailstore.Extent{Levels: 3, Folders: 4, Items: 2}, inbox.Extent())

	root := m.Root()
	assert.True(t, root.Fits(mailstore.Extent{Levels: 300, Folders: 9000, Items: 999_998}))
	assert.False(t, root.Fits(mailstore.Extent{Levels: 301}))
	assert.False(t, root.Fits(mailstore.Extent{Folders: 10_000}))
	assert.False(t, root.Fits(mailstore.Extent{Items: 999_999}))
	assert.True(t, inbox.Fits(mailstore.Extent{Levels: 298}))
	assert.False(t, inbox.Fits(mailstore.Extent{Levels: 299}))
}
