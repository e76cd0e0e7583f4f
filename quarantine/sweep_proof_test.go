package quarantine_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// A move delivers less than it took away, so what it has left in Recoverable Items is
// the only whole copy. That stays there, whoever settles the run, and is reported.
func TestWholeCopyIsLeftInRecoverableItems(t *testing.T) {
	t.Parallel()
	for name, less := range map[string][]byte{
		"half of the text": longText(3200),
		"another subject":  bytes.Replace(longText(6000), []byte("Subject: Invoice"), []byte("Subject: Luncheon"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, patient(worldOptions{}))
				w.Mailbox(alice).Deliver(longText(6000))
				w.afterCarry(worldOptions{}, func() { w.replaceTaken(less) })
				r := w.taken(t)
				assert.Error(t, r.Err())
				whole := func() (n int) {
					for _, m := range w.Mailbox(alice).Messages() {
						if m.MessageID == theID && m.Distinguished == ews.FolderRecoverableItemsDeletions {
							n++
						}
					}
					return n
				}
				assert.Equal(t, 1, whole(), "after the run")
				var told []string
				for range 2 {
					time.Sleep(time.Hour)
					for _, it := range w.taken(t).Items {
						told = append(told, it.Residue)
					}
					assert.Equal(t, 1, whole(), "after the next run")
				}
				assert.Contains(t, strings.Join(told, "\n"), "Recoverable Items of "+alice+" stays there, because the copy does not match it")
			})
		})
	}
}
