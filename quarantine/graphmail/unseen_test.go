package graphmail_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// invoices are criteria without a person, for which the mailbox is not searched as a whole.
var invoices = quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Invoice", SubjectMatch: driver.SubjectExact}}

// addHidden makes a hidden folder in alice's mailbox.
func (w *world) addHidden(t *testing.T, parent, name string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.DirectURL()+"/v1.0/users/"+alice+"/mailFolders/"+parent+"/childFolders",
		strings.NewReader(`{"displayName":"`+name+`","isHidden":true}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.As(w.Direct(), "app").RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, resp.StatusCode, "%s", body)
}

// A folder does not count the hidden ones below it, which mail programs do not show and
// intruders like. What is in them is found all the same.
func TestHiddenFoldersAreSearched(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]time.Duration{"at first": 0, "known": time.Second, "known for long": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { searchHidden(t, known) })
		})
	}
}

// searchHidden takes messages from hidden folders. If known is positive, the folders were
// read that long before.
func searchHidden(t *testing.T, known time.Duration) {
	w := newWorld(t, nil)
	box := w.Mailbox(alice)
	w.addHidden(t, "inbox", "Archived")
	var hidden *ewstest.Folder
	for _, f := range box.Folders() {
		if f.Name() == "Archived" {
			hidden = f
		}
	}
	p := w.process(t, new(quarantine.MemoryJournal))
	if known > 0 {
		found, err := p.Find(t.Context(), invoices)
		require.NoError(t, err)
		require.Empty(t, found.Items)
		time.Sleep(known)
	}
	box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: hidden})
	box.DeliverWith(eml("<2@evil.example>", "Invoice"), ewstest.Delivery{Folder: box.AddFolder(hidden, "Below")})
	r, err := p.Quarantine(t.Context(), invoices)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Len(t, r.Items, 2)
	assert.Empty(t, w.in(alice, theID))
	assert.Len(t, w.in(vault, theID), 1)
	if known > time.Minute {
		w.addHidden(t, "drafts", "New")
		time.Sleep(known)
		for _, f := range box.Folders() {
			if f.Name() == "New" {
				box.DeliverWith(eml("<3@evil.example>", "Invoice"), ewstest.Delivery{Folder: f})
			}
		}
		r, err := p.Quarantine(t.Context(), invoices)
		require.NoError(t, err)
		assert.NotEmpty(t, r.Items)
		assert.Empty(t, w.in(alice, "<3@evil.example>"))
	}
}

// A list whose link to the next page is missing is read to its end.
func TestMissingLinkHidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const all = 250
	for i := range all {
		w.Mailbox(alice).Deliver(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"))
	}
	p := w.processWith(t, &quarantine.Options{Journal: new(quarantine.MemoryJournal), SearchLimits: quarantine.Limits{PerMailbox: all}})
	lost := w.Fail(graphtest.When{Operation: graphtest.OpListFolderMessages}, graphtest.NoNextLink)
	found, err := p.Find(t.Context(), invoices)
	require.NoError(t, err)
	require.NoError(t, found.Err())
	assert.Len(t, found.Items, all)
	assert.Positive(t, lost.Struck())
}
