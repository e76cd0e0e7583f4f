package quarantine_test

import (
	"fmt"
	"slices"
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
)

// ofAlice limits a fault to searches of Alice's mailbox.
func ofAlice(r *ewstest.Request) bool { return r.Header.Get("X-Anchormailbox") == alice }

// A search that the server cannot complete finds what there is, and reports what
// it could not examine.
func TestOddSearches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault      ewstest.Fault
		found      int  // of 3, with 2 other messages before them and 2 after
		complete   bool // nothing is left out
		unsearched string
	}{
		"several folders":               {ewstest.SeveralFoldersRefused, 3, true, ""},
		"restriction":                   {ewstest.RestrictionRefused(""), 3, true, ""},
		"a kind of restriction":         {ewstest.RestrictionRefused("ErrorInvalidRestriction"), 3, true, ""},
		"one row fails":                 {ewstest.RowFails(1), 2, false, "1 items could not be listed, those at the offsets [1]"},
		"pages do not advance":          {ewstest.PagesStuck, 3, false, "paging does not advance"},
		"pages are empty":               {ewstest.PagesEmpty, 0, false, "paging does not advance"},
		"pages repeat":                  {ewstest.PagesSame, 3, false, "begins like an earlier one"},
		"pages are never the last":      {ewstest.PagesWithoutLast, 3, true, ""},
		"answer without RootFolder":     {ewstest.Fault{}, 3, true, ""},
		"several, by ErrorAccessDenied": {ewstest.MemberCode("ErrorAccessDenied"), 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := worldOptions{impersonation: true}
				if tt.fault == (ewstest.Fault{}) {
					o.server.Odd = ewstest.OddNoRootFolder
				}
				w := newWorld(t, o)
				box := w.Mailbox(alice)
				for i := range 7 {
					id := theID
					if i < 2 || i > 4 {
						id = fmt.Sprintf("<%d@good.example>", i)
					}
					box.Deliver(eml(id, "Invoice"))
				}
				if tt.fault != (ewstest.Fault{}) {
					w.Fail(ewstest.When{Operation: ews.OpFindItem, Request: ofAlice}, tt.fault)
				}
				r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
				assert.Len(t, r.Items, tt.found)
				assert.Equal(t, tt.complete, len(r.Unsearched) == 0, "%+v", r.Unsearched)
				var said strings.Builder
				for _, u := range r.Unsearched {
					said.WriteString(u.Reason + "\n")
				}
				assert.Contains(t, said.String(), tt.unsearched)
				if tt.complete {
					asked := len(w.Requests())
					_, err = w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
					require.NoError(t, err)
					assert.LessOrEqual(t, len(w.Requests())-asked, asked, "it is not refused each time")
				}
			})
		})
	}
}

// An item that is listed but otherwise not found does not hold up the others.
func TestGhost(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, a.worldOptions)
				ghost := w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				w.Fail(ewstest.When{Item: func(m *ewstest.Message) bool { return m.ID.ID == ghost.ID.ID }}, ewstest.Ghost)
				r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
				assert.Len(t, w.in(vault, theID), 1)
				taken := 0
				for _, it := range r.Items {
					if it.Outcome == quarantine.Quarantined {
						assert.NotEqual(t, ghost.ID.ID, it.From.ItemID)
						taken++
					}
				}
				assert.Equal(t, 1, taken)
			})
		})
	}
}

// If the server does not return when a message was received, a search for a time
// neither takes it nor silently leaves it out.
func TestReceivedIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{server: ewstest.Options{Odd: ewstest.OddNoDeliveryTime}})
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	w.Mailbox(alice).Deliver(eml("<2@good.example>", "Lunch"))
	box := w.newStrategy(t, worldOptions{}).Mailbox(alice)
	searcher, ok := driver.As[driver.Searcher](box)
	require.True(t, ok)
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []driver.Criteria{
		{Subject: "Invoice", ReceivedAfter: day}, {Subject: "Invoice", ReceivedAfter: day, ReceivedBefore: day.AddDate(0, 0, 1)},
		{Sender: "mallory@evil.example", Subject: "Invoice", ReceivedAfter: day}, {Subject: "Invoice"},
	} {
		var seen []driver.Candidate
		_, err := searcher.Candidates(t.Context(), c, driver.Query{}, func(c driver.Candidate) error {
			if !slices.ContainsFunc(seen, func(had driver.Candidate) bool { return had.Item.ID == c.Item.ID }) {
				seen = append(seen, c)
			}
			return nil
		})
		require.NoError(t, err)
		require.Len(t, seen, 1)
		if c.ReceivedAfter.IsZero() {
			require.NoError(t, seen[0].Err)
			continue
		}
		require.ErrorContains(t, seen[0].Err, "whether it matches is unknown")
		assert.True(t, driver.Untouched(seen[0].Err))
	}
}

// One message that is too large or damaged does not change the way in which the
// others are carried.
func TestOneItemIsNotBlamedOnTheMailbox(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		impersonation bool
		op            ews.Operation
		fault         ewstest.Fault
		first, next   quarantine.Way
	}{
		{true, ews.OpUploadItems, ewstest.MemberCode("ErrorMessageSizeExceeded"), quarantine.WayMIME, quarantine.WayTransfer},
		{true, ews.OpUploadItems, ewstest.Gateway(413), quarantine.WayMIME, quarantine.WayTransfer},
		{true, ews.OpExportItems, ewstest.MemberCode("ErrorItemCorrupt"), quarantine.WayMIME, quarantine.WayTransfer},
		{true, ews.OpExportItems, ewstest.MemberCode("ErrorCorruptData"), quarantine.WayMIME, quarantine.WayTransfer},
		{true, ews.OpExportItems, ewstest.TruncatedExport, quarantine.WayMIME, quarantine.WayTransfer},
		{false, ews.OpMoveItem, ewstest.MemberCode("ErrorItemCorrupt"), quarantine.WayTransfer, quarantine.WayMove},
		{false, ews.OpMoveItem, ewstest.MemberCode("ErrorMessageSizeExceeded"), quarantine.WayTransfer, quarantine.WayMove},
		{false, ews.OpMoveItem, ewstest.CrossMailboxRefused, quarantine.WayTransfer, quarantine.WayTransfer}, // this one is about the mailboxes
	} {
		t.Run(string(tt.op)+" "+tt.fault.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, worldOptions{impersonation: tt.impersonation})
				w.Fail(ewstest.When{Operation: tt.op, MessageID: "<1@evil.example>"}, tt.fault)
				way, _ := w.take(t, 1)
				assert.Equal(t, tt.first, way)
				way, _ = w.take(t, 2)
				assert.Equal(t, tt.next, way)
			})
		})
	}
}

// Only "this folder does not exist" leads to another folder; after any other answer
// the message stays in quarantine, and the receipt says so.
func TestOddAnswersToTheLookForHome(t *testing.T) {
	t.Parallel()
	for _, fault := range []ewstest.Fault{
		ewstest.HTMLPage, ewstest.Gateway(404), ewstest.Gateway(403), ewstest.MemberCode("ErrorAccessDenied"), ewstest.FaultCode("ErrorAccessDenied"),
		ewstest.MemberCode("ErrorInternalServerError"), ewstest.OperationUnknown, ewstest.EmptyBody, ewstest.MemberCode("ErrorFolderCorrupt"),
	} {
		for _, impersonation := range []bool{false, true} {
			t.Run(fault.Name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, worldOptions{impersonation: impersonation})
					box := w.Mailbox(alice)
					folder := box.AddFolder(box.Folder(ews.FolderInbox), "Projects")
					box.DeliverWith(eml(theID, "Invoice"), delivered(folder, true))
					taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
					require.NoError(t, err)
					require.NoError(t, taken.Err())
					id := folder.ID().ID
					failure := w.Fail(ewstest.When{Operation: ews.OpGetFolder, Request: func(r *ewstest.Request) bool { return strings.Contains(string(r.Body), id) }}, fault)
					back, err := w.service.Restore(t.Context(), taken)
					require.NoError(t, err)
					require.Error(t, back.Err())
					assert.Positive(t, failure.Struck())
					assert.Empty(t, w.in(alice, theID))
					assert.Len(t, w.in(vault, theID), 1)

					failure.Cancel()
					back, err = w.service.Restore(t.Context(), taken)
					require.NoError(t, err)
					require.NoError(t, back.Err())
					require.Len(t, w.in(alice, theID), 1)
					assert.Equal(t, "/Inbox/Projects", w.in(alice, theID)[0].Folder)
				})
			})
		}
	}
}

// A response that stalls forever, at any operation, does not hang the run.
func TestStalledRuns(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		for _, op := range []ews.Operation{ews.OpFindItem, ews.OpUpdateItem, ews.OpMoveItem, ews.OpExportItems, ews.OpUploadItems, ews.OpGetItem, ews.OpCreateItem, ews.OpDeleteItem} {
			t.Run(a.name+" "+string(op), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := a.worldOptions
					o.settings = func(s *quarantine.Options) { s.Wait, s.WriteDoubt = time.Second, 5*time.Minute }
					w := newWorld(t, o)
					w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
					w.FailNext(op, ewstest.Stall(0))
					begin := time.Now()
					r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
					require.NoError(t, err)
					assert.Less(t, time.Since(begin), 15*time.Minute)
					if r.Err() != nil {
						time.Sleep(10 * time.Minute)
						r, err = w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
						require.NoError(t, err)
						require.NoError(t, r.Err())
					}
					assert.Empty(t, w.in(alice, theID))
					assert.Len(t, w.in(vault, theID), 1)
				})
			})
		}
	}
}

// If folders cannot be listed to the end, those listed so far are searched, and
// the receipt says that there may be more.
func TestOddFolderLists(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]ewstest.Fault{
		"do not advance": ewstest.PagesStuck, "repeat": ewstest.PagesSame, "a row fails": ewstest.RowFails(600),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, worldOptions{})
				box := w.Mailbox(alice)
				box.AddFolders(box.Folder(ews.FolderInbox), 700)
				box.Deliver(eml(theID, "Invoice"))
				w.Fail(ewstest.When{Operation: ews.OpFindFolder, Request: ofAlice}, fault)
				r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
				require.Len(t, r.Items, 1)
				require.NotEmpty(t, r.Unsearched)
				assert.Contains(t, r.Unsearched[0].Reason, "not all folders could be listed")
				require.Error(t, r.Err())
			})
		})
	}
}

// The advice for a mailbox that cannot be opened fits the server's answer.
func TestOddAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		odd           ewstest.Oddities
		impersonation bool
		address       string
		fault         ewstest.Fault
		want, not     string
	}{
		{ewstest.OddCannotFindUser, false, "nobody@example.test", ewstest.Fault{}, "the directory does not contain this address", "Error()"},
		{ewstest.OddCannotFindUser, true, "nobody@example.test", ewstest.Fault{}, "the mailbox does not exist, or", "Error()"},
		{ewstest.OddCaseSensitive, false, "Alice@example.test", ewstest.Fault{}, `the directory writes this address "alice@example.test"`, "not a primary address"},
		{0, false, alice, ewstest.MemberCode("ErrorCannotFindUser"), "the account has no right to it", "moved"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{impersonation: tt.impersonation, server: ewstest.Options{Odd: tt.odd}})
			if tt.fault != (ewstest.Fault{}) {
				w.Fail(ewstest.When{Operation: ews.OpGetFolder}, tt.fault)
			}
			_, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: tt.address, MessageID: theID})
			require.ErrorIs(t, err, quarantine.ErrUnreachable)
			assert.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), tt.not)
		})
	}
}

// The server answers with success under another status, or with a fault under 200,
// after it has acted: the message is not taken twice, and the next run finishes.
func TestStatusAndBodyDisagree(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		for _, op := range []ews.Operation{ews.OpUpdateItem, ews.OpMoveItem, ews.OpUploadItems, ews.OpCreateItem, ews.OpDeleteItem} {
			t.Run(a.name+" "+string(op), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := a.worldOptions
					o.server.Odd = ewstest.OddBareFaults
					w := newWorld(t, o)
					w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
					w.FailNext(op, ewstest.FaultCode("ErrorAccessDenied").Acted())
					target := quarantine.Target{Mailbox: alice, MessageID: theID}
					_, err := w.service.Quarantine(t.Context(), target)
					require.NoError(t, err)
					time.Sleep(time.Hour)
					r, err := w.service.Quarantine(t.Context(), target)
					require.NoError(t, err)
					require.NoError(t, r.Err())
					assert.Empty(t, w.in(alice, theID))
					assert.Len(t, w.in(vault, theID), 1)
				})
			})
		}
	}
}
