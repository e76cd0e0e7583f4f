package graphmail_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// Messages in a folder that its owner moves out of the vault keep their ids. A process
// that remembers the folders as they were must not mistake the one message for two.
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
					if again.Outcome() == quarantine.Undecided { // the lease of the first run is still held
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

// unhidden lets Graph create folders without hiding them, which is possible.
type unhidden struct{ next http.RoundTripper }

func (u unhidden) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(`,"isHidden":true`), nil), []byte(`"isHidden":true,`), nil)
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	return u.next.RoundTrip(r)
}

// A vault that was not hidden when it was made does not count as one.
func TestInPlaceVaultNotHidden(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.inPlace = true
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		s, err := graphmail.NewInPlace(unhidden{w.As(w.Direct(), "app")}, &graphmail.Options{Root: w.DirectURL()})
		require.NoError(t, err)
		q, err := quarantine.New(s, "", &quarantine.Options{InPlace: true})
		require.NoError(t, err)
		r, err := q.Quarantine(t.Context(), target)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Refused, r.Outcome())
		require.ErrorContains(t, r.Err(), "not hidden")
		require.Len(t, w.in(alice, theID), 1)
		assert.False(t, stamped(w.in(alice, theID)[0]))
	})
}

// homeless removes the folder of a message from answers.
type homeless struct{ next http.RoundTripper }

var folderOfMessage = regexp.MustCompile(`"parentFolderId":"[^"]*"`)

func (h homeless) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if bytes.Contains(text, []byte("internetMessageId")) || bytes.Contains(text, []byte("isReadReceiptRequested")) {
		text = folderOfMessage.ReplaceAll(text, []byte(`"parentFolderId":null`))
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return resp, err
}

// Without its folder, it is not known in which part a message is, and it is not reported
// as gone.
func TestInPlaceMessageWithoutFolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t, nil)
		s, err := graphmail.NewInPlace(k.As(k.Direct(), "app"), &graphmail.Options{Root: k.DirectURL()})
		require.NoError(t, err)
		it := one(t, s.Vault(alice), driver.Query{MessageID: theID})
		s, err = graphmail.NewInPlace(homeless{k.As(k.Direct(), "app")}, &graphmail.Options{Root: k.DirectURL()})
		require.NoError(t, err)
		for _, m := range []driver.Mailbox{s.Vault(alice), s.Mailbox(alice)} {
			_, err = m.Inspect(t.Context(), it.ID)
			require.Error(t, err)
			require.NotErrorIs(t, err, driver.ErrGone)
			require.Error(t, m.Remove(t.Context(), it))
		}
		require.Len(t, k.in(vault, theID), 1)
	})
}
