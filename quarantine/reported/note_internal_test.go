package reported

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// FuzzNote: a note is read as it was written, and fits; anything else is refused, or is
// read as what it says.
func FuzzNote(f *testing.F) {
	id := driver.NewOperation()
	f.Add(note{id: id}.String())
	f.Add(note{id: id, holder: id, until: time.UnixMilli(1e12), done: true, answer: sending, sentAt: time.UnixMilli(1e12)}.String())
	f.Add("1|" + id + "||99999999999999999999|||")
	f.Add(strings.Repeat("|", 6))
	received := time.Unix(1e9, 0)
	keyed := &Options{Keys: [][]byte{[]byte(strings.Repeat("k", minKey))}}
	f.Add(keyed.written(note{id: id}, received))
	f.Fuzz(func(t *testing.T, text string) {
		if n, ok := keyed.read(text, received); ok {
			assert.Equal(t, text, keyed.written(n, received), "a seal is that of one text")
			assert.LessOrEqual(t, len(text), driver.MaxNote)
			_, ok = keyed.read(text, received.Add(time.Second))
			assert.False(t, ok, "of another message")
		}
		new(Options).read(text, received)
		n, ok := parseNote(text)
		if !ok {
			assert.Zero(t, n)
			return
		}
		again, ok := parseNote(n.String())
		assert.True(t, ok)
		assert.Equal(t, n, again)
		assert.LessOrEqual(t, len(n.String()), driver.MaxNote)
		assert.True(t, n.busy(time.Now(), "").Before(time.Now().Add(2*maxLease)))
	})
}

// TestEarlierNotes: notes of the first version are read as they always were.
func TestEarlierNotes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/notes-1.txt")
	require.NoError(t, err)
	id, holder := "aaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbb"
	until, sent := time.UnixMilli(1_796_000_000_123).UTC(), time.UnixMilli(1_796_000_000_456).UTC()
	want := []note{
		{id: id},
		{id: id, holder: holder, until: until},
		{id: id, until: until, answer: sending, sentAt: sent},
		{id: id, done: true, answer: answered, sentAt: sent},
	}
	lines := strings.Fields(string(text))
	require.Len(t, lines, len(want))
	received := time.UnixMilli(1_795_000_000_000)
	for i, line := range lines {
		n, ok := new(Options).read(line, received)
		assert.True(t, ok, line)
		assert.Equal(t, want[i], n, line)
		assert.Equal(t, line, new(Options).written(n, received))
	}
}
