package mailstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func TestNobodyWatches(t *testing.T) {
	t.Parallel()
	box := newMailbox(t, mailstore.Info{Address: "a@b.example"})
	box.Named(ews.FolderInbox).Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\n"), Delivered: true})
	assert.Zero(t, box.LastEvent())
	_, ok := box.EventsAfter(0)
	assert.False(t, ok, "nothing was remembered")
	box.Watch()
	all, ok := box.EventsAfter(0)
	assert.True(t, ok)
	assert.Empty(t, all)
	_, ok = box.EventsAfter(1)
	assert.False(t, ok, "it has not happened yet")
}

func TestEventsOfACopiedFolder(t *testing.T) {
	t.Parallel()
	box := newMailbox(t, mailstore.Info{Address: "a@b.example"})
	top := box.Named(ews.FolderMsgFolderRoot)
	from := top.Add("From", "IPF.Note")
	box.Watch()
	to := top.Add("To", "IPF.Note")
	to.Add("Sub", "IPF.Note")
	to.CopiedFrom(from)
	all, ok := box.EventsAfter(0)
	require.True(t, ok)
	require.Len(t, all, 4)
	assert.Equal(t, mailstore.Copied, all[0].Kind)
	assert.Equal(t, []uint64{to.ID().Number, top.ID().Number, from.ID().Number, top.ID().Number}, []uint64{all[0].Number, all[0].Parent, all[0].OldNumber, all[0].OldParent})
	assert.Equal(t, mailstore.Created, all[2].Kind)
	box.Silently(func() { top.Add("Other", "IPF.Note") })
	assert.Equal(t, uint64(4), box.LastEvent())
}

func TestDeparturesAreForgotten(t *testing.T) {
	t.Parallel()
	box := newMailbox(t, mailstore.Info{Address: "a@b.example"})
	inbox, drafts := box.Named(ews.FolderInbox), box.Named(ews.FolderDrafts)
	it := inbox.Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\n"), Delivered: true})
	_, ok := box.Since(mailstore.Mark{})
	assert.False(t, ok, "nothing was remembered")
	first := box.Mark()
	for range 20000 {
		it.MoveTo(drafts)
		it.MoveTo(inbox)
	}
	all, ok := box.Since(first)
	assert.True(t, ok)
	assert.Len(t, all, 40000)
	second := box.Mark()
	it.MoveTo(drafts)
	_, ok = box.Since(first)
	assert.False(t, ok, "too old")
	all, ok = box.Since(second)
	assert.True(t, ok)
	assert.Equal(t, []mailstore.Departure{{Folder: inbox.ID().Number, Number: all[0].Number, Since: all[0].Number}}, all)
	later := box.Mark()
	for _, k := range []mailstore.Mark{{Number: later.Number + 1, Change: later.Change, Departure: later.Departure}, {Number: later.Number, Change: later.Change + 1, Departure: later.Departure}, {Number: later.Number, Change: later.Change, Departure: later.Departure + 1}} {
		_, ok = box.Since(k)
		assert.False(t, ok, "there was no such moment")
	}
}
