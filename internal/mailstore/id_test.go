package mailstore_test

import (
	"encoding/base64"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Ids have the bytes that [MS-OXWSITEMID] describes.
func TestBytesOfIDs(t *testing.T) {
	t.Parallel()
	guid := mailstore.GUID{0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	id := mailstore.ID{Mailbox: guid, Kind: mailstore.KindItem, Number: 7}
	store := id.Bytes()
	for name, tt := range map[string]struct {
		text    string
		storage byte
		store   []byte
		rest    []byte
	}{
		"item":         {id.String(), 3, store, []byte{}},
		"attachment":   {mailstore.AttachmentID(id, 258), 3, store, []byte{1, 2, 0, 1, 2}},
		"conversation": {mailstore.Conversation(guid, []byte{1, 2}), 4, []byte{1, 2}, []byte{}},
	} {
		b, err := base64.StdEncoding.DecodeString(tt.text)
		require.NoError(t, err, name)
		assert.Equal(t, []byte{0, tt.storage}, b[:2], "%s: uncompressed, and the storage", name)
		require.EqualValues(t, 36, binary.LittleEndian.Uint16(b[2:]), name)
		assert.Equal(t, "deadbeef-0102-0304-0506-0708090a0b0c", string(b[4:40]), name)
		assert.Zero(t, b[40], "%s: no instruction", name)
		size := int(binary.LittleEndian.Uint16(b[41:]))
		assert.Equal(t, tt.store, b[43:43+size], name)
		assert.Equal(t, tt.rest, b[43+size:], name)
	}
	for _, want := range [][]int{{258}, {1, 0, 258}} {
		item, path, err := mailstore.ParseAttachmentID(mailstore.AttachmentID(id, want...))
		require.NoError(t, err)
		assert.Equal(t, id, item)
		assert.Equal(t, want, path)
	}
	for _, bad := range []string{"", id.String(), mailstore.AttachmentID(mailstore.ID{Kind: mailstore.KindFolder}, 1), mailstore.Conversation(guid, store)} {
		_, _, err := mailstore.ParseAttachmentID(bad)
		assert.ErrorIs(t, err, mailstore.ErrMalformed, bad)
	}
	_, err := mailstore.ParseID(mailstore.AttachmentID(id, 1))
	assert.ErrorIs(t, err, mailstore.ErrMalformed, "an attachment is not an item")
	_, err = mailstore.ParseID(mailstore.Conversation(guid, store))
	assert.ErrorIs(t, err, mailstore.ErrMalformed, "nor is a conversation")
}
