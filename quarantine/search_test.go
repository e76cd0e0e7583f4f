package quarantine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// lure describes what the tests here take.
var lure = quarantine.Criteria{Sender: "mallory@evil.example", Subject: "Your invoice", ReceivedAfter: noon.Add(-time.Hour)}

func searching(impersonation bool, limits quarantine.Limits) worldOptions {
	return worldOptions{impersonation: impersonation, settings: func(s *quarantine.Options) {
		s.CriteriaSearch, s.SearchLimits = true, limits
	}}
}

// subjects returns the subjects of the visible messages in a mailbox.
func (w *world) subjects(mailbox string) []string {
	var all []string
	for _, m := range w.Mailbox(mailbox).Messages() {
		if !recoverable(m) {
			all = append(all, m.Subject)
		}
	}
	slices.Sort(all)
	return all
}

func recoverable(m *ewstest.Message) bool {
	return len(m.Distinguished) > 16 && m.Distinguished[:16] == "recoverableitems"
}

// Messages without a Message-ID are found, taken, recognised as taken, and put back.
func TestByCriteriaThereAndBack(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			o := a.worldOptions
			o.settings = searching(false, quarantine.Limits{}).settings
			w := newWorld(t, o)
			box := w.Mailbox(alice)
			projects := box.AddFolder(box.Folder(ews.FolderInbox), "Projects")
			box.DeliverWith(eml("", "your  INVOICE"), ewstest.Delivery{Received: noon, Read: true})
			box.DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon.Add(time.Second), Folder: projects})
			box.DeliverWith(eml("<1@evil.example>", "Your invoice"), ewstest.Delivery{Received: noon.Add(time.Minute)})
			box.DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon.AddDate(0, 0, -1)}) // too early
			box.DeliverWith(eml("", "Your invoice is paid"), ewstest.Delivery{Received: noon})
			before := w.subjects(alice)
			target := quarantine.Target{Mailbox: alice, Criteria: lure, Reason: "phishing"}

			found, err := w.service.Find(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, found.Err())
			assert.Len(t, found.Items, 3)
			assert.Equal(t, before, w.subjects(alice), "nothing was changed")

			taken, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			assert.Len(t, taken.Items, 3)
			assert.Equal(t, quarantine.Quarantined, taken.Outcome())
			assert.Equal(t, []string{"Your invoice", "Your invoice is paid"}, w.subjects(alice))
			assert.Len(t, w.subjects(vault), 3)

			again, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, again.Err())
			assert.Equal(t, quarantine.AlreadyQuarantined, again.Outcome())
			assert.Len(t, again.Items, 3)

			for _, restore := range []func(context.Context) (*quarantine.Receipt, error){
				func(ctx context.Context) (*quarantine.Receipt, error) { return w.service.Restore(ctx, taken) },
				func(ctx context.Context) (*quarantine.Receipt, error) { return w.service.Restore(ctx, taken) },
				func(ctx context.Context) (*quarantine.Receipt, error) {
					return w.service.RestoreMessage(ctx, target)
				},
			} {
				back, err := restore(t.Context())
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.True(t, back.Outcome() == quarantine.Restored || back.Outcome() == quarantine.AlreadyRestored, back.Outcome())
				assert.Equal(t, before, w.subjects(alice))
				assert.Empty(t, w.subjects(vault))
			}
			for _, m := range box.Messages() {
				if !recoverable(m) {
					assert.False(t, stamped(m))
					assert.Equal(t, m.Subject == "your  INVOICE", m.Read, m.Subject)
				}
			}
			assert.Empty(t, w.Notices())

			taken, err = w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			back, err := w.service.RestoreMessage(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Len(t, back.Items, 3)
			assert.Equal(t, quarantine.Restored, back.Outcome())
		})
	}
}

// More than the limits allow is refused as a whole.
func TestByCriteriaLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limits quarantine.Limits
		want   error
		says   string
	}{
		"in one mailbox": {quarantine.Limits{PerMailbox: 2}, quarantine.ErrTooManyHits, "perMailbox"},
		"in all":         {quarantine.Limits{Total: 2}, quarantine.ErrTooManyHits, "total"},
		"protected":      {quarantine.Limits{Protected: []string{"Alice@Example.test"}}, quarantine.ErrProtected, "protected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, searching(true, tt.limits))
			for i := range 3 {
				w.Mailbox(alice).DeliverWith(eml(fmt.Sprintf("<%d@evil.example>", i), "Your invoice"), ewstest.Delivery{Received: noon})
			}
			target := quarantine.Target{Mailbox: alice, Criteria: lure}
			for _, do := range []func(context.Context, quarantine.Target) (*quarantine.Receipt, error){w.service.Find, w.service.Quarantine} {
				_, err := do(t.Context(), target)
				require.ErrorIs(t, err, tt.want)
				assert.ErrorContains(t, err, tt.says)
			}
			assert.Len(t, w.subjects(alice), 3)
			assert.Empty(t, w.subjects(vault))

			// Messages named by their Message-ID are not limited, and neither is undo.
			named := quarantine.Target{Mailbox: alice, MessageID: "<1@evil.example>"}
			taken, err := w.service.Quarantine(t.Context(), named)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			back, err := w.service.RestoreMessage(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Len(t, back.Items, 1)
			assert.Empty(t, w.subjects(vault))
		})
	}
}

// Criteria have to be allowed.
func TestByCriteriaRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	target := quarantine.Target{Mailbox: alice, Criteria: lure}
	_, err := w.service.Quarantine(t.Context(), target)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, "messageIdSearch")
	_, err = w.service.Find(t.Context(), target)
	require.ErrorIs(t, err, quarantine.ErrInvalid)

	both := target
	both.MessageID = theID
	require.ErrorContains(t, both.Validate(), "together with criteria")
	_, err = w.service.FollowForwards(t.Context(), target, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
}

// A message that cannot be examined makes the receipt incomplete, and is left alone.
func TestByCriteriaUndecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{}))
	box := w.Mailbox(alice)
	hidden := "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n"
	for range 12 {
		box.DeliverWith([]byte("From: mallory@evil.example\r\nSubject: secret\r\n"+hidden), ewstest.Delivery{Received: noon})
	}
	box.DeliverWith([]byte("From: mallory@evil.example\r\nSubject: plain\r\n\r\nhttps://evil.example/login\r\n"), ewstest.Delivery{Received: noon})
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
		Sender: "mallory@evil.example", URL: "https://evil.example/login",
	}})
	require.NoError(t, err)
	require.Error(t, r.Err())
	assert.Equal(t, quarantine.Quarantined, r.Outcome())
	assert.Len(t, r.Items, 1)
	require.Len(t, r.Unsearched, 11)
	for _, u := range r.Unsearched {
		assert.Equal(t, quarantine.CauseUndecided, u.Cause)
		assert.Equal(t, "/Inbox", u.Folder.Path)
	}
	assert.Contains(t, r.Unsearched[10].Reason, "2 more")
	assert.Len(t, w.subjects(alice), 12)
}

// What an interrupted run left is settled, but nothing else that matches is touched.
func TestByCriteriaRecover(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ews.Operation{"before the stamp": ews.OpUpdateItem, "after the stamp": ews.OpMoveItem} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := searching(false, quarantine.Limits{PerMailbox: 1})
			w := newWorld(t, o)
			w.Mailbox(alice).DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon})
			ctx, cancel := context.WithCancel(t.Context())
			w.OnRequest(func(_ int, r *ewstest.Request) {
				if r.Operation == fault {
					cancel()
				}
			})
			w.FailNext(fault, ewstest.DropBefore)
			_, err := w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, Criteria: lure})
			_ = err // it was interrupted
			w.ClearFaults()
			open, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			require.Len(t, open, 1)
			for i := range 3 { // more than the limits allow
				w.Mailbox(alice).DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon.Add(time.Duration(i+1) * time.Hour)})
			}
			w.service = w.newService(t, worldOptions{})
			settled := w.recovered(t)
			require.Len(t, settled, 1)
			require.NoError(t, settled[0].Err())
			assert.Equal(t, quarantine.Quarantined, settled[0].Outcome())
			require.Len(t, settled[0].Items, 1)
			assert.True(t, settled[0].Items[0].Received.Equal(noon))
			assert.Len(t, w.subjects(alice), 3)
			assert.Len(t, w.subjects(vault), 1)
		})
	}
}
