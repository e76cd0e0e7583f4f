package ewstest_test

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// storeID returns the GUID of a mailbox and the number of a folder in it, which anybody
// who forges a SyncState can take from the folder's id.
func storeID(t testing.TB, f *ewstest.Folder) (guid []byte, number uint64) {
	t.Helper()
	id, err := base64.StdEncoding.DecodeString(f.ID().ID)
	require.NoError(t, err)
	return id[len(id)-29 : len(id)-13], binary.BigEndian.Uint64(id[len(id)-12:])
}

// forgedState returns the content of a SyncState without its checksum.
func forgedState(version, kind byte, guid []byte, numbers ...uint64) []byte {
	b := append([]byte{version, kind}, guid...)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// sealed adds the checksum.
func sealed(content []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(content, crc32.ChecksumIEEE(content)))
}

// TestForgedSyncStates checks that the server accepts only states that it can have
// written: a state with a correct checksum but any other content is refused.
func TestForgedSyncStates(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	s := syncInbox(c)
	s.next() // so that the mailbox keeps departures
	m := box.Deliver([]byte(plain))
	guid, inbox := storeID(t, box.Folder(ews.FolderInbox))
	item, err := base64.StdEncoding.DecodeString(m.ID.ID)
	require.NoError(t, err)
	last := binary.BigEndian.Uint64(item[len(item)-12:]) // the mailbox has not yet assigned a later number
	many := func(n uint64, numbers ...uint64) []uint64 {
		for i := range n {
			numbers = append(numbers, i, i+1)
		}
		return numbers
	}
	items := func(numbers ...uint64) []byte {
		return forgedState(1, 'I', guid, append([]uint64{inbox, last, 40, 0}, numbers...)...)
	}
	for name, content := range map[string][]byte{
		"another version":            forgedState(2, 'I', guid, inbox, last, 40, 0, 0, 0),
		"another kind":               forgedState(1, 'H', guid, inbox, last, 40, 0, 0, 0),
		"a later item":               forgedState(1, 'I', guid, inbox, last+1, 40, 0, 0, 0),
		"a later change":             forgedState(1, 'I', guid, inbox, last, 1<<40, 0, 0, 0),
		"a later departure":          forgedState(1, 'I', guid, inbox, last, 40, 1, 0, 0),
		"too many spans":             items(append(many(65, 65), 0)...),
		"more spans said than there": items(64, 0, 1),
		"a count that overflows":     items(1<<63, 0, 1),
		"a span that ends first":     items(1, 3, 2, 0),
		"an empty span":              items(1, 3, 3, 0),
		"spans out of order":         items(2, 4, 5, 1, 2, 0),
		"spans that overlap":         items(2, 1, 4, 3, 5, 0),
		"a span after the mark":      items(0, 1, last, last+1),
		"something behind":           items(0, 0, 0),
		"half a number":              append(items(0, 0), 0x80),
		"a number of 70 bits":        append(items(0), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F),
	} {
		s.state = sealed(content)
		assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(c.do(s.request())), name)
	}
	for name, content := range map[string][]byte{
		"another version":    forgedState(0, 'H', guid, 0, inbox, 1),
		"half a folder":      forgedState(1, 'H', guid, 0, inbox),
		"a folder twice":     forgedState(1, 'H', guid, 0, inbox, 1, inbox, 1),
		"a later folder":     forgedState(1, 'H', guid, 0, last+1, 1),
		"a folder without":   forgedState(1, 'H', guid, 0, 0, 1),
		"a later change":     forgedState(1, 'H', guid, 0, inbox, 1<<40),
		"an item":            forgedState(1, 'H', guid, 0, last, 1),
		"a million folders":  forgedState(1, 'H', guid, many(1<<20, 0)...),
		"of another mailbox": forgedState(1, 'H', make([]byte, 16), 0, inbox, 1),
	} {
		assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(c.as(alice).do(hierarchyXML("", sealed(content)))), name)
	}
	s.state = sealed(items(2, 1, 4, 4, last, 0))
	assert.Len(t, s.next(), 1, "spans that meet are as good as one")
	assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(c.do(hierarchyXML("", strings.Repeat("A", 1<<20)))))
}
