package quarantine_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// requested returns how many requests of an operation were seen since the last
// reset.
func (w *world) requested(operation ews.Operation) (n int) {
	for _, r := range w.Requests() {
		if r.Operation == operation {
			n++
		}
	}
	return n
}

// A group of 50,000 in 500 groups, each of which contains the outer group, the next one
// and some of the next one's members, is expanded with one call per group.
func TestScaleGroups(t *testing.T) {
	t.Parallel()
	const groups, each = 500, 100
	w := newWorld(t, worldOptions{})
	group := func(i int) string { return fmt.Sprintf("group-%d@example.test", i%groups) }
	person := func(i int) string { return fmt.Sprintf("person-%d@other.example", i%(groups*each)) }
	all := []string{"everybody@example.test"}
	for i := range groups {
		members := []string{"EVERYBODY@example.test", group(i + 1), alice}
		for k := range each + 10 {
			members = append(members, person(i*each+k))
		}
		w.AddList(group(i), members...)
		all = append(all, group(i))
	}
	w.AddList("everybody@example.test", all...)
	expand := func(o quarantine.ExpandOptions) (*quarantine.Expansion, error) {
		w.ResetRequests()
		return w.service.Expand(t.Context(), "everybody@example.test", &o)
	}

	got, err := expand(quarantine.ExpandOptions{})
	require.NoError(t, err)
	assert.Len(t, got.Contacts, groups*each)
	assert.Equal(t, []string{alice}, addresses(got.Mailboxes))
	assert.Len(t, got.Groups, groups+1)
	assert.True(t, got.Complete)
	assert.Equal(t, groups+1, w.requested(ews.OpExpandDL))
	assert.Len(t, w.Requests(), groups+1, "and nothing else was asked")

	for field, o := range map[string]quarantine.ExpandOptions{
		"MaxMembers": {MaxMembers: groups * each}, // Alice is one too many
		"MaxGroups":  {MaxGroups: groups},
	} {
		got, err := expand(o)
		require.ErrorIs(t, err, quarantine.ErrTooManyMembers)
		assert.ErrorContains(t, err, field)
		assert.Nil(t, got, "never a part of it")
		assert.LessOrEqual(t, w.requested(ews.OpExpandDL), groups+1)
	}
	_, err = expand(quarantine.ExpandOptions{MaxMembers: 1000})
	require.ErrorIs(t, err, quarantine.ErrTooManyMembers)
	assert.LessOrEqual(t, w.requested(ews.OpExpandDL), 12, "it is given up as soon as that is known")
}

// A flat group beyond the bounds is refused, one within is not.
func TestScaleFlatGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	members := make([]string, 100_001)
	for i := range members {
		members[i] = fmt.Sprintf("person-%d@other.example", i)
	}
	w.AddList("within@example.test", members[1:]...)
	w.AddList("beyond@example.test", members...)
	got, err := w.service.Expand(t.Context(), "within@example.test", nil)
	require.NoError(t, err)
	assert.Len(t, got.Contacts, 100_000)
	_, err = w.service.Expand(t.Context(), "beyond@example.test", nil)
	require.ErrorIs(t, err, quarantine.ErrTooManyMembers)
	assert.ErrorContains(t, err, "more than 100000 members")
	assert.Len(t, w.Requests(), 2)
}

// What is in the large folder, by index.
const (
	scaleItems    = 50_000
	scaleCopies   = 300 // of one Message-ID, spread over the folder
	scaleInvoices = 625 // that the server finds but that do not match
	scaleHits     = 25  // that match
)

// largeFolder is the Inbox of Alice with 50,000 messages.
func largeFolder(t testing.TB, limits quarantine.Limits) *world {
	t.Helper()
	w := newWorld(t, searching(false, limits))
	w.Mailbox(alice).Fill(scaleItems, func(i int) ([]byte, ewstest.Delivery) {
		from, subject, id := fmt.Sprintf("news%d@sender.example", i%997), fmt.Sprintf("Newsletter %d", i), fmt.Sprintf("<%d@sender.example>", i)
		switch {
		case i%(scaleItems/scaleCopies) == 1 && i < scaleCopies*(scaleItems/scaleCopies):
			id = theID
		case i%(scaleItems/scaleInvoices) == 2:
			from, subject = "mallory@evil.example", fmt.Sprintf("Your paid invoice %d", i)
		case i%(scaleItems/scaleHits) == 3:
			from, subject = "mallory@evil.example", "Your invoice"
		case i >= scaleItems-3:
			from, subject = "trudy@evil.example", "Your invoice"
		}
		return fmt.Appendf(nil, "From: <%s>\r\nTo: alice@example.test\r\nSubject: %s\r\nMessage-ID: %s\r\n\r\nText\r\n", from, subject, id),
			ewstest.Delivery{Received: noon.Add(time.Duration(i) * time.Second), Read: i%2 == 0}
	})
	return w
}

// inbox returns a receipt's entry for the Inbox.
func inbox(t testing.TB, r *quarantine.Receipt) driver.Searched {
	t.Helper()
	i := slices.IndexFunc(r.Searched, func(s driver.Searched) bool { return s.Folder.Base == string(ews.FolderInbox) })
	require.GreaterOrEqual(t, i, 0)
	return r.Searched[i]
}

// A folder of 50,000 messages is searched to its last page, within the limits and
// without keeping what did not match; what exceeds them is refused as a whole. The
// test is not parallel, because it measures memory.
func TestScaleFolder(t *testing.T) {
	w := largeFolder(t, quarantine.Limits{Examined: 500})
	box := w.Mailbox(alice).Folder(ews.FolderInbox)
	require.Equal(t, scaleItems, box.Count())

	t.Run("by Message-ID", func(t *testing.T) {
		r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Len(t, r.Items, scaleCopies)
		assert.Equal(t, 2, inbox(t, r).Pages, "of 250")
		assert.Equal(t, scaleCopies, inbox(t, r).Hits)
	})
	t.Run("by criteria", func(t *testing.T) {
		// Without a sender, the server is asked for words, and returns more. A
		// small page size makes many pages of them.
		words := quarantine.Criteria{Subject: "Your invoice"}
		w.LimitPages(100)
		defer w.LimitPages(0)
		find := func() *quarantine.Receipt {
			r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: words})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			return r
		}
		r := find()
		assert.Len(t, r.Items, scaleHits+3)
		assert.Equal(t, scaleHits+3, inbox(t, r).Hits)
		assert.Equal(t, (scaleInvoices+scaleHits+3+99)/100, inbox(t, r).Pages)

		live := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		w.ResetRequests()
		before, most, measuring := live(), uint64(0), true
		w.OnRequest(func(n int, _ *ewstest.Request) {
			if measuring && n%4 == 0 {
				most = max(most, live())
			}
		})
		find()
		measuring = false
		t.Logf("at most %d kB more are held while %d messages are searched", (max(most, before)-before)>>10, scaleItems)
		assert.Less(t, max(most, before)-before, uint64(4<<20))
	})
	for name, tt := range map[string]struct {
		criteria quarantine.Criteria
		says     string
		calls    int
	}{
		"too many hits": {quarantine.Criteria{Subject: "newsletter", SubjectMatch: quarantine.SubjectPrefix}, "perMailbox", 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, do := range []func(context.Context, quarantine.Target) (*quarantine.Receipt, error){w.service.Find, w.service.Quarantine} {
				w.ResetRequests()
				r, err := do(t.Context(), quarantine.Target{Mailbox: alice, Criteria: tt.criteria})
				require.ErrorIs(t, err, quarantine.ErrTooManyHits)
				assert.ErrorContains(t, err, tt.says)
				assert.ErrorContains(t, err, "nothing was taken")
				assert.Nil(t, r, "never a part of it")
				for _, request := range w.Requests() {
					assert.False(t, request.Acted, "%s", request.Operation)
				}
				// The first page of twenty folders, and those that follow for the Inbox.
				assert.LessOrEqual(t, w.requested(ews.OpFindItem), 1+tt.calls)
			}
			assert.Equal(t, scaleItems, box.Count())
		})
	}
	t.Run("too much to read", func(t *testing.T) { scaleExamined(t, w) })
	t.Run("by sender", func(t *testing.T) { scaleSender(t, w) })
	t.Run("taken", func(t *testing.T) {
		taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
			Sender: "trudy@evil.example", Subject: "Your invoice", ReceivedAfter: noon,
		}})
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		assert.Equal(t, quarantine.Quarantined, taken.Outcome())
		assert.Len(t, taken.Items, 3)
		assert.Equal(t, scaleItems-3, box.Count())
		back, err := w.service.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		assert.Equal(t, scaleItems, box.Count())
	})
}

// Criteria that would match everything, or require everything to be read, are
// refused before any server is asked.
func TestScaleCriteriaForEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{}))
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	day := quarantine.Criteria{ReceivedAfter: noon, ReceivedBefore: noon.Add(24 * time.Hour)}
	with := func(change func(*quarantine.Criteria)) quarantine.Criteria {
		c := day
		change(&c)
		return c
	}
	for name, tt := range map[string]struct {
		criteria quarantine.Criteria
		says     string
	}{
		"a time":                  {day, "sender"},
		"since ever":              {quarantine.Criteria{ReceivedBefore: noon}, "sender"},
		"any subject":             {quarantine.Criteria{Subject: " \t "}, "subject"},
		"a letter":                {quarantine.Criteria{Subject: "e", SubjectMatch: quarantine.SubjectContains}, "subject"},
		"a mark of answers":       {quarantine.Criteria{Subject: "RE:", SubjectMatch: quarantine.SubjectPrefix}, "subject"},
		"any sender":              {quarantine.Criteria{Sender: "*"}, "sender"},
		"a domain":                {quarantine.Criteria{Sender: "@example.test"}, "sender"},
		"recipient, all times":    {quarantine.Criteria{Recipient: alice}, "receivedAfter"},
		"attachment, all times":   {quarantine.Criteria{AttachmentName: "invoice.pdf"}, "receivedAfter"},
		"link, half a time":       {quarantine.Criteria{URL: "https://evil.example", ReceivedAfter: noon}, "receivedBefore"},
		"link, years":             {with(func(c *quarantine.Criteria) { c.URL, c.ReceivedAfter = "https://evil.example", noon.AddDate(-3, 0, 0) }), "receivedAfter"},
		"any attachment":          {with(func(c *quarantine.Criteria) { c.AttachmentName = "*.*" }), "attachmentName"},
		"any link":                {with(func(c *quarantine.Criteria) { c.URL = "https://" }), "url"},
		"time turned round":       {quarantine.Criteria{Sender: "a@b.example", ReceivedAfter: noon, ReceivedBefore: noon}, "receivedBefore"},
		"nothing":                 {quarantine.Criteria{}, "messageId"},
		"a subject of wild cards": {quarantine.Criteria{Subject: "****", SubjectMatch: quarantine.SubjectContains}, "subject"},
	} {
		for _, do := range []func(context.Context, quarantine.Target) (*quarantine.Receipt, error){w.service.Find, w.service.Quarantine} {
			_, err := do(t.Context(), quarantine.Target{Mailbox: alice, Criteria: tt.criteria})
			require.ErrorIs(t, err, quarantine.ErrInvalid, name)
			assert.ErrorContains(t, err, tt.says, name)
		}
	}
	assert.Empty(t, w.Requests())
}

// Thousands of folders, two hundred deep, are all searched, twenty per call;
// what lay at the bottom comes back there, or to the Inbox if that is gone.
func TestScaleFolders(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		t.Run(fmt.Sprint(impersonation), func(t *testing.T) {
			t.Parallel()
			const wide, deep = 2_500, 200
			w := newWorld(t, worldOptions{impersonation: impersonation})
			box := w.Mailbox(alice)
			for i := range wide {
				box.AddFolder(nil, fmt.Sprintf("Folder %d", i))
			}
			var path []string
			for i := range deep {
				path = append(path, fmt.Sprintf("Level %d", i))
			}
			bottom := box.AddFolder(nil, path...)
			box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: bottom, Read: true})
			target := quarantine.Target{Mailbox: alice, MessageID: theID}
			w.ResetRequests()
			r, err := w.service.Find(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Len(t, r.Items, 1)
			folders := len(searchable(box)) - 2 // without Recoverable Items
			assert.Len(t, r.Searched, folders)
			assert.Equal(t, (folders+19)/20, w.requested(ews.OpFindItem))
			assert.LessOrEqual(t, w.requested(ews.OpFindFolder), folders/250)

			taken, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			back, err := w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			require.Len(t, bottom.Messages(), 1)

			taken, err = w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			for at := bottom; at != nil; at = at.Parent() {
				if at.Name() == path[0] {
					at.Delete()
					break
				}
			}
			back, err = w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			found := w.in(alice, theID)
			require.Len(t, found, 1)
			assert.True(t, found[0].Read)
		})
	}
}

// Folder names come from a user, and may come from an attacker: what lies in
// such folders is taken and comes back, into the same folder or, if that is
// gone, into one with its name or the Inbox.
func TestScaleHostileFolderNames(t *testing.T) {
	t.Parallel()
	names := map[string]string{
		"control characters": "a\x01b\x1f\x7f\u0085c", "zero": "a\x00b", "no character": "a\ufffe\uffffb", "lines": "a\r\nb\tc",
		"slash": "/a//b/", "bar": "a|b%7C", "percent": "%2F%00%zz", "backslash": `..\..\a`, "dots": "..", "blank": " ", "blanks around": "  a  ",
		"right to left": "\u202egpj.exe", "markup": `</t:DisplayName><t:FolderId Id="x"/>`, "entities": "&amp;&#x0;&lt;", "quotes": `"a' ]]>`,
		"long": strings.Repeat("x", 250), "long, wide": strings.Repeat("漢", 250), "well-known": "Inbox", "faces": "👩‍👩‍👧",
		"accents": "e\u0301", "not normal": "é",
	}
	for i, a := range accesses {
		if !*whole && i != 4 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, a.worldOptions)
			box := w.Mailbox(alice)
			inbox := box.Folder(ews.FolderInbox)
			for _, name := range names {
				for _, f := range []*ewstest.Folder{box.AddFolder(inbox, name), box.AddFolder(inbox, name, "x", name)} {
					box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: f})
				}
			}
			target := quarantine.Target{Mailbox: alice, MessageID: theID}
			taken, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			assert.Len(t, taken.Items, 2*len(names))
			assert.Empty(t, w.in(alice, theID))
			for _, it := range taken.Items {
				assert.True(t, strings.HasPrefix(it.From.Folder.Path, "/Inbox/"), "%q", it.From.Folder.Path)
			}
			back, err := w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			for which, name := range names {
				assert.Len(t, box.AddFolder(inbox, name).Messages(), 1, which)
				assert.Len(t, box.AddFolder(inbox, name, "x", name).Messages(), 1, which)
			}

			taken, err = w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			for _, name := range names {
				box.AddFolder(inbox, name).Delete()
			}
			back, err = w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Len(t, w.in(alice, theID), 2*len(names), "none is lost")
			assert.Empty(t, w.in(vault, theID))
			lost := 0
			for which, name := range names {
				if asIs := unusable.Replace(name); len(name) < 250 && strings.TrimSpace(name) != "" {
					assert.Len(t, box.AddFolder(inbox, asIs).Messages(), 1, which)
					assert.Len(t, box.AddFolder(inbox, asIs, "x", asIs).Messages(), 1, which)
				} else {
					lost += 2 // a stamp does not hold their path, or no folder can be made of it
				}
			}
			assert.Len(t, inbox.Messages(), lost)
		})
	}
}

// unusable are the characters above that no request can contain. A folder that
// replaces one with such characters in its name shows them in this form.
var unusable = strings.NewReplacer("\x00", "%00", "\x01", "%01", "\x1f", "%1F", "\ufffe", "%EF%BF%BE", "\uffff", "%EF%BF%BF")
