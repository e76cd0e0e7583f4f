package mailstore_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// exports returns streams of all kinds of items in a store.
func exports(t testing.TB) (all [][]byte) {
	t.Helper()
	m := newMailbox(t, mailstore.Info{})
	inbox := m.Named(ews.FolderInbox)
	add := func(it *mailstore.Item) { all = append(all, bytes.Join(it.Export(), nil)) }
	add(inbox.Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\nb"), Delivered: true}))
	add(inbox.Create(mailstore.New{Associated: true, Class: "IPM.Configuration.X"}))
	add(inbox.Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\nb"), Properties: []ews.ExtendedProperty{
		{Field: mailstore.PropKeywords, Values: []string{"a", "\x00"}}, {Field: mailstore.PropFlagDue, Value: "2026-11-29T12:00:00Z"},
		{Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", ID: 0x8001, Type: ews.TypeBinary}, Value: "AAAA"},
		{Field: ews.ExtendedField{Set: ews.SetInternetHeaders, Name: "x-a", Type: ews.TypeString}, Value: "b"},
	}}))
	within := inbox.Create(mailstore.New{MIME: []byte("Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: c\r\n\r\n"), Delivered: true})
	add(within)
	org := newOrganisation()
	inner := org.Compose(mailstore.New{MIME: []byte("Subject: in\r\n\r\n"), Class: "IPM.Task"})
	_, ok := within.Attach(nil, eml.File{Name: "a", Item: true, Content: []byte("Subject: in\r\n\r\n")}, inner)
	require.True(t, ok)
	n, ok := within.Attach([]int{1}, eml.File{Name: "b", Content: []byte("b")}, nil)
	require.True(t, ok)
	add(within)
	require.True(t, within.Detach([]int{1, n}))
	add(within)
	return all
}

func TestEveryExportIsImported(t *testing.T) {
	t.Parallel()
	for i, stream := range exports(t) {
		it, err := newMailbox(t, mailstore.Info{}).Named(ews.FolderInbox).Import(stream, false)
		if assert.NoError(t, err, i) {
			imported(t, it)
		}
	}
}

// imported uses everything in an imported item, and exports and imports it again.
func imported(t *testing.T, it *mailstore.Item) {
	t.Helper()
	var visit func(of *mailstore.Item, path []int)
	visit = func(of *mailstore.Item, path []int) {
		last := -1
		for _, a := range of.Attached() {
			assert.Greater(t, a.Number, last, "attachments in the order of their numbers")
			last = a.Number
			below := append(path[:len(path):len(path)], a.Number)
			_, parsed, err := mailstore.ParseAttachmentID(mailstore.AttachmentID(it.ID(), below...))
			require.NoError(t, err)
			found, ok := it.Within(parsed)
			assert.True(t, ok && found.Name == a.Name, parsed)
			if a.Item && len(below) < mailstore.MaxIDLevels {
				visit(a.Inner(), below)
			}
		}
	}
	visit(it, nil)
	it.MIME()
	stream := bytes.Join(it.Export(), nil)
	again, err := it.Folder.Mailbox.Named(ews.FolderDrafts).Import(stream, false)
	require.NoError(t, err)
	properties := it.Properties().With(nil, mailstore.TagCreated, mailstore.TagModified)
	assert.Equal(t, properties, again.Properties().With(nil, mailstore.TagCreated, mailstore.TagModified))
	if n, ok := again.Attach(nil, eml.File{Name: "n", Content: []byte("n")}, nil); ok {
		a, ok := again.Within([]int{n})
		assert.True(t, ok)
		assert.Equal(t, "n", a.Name)
	}
}

// FuzzImport reads heads and messages of streams. The checksum is correct, so they are
// always reached.
func FuzzImport(f *testing.F) {
	for _, stream := range exports(f) {
		head, raw := cut(stream)
		f.Add(head, raw)
	}
	f.Fuzz(func(t *testing.T, head, raw []byte) {
		it, err := newMailbox(t, mailstore.Info{}).Named(ews.FolderInbox).Import(sealed(head, raw), false)
		if err == nil {
			imported(t, it)
		}
	})
}

// FuzzImportStream reads whole streams, also with a wrong checksum.
func FuzzImportStream(f *testing.F) {
	for _, stream := range exports(f) {
		f.Add(stream)
		f.Add(stream[:len(stream)/2])
	}
	f.Add([]byte("EWSTEST\x01\xff\xff\xff\xff\xff\xff\xff\xff1234"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if it, err := newMailbox(t, mailstore.Info{}).Named(ews.FolderInbox).Import(stream, false); err == nil {
			imported(t, it)
		}
	})
}
