package graphmail_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// What is in a folder that its owner moves out of the vault keeps its id. A process that
// remembers the folders as they were must not take the one message for two.
func TestInPlaceFolderMovedOut(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/" + graphmail.VaultFolder, "/" + graphmail.VaultFolder + "/Quarantine"} {
		for _, listed := range []bool{false, true} {
			for _, wait := range []time.Duration{0, 30 * time.Second, 90 * time.Second, 3 * time.Minute} {
				synctest.Test(t, func(t *testing.T) {
					k := newKept(t, nil)
					if listed {
						require.Len(t, k.held(t), 1)
						found, err := k.q.Find(t.Context(), target)
						require.NoError(t, err)
						require.Empty(t, found.Items)
					}
					time.Sleep(wait)
					box := k.Mailbox(alice)
					for _, f := range box.Folders() {
						if f.Path() == path {
							require.NoError(t, box.Person("alice").MoveFolder(f, box.Folder(ews.FolderInbox)))
						}
					}
					again, err := k.q.Quarantine(t.Context(), target)
					require.NoError(t, err)
					assert.Len(t, append(k.in(alice, theID), k.in(vault, theID)...), 1, "%s, %t, %v: %v", path, listed, wait, again.Outcome())
					if again.Outcome() == quarantine.Undecided { // the lease of the first run
						time.Sleep(time.Hour)
						again, err = k.q.Quarantine(t.Context(), target)
						require.NoError(t, err)
					}
					assert.NoError(t, again.Err())
					assert.Equal(t, quarantine.Quarantined, again.Outcome())
					assert.Len(t, k.in(vault, theID), 1)
				})
			}
		}
	}
}
