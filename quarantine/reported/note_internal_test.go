package reported

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// FuzzNote: a note is read as it was written, and fits; anything else is refused, or means
// what it says.
func FuzzNote(f *testing.F) {
	id := driver.NewOperation()
	f.Add(note{id: id}.String())
	f.Add(note{id: id, holder: id, until: time.UnixMilli(1e12), done: true, answer: sending, sentAt: time.UnixMilli(1e12)}.String())
	f.Add("1|" + id + "||99999999999999999999|||")
	f.Add(strings.Repeat("|", 6))
	f.Fuzz(func(t *testing.T, text string) {
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
