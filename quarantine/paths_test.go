package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The path of a folder reads the same wherever it is shown: in a receipt of the first run
// and of a later one, in the list, and after a restore, even if the folder had to be
// recreated. The mailbox is German, so that no path is right by chance.
func TestPathsReadTheSame(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		for _, below := range [][]string{{"Projekte"}, {"Projekte", "50% / neu"}, nil} {
			t.Run(a.name+"/"+pathOf(below), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, a.worldOptions)
				const hans = "hans@example.test"
				box := w.AddMailbox(hans, &ewstest.MailboxOptions{Language: "de"})
				w.GrantFullAccess("svc", hans)
				inbox := box.Folder(ews.FolderInbox)
				folder := inbox
				if below != nil {
					folder = box.AddFolder(inbox, below...)
				}
				box.DeliverWith(eml(theID, "Rechnung"), delivered(folder, false))
				target := quarantine.Target{Mailbox: hans, MessageID: theID}
				want := "/Posteingang" + pathOf(below)

				found, err := w.service.Find(t.Context(), target)
				require.NoError(t, err)
				assert.Equal(t, want, found.Items[0].Folder)
				taken, err := w.service.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, taken.Err())
				assert.Equal(t, want, taken.Items[0].Folder)
				assert.Equal(t, "/Quarantine", taken.Items[0].To.Folder.Path)
				again, err := w.service.Quarantine(t.Context(), target)
				require.NoError(t, err)
				assert.Equal(t, want, again.Items[0].Folder)
				assert.Equal(t, want, again.Items[0].From.Folder.Path)
				assert.Equal(t, "/Quarantine", again.Items[0].To.Folder.Path)
				for it, err := range w.service.List(t.Context(), quarantine.ListRequest{}) {
					require.NoError(t, err)
					assert.Equal(t, want, it.Folder)
					assert.Equal(t, "/Quarantine", it.Place.Folder.Path)
				}

				if below != nil {
					folder.Delete()
				}
				back, err := w.service.Restore(t.Context(), taken)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Equal(t, want, back.Items[0].Folder)
				assert.Equal(t, want, back.Items[0].To.Folder.Path)
				last, err := w.service.Restore(t.Context(), taken)
				require.NoError(t, err)
				require.Equal(t, quarantine.AlreadyRestored, last.Outcome())
				assert.Equal(t, want, last.Items[0].To.Folder.Path)
			})
		}
	}
}

// pathOf writes names as a path.
func pathOf(names []string) string {
	var path strings.Builder
	for _, n := range names {
		path.WriteString("/" + map[string]string{"Projekte": "Projekte", "50% / neu": "50%25 %2F neu"}[n])
	}
	return path.String()
}
