package mailstore_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func newMailbox(t testing.TB, info mailstore.Info) *mailstore.Mailbox {
	t.Helper()
	if info.Address == "" {
		info.Address = "a@x.example"
	}
	return newOrganisation().AddMailbox(info)
}

func newOrganisation() *mailstore.Organisation {
	return mailstore.NewOrganisation(mailstore.Settings{
		Now: func() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }, Seed: 1, Retention: true,
		Leftover: ews.FolderRecoverableItemsDeletions, Since2013: true, Since2013SP1: true, Notify: func(mailstore.Notice) {},
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	id := mailstore.ID{Mailbox: mailstore.GUID{1, 2, 3}, Kind: mailstore.KindItem, Number: 42}
	text := id.String()
	assert.True(t, strings.HasPrefix(text, "AAMk"))
	assert.LessOrEqual(t, len(text), 512)
	back, err := mailstore.ParseID(text)
	require.NoError(t, err)
	assert.Equal(t, id, back)
	for _, bad := range []string{"", "x", text[1:], text[:len(text)-4], strings.ToLower(text), strings.ToUpper(text), text + text, "AAMk" + strings.Repeat("A", len(text)-4)} {
		_, err := mailstore.ParseID(bad)
		assert.ErrorIs(t, err, mailstore.ErrMalformed, bad)
	}
	key := mailstore.FormatChange(mailstore.KindItem, 7)
	change, err := mailstore.ParseChange(mailstore.KindItem, key)
	require.NoError(t, err)
	assert.Equal(t, uint64(7), change)
	_, err = mailstore.ParseChange(mailstore.KindFolder, key)
	assert.ErrorIs(t, err, mailstore.ErrMalformed)
}

func FuzzParseID(f *testing.F) {
	f.Add(mailstore.ID{Kind: mailstore.KindItem, Number: 1}.String())
	f.Add("")
	f.Add("AAMk")
	f.Add(mailstore.Conversation(mailstore.GUID{1}, make([]byte, mailstore.ConversationSize)))
	f.Add(mailstore.AttachmentID(mailstore.ID{Kind: mailstore.KindItem, Number: 1}, 2))
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := mailstore.ParseID(s); err == nil && id.String() != s {
			t.Errorf("%q is read as %v, which is written %q", s, id, id.String())
		}
		if item, path, err := mailstore.ParseAttachmentID(s); err == nil && mailstore.AttachmentID(item, path...) != s {
			t.Errorf("%q is read as attachment %v of %v", s, path, item)
		}
		if box, store, err := mailstore.ParseConversation(s); err == nil && mailstore.Conversation(box, store[:]) != s {
			t.Errorf("%q is read as conversation %x of %v", s, store, box)
		}
		_, _ = mailstore.ParseChange(mailstore.KindItem, s)
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	assert.Equal(t,
		mailstore.Key(ews.ExtendedField{Set: ews.SetInternetHeaders, Name: "X-A", Type: ews.TypeString}),
		mailstore.Key(ews.ExtendedField{GUID: "00020386-0000-0000-C000-000000000046", Name: "x-a", Type: ews.TypeString}))
	assert.NotEqual(t,
		mailstore.Key(ews.ExtendedField{Set: ews.SetPublicStrings, Name: "A", Type: ews.TypeString}),
		mailstore.Key(ews.ExtendedField{Set: ews.SetPublicStrings, Name: "a", Type: ews.TypeString}))
}

func TestSizesAddUp(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, mailstore.Info{Archive: true})
	inbox := m.Named(ews.FolderInbox)
	it := inbox.Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\nb"), Delivered: true})
	size := it.Size()
	assert.Equal(t, size, m.Size())
	it.Update([]ews.ExtendedProperty{{Field: ews.ExtendedField{Set: ews.SetPublicStrings, Name: "N", Type: ews.TypeString}, Value: "value"}}, nil, false)
	assert.Equal(t, size+6, m.Size())
	it.CopyTo(m.Named(ews.FolderDrafts))
	assert.Equal(t, 2*(size+6), m.Size())
	it.MoveTo(m.Named(ews.FolderArchiveInbox))
	assert.Len(t, m.Items(), 3, "a move into the archive leaves the original in Recoverable Items")
	for _, it := range m.Items() {
		it.Delete()
	}
	assert.Zero(t, m.Size())
}

func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, mailstore.Info{})
	it := m.Named(ews.FolderInbox).Create(mailstore.New{MIME: []byte("Subject: =?utf-8?q?=1F?=\r\nFrom: caf\xe9@x\r\n\r\n\xff\x00"), Delivered: true, Properties: []ews.ExtendedProperty{
		{Field: ews.ExtendedField{Set: ews.SetPublicStrings, Name: "A", Type: ews.TypeStringArray}, Values: []string{"\x00", "\uFFFE"}},
	}})
	copied, err := m.Named(ews.FolderDrafts).Import(bytes.Join(it.Export(), nil), false)
	require.NoError(t, err)
	assert.Equal(t, it.Properties(), copied.Properties())
	assert.Equal(t, it.MIME(), copied.MIME())
	assert.Equal(t, it.Size(), copied.Size())
}

func TestLanguagesNameEveryVisibleFolderOnce(t *testing.T) {
	t.Parallel()
	for _, language := range mailstore.Languages() {
		m := newMailbox(t, mailstore.Info{Language: language})
		seen := map[string]bool{}
		for _, f := range m.Named(ews.FolderMsgFolderRoot).Children {
			assert.False(t, seen[f.Name], "%s: %s", language, f.Name)
			seen[f.Name] = true
		}
	}
}

func TestSearchKeysDiffer(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, mailstore.Info{})
	seen := map[string]bool{}
	for range 100 {
		it := m.Named(ews.FolderInbox).Create(mailstore.New{Delivered: true})
		key := it.Properties().Text(mailstore.TagSearchKey)
		b, err := base64.StdEncoding.DecodeString(key)
		require.NoError(t, err)
		assert.Len(t, b, 16)
		assert.False(t, seen[key])
		seen[key] = true
	}
}
