package mailstore_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// TestAttachmentNumbersDoNotWrap assigns numbers until they do not fit in two bytes.
func TestAttachmentNumbersDoNotWrap(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, mailstore.Info{})
	first := m.Named(ews.FolderInbox).Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\nb")})
	number, ok := first.Attach(nil, eml.File{Name: "a", Content: []byte("a")}, nil)
	require.True(t, ok)
	require.True(t, first.Detach([]int{number}))
	// An export has the count of numbers that were assigned: in this one, 65,535.
	it, err := m.Named(ews.FolderInbox).Import(resealed(t, bytes.Join(first.Export(), nil), `"Numbered":1`, `"Numbered":65535`), false)
	require.NoError(t, err)
	seen := make(map[string]bool)
	for i := range 3 {
		number, ok := it.Attach(nil, eml.File{Name: fmt.Sprint(i), Content: []byte("a")}, nil)
		require.True(t, ok)
		id := mailstore.AttachmentID(it.ID(), number)
		assert.False(t, seen[id], "an id for each")
		seen[id] = true
		of, path, err := mailstore.ParseAttachmentID(id)
		require.NoError(t, err)
		assert.Equal(t, it.ID(), of)
		a, ok := it.Within(path)
		assert.True(t, ok, path)
		assert.Equal(t, fmt.Sprint(i), a.Name)
	}
}

// TestAttachmentNumbersAreOfOne rewrites a message whose attachments have gaps in their
// numbers: new attachments must not get a number that was used before.
func TestAttachmentNumbersAreOfOne(t *testing.T) {
	t.Parallel()
	m := newMailbox(t, mailstore.Info{})
	it := m.Named(ews.FolderDrafts).Create(mailstore.New{MIME: []byte("Subject: a\r\n\r\nb")})
	file := func(name string) eml.File { return eml.File{Name: name, Content: []byte("a")} }
	for _, name := range []string{"0", "1", "2"} {
		_, ok := it.Attach(nil, file(name), nil)
		require.True(t, ok)
	}
	require.True(t, it.Detach([]int{1}))
	numbers := func() (all []int) {
		for _, a := range it.Attached() {
			all = append(all, a.Number)
		}
		return all
	}
	require.Equal(t, []int{0, 2}, numbers())
	it.Rewrite(it.Content().Edit(eml.Edit{Files: []eml.File{file("3"), file("4")}}))
	assert.Equal(t, []int{0, 2, 3, 4}, numbers())
	number, ok := it.Attach(nil, file("5"), nil)
	require.True(t, ok)
	assert.Equal(t, 5, number)
	assert.Equal(t, []int{0, 2, 3, 4, 5}, numbers())
	require.True(t, it.Detach([]int{5}))
	number, ok = it.Attach(nil, file("6"), nil)
	require.True(t, ok)
	assert.Equal(t, 6, number)
	it.Rewrite([]byte("Subject: a\r\n\r\nb"))
	assert.Empty(t, it.Attached())
	number, ok = it.Attach(nil, file("7"), nil)
	require.True(t, ok)
	assert.Equal(t, 7, number, "none is used again")
	_, err := m.Named(ews.FolderInbox).Import(bytes.Join(it.Export(), nil), false)
	assert.NoError(t, err)
}
