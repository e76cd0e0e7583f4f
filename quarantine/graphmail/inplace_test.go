package graphmail_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// inVault reports whether a message lies in the vault of its mailbox.
func inVault(m *ewstest.Message) bool {
	return strings.HasPrefix(m.Folder, "/"+graphmail.VaultFolder+"/")
}

// openInPlace returns a service that keeps messages in their mailboxes.
func (w *world) openInPlace(t *testing.T) *quarantine.Service {
	t.Helper()
	s, err := graphmail.NewInPlace(w.As(w.Direct(), "app"), &graphmail.Options{Root: w.DirectURL()})
	require.NoError(t, err)
	q, err := quarantine.New(s, "", &quarantine.Options{InPlace: true, CriteriaSearch: true})
	require.NoError(t, err)
	return q
}

// A national cloud has neither export nor import nor permanentDelete. A message goes into
// the hidden folder of its own mailbox, with everything, and back.
func TestInPlace(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]*graphtest.Options{"worldwide": nil, "national": {National: true}, "China": {China: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, o)
				box := w.Mailbox(alice)
				box.DeliverWith(eml(theID, "Invoice", "Disposition-Notification-To: mallory@evil.example"),
					ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), "Projects"), Received: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)})
				before := w.in(alice, theID)[0]
				q := w.openInPlace(t)

				taken, err := q.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, taken.Err())
				assert.Equal(t, quarantine.Quarantined, taken.Outcome())
				assert.True(t, taken.InPlace)
				assert.Equal(t, "graphInPlace", taken.Strategy)
				it := taken.Items[0]
				assert.Equal(t, driver.WayMove, it.Way)
				assert.Equal(t, alice, it.To.Mailbox)
				assert.Equal(t, "/"+graphmail.VaultFolder+"/Quarantine", it.To.Folder.Path)
				require.Len(t, w.in(alice, theID), 1)
				assert.True(t, inVault(w.in(alice, theID)[0]))
				assert.Contains(t, w.shown(t, alice, "msgfolderroot"), "Inbox")
				assert.NotContains(t, w.shown(t, alice, "msgfolderroot"), graphmail.VaultFolder)

				again, err := q.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, again.Err())
				assert.Equal(t, quarantine.AlreadyQuarantined, again.Outcome())
				seen, err := q.Find(t.Context(), target)
				require.NoError(t, err)
				assert.Empty(t, seen.Items, "the owner's part is without it")

				var held []quarantine.Held
				for h, err := range q.List(t.Context(), quarantine.ListRequest{Mailbox: alice}) {
					require.NoError(t, err)
					held = append(held, h)
				}
				require.Len(t, held, 1)
				assert.True(t, held[0].InPlace)
				assert.Equal(t, taken.Items[0].Operation, held[0].Operation)
				var body strings.Builder
				_, err = q.Export(t.Context(), held[0], &body)
				require.NoError(t, err)
				assert.Contains(t, body.String(), "Click here.")

				back, err := q.Restore(t.Context(), taken)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Equal(t, quarantine.Restored, back.Outcome())
				require.Len(t, w.in(alice, theID), 1)
				after := w.in(alice, theID)[0]
				assert.Equal(t, before.Folder, after.Folder)
				assert.Equal(t, string(before.MIME), string(after.MIME))
				assert.Equal(t, before.Received, after.Received)
				assert.Equal(t, before.Read, after.Read)
				assert.False(t, stamped(after))
				assert.Empty(t, w.Server.Notices())
			})
		})
	}
}

// shown returns the names of the subfolders of a folder that a mail program shows.
func (w *world) shown(t *testing.T, address, below string) (names []string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.DirectURL()+"/v1.0/users/"+address+"/mailFolders/"+below+"/childFolders?$top=100", nil)
	require.NoError(t, err)
	resp, err := w.As(w.Direct(), "app").RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var list struct {
		Value []struct {
			Name string `json:"displayName"`
		} `json:"value"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&list))
	for _, f := range list.Value {
		names = append(names, f.Name)
	}
	return names
}

// TestInPlaceRoundTrips pins the cost of a message in a known mailbox.
func TestInPlaceRoundTrips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &graphtest.Options{National: true})
		q := w.openInPlace(t)
		trips := func() (n int) {
			for _, r := range w.Requests() {
				if !r.Part {
					n++
				}
			}
			w.ResetRequests()
			return n
		}
		for _, id := range []string{"<0@evil.example>", theID} {
			w.Mailbox(alice).Deliver(eml(id, "Invoice"))
			w.ResetRequests()
			taken, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			there := trips()
			back, err := q.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			home := trips()
			if id == theID {
				t.Logf("round trips: %d there, %d back", there, home)
				assert.LessOrEqual(t, there, 14)
				assert.LessOrEqual(t, home, 17)
			}
		}
	})
}
