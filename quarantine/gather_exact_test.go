package quarantine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// A shared search finds for each call that shares it what that call would have found
// alone, whatever is odd about the mailbox or the server.
func TestSharedSearchIsExact(t *testing.T) {
	t.Parallel()
	const dora = "dora@example.test"
	for name, prepare := range map[string]func(w *world, box *ewstest.Mailbox){
		"usual": func(*world, *ewstest.Mailbox) {},
		"pages": func(w *world, box *ewstest.Mailbox) {
			for range 30 {
				box.Deliver(eml("<1@evil.example>", "Invoice"))
			}
			w.LimitPages(7)
		},
		"near": func(_ *world, box *ewstest.Mailbox) {
			for _, id := range []string{"<1@EVIL.example>", "<2@evil.example> <3@evil.example>", "< 4@evil.example >", "<5@evil.example", "x<6@evil.example>"} {
				box.Deliver(eml(id, "Invoice"))
			}
		},
		"no Message-ID": func(_ *world, box *ewstest.Mailbox) { box.Deliver(eml("", "Invoice")) },
		"long Message-IDs": func(_ *world, box *ewstest.Mailbox) {
			for _, end := range []string{"a", "b"} {
				box.Deliver(eml("<"+strings.Repeat("x", 260)+end+"@evil.example>", "Invoice"))
			}
		},
		"new folder": func(w *world, box *ewstest.Mailbox) {
			box.DeliverWith(eml("<2@evil.example>", "Invoice"), ewstest.Delivery{Folder: box.AddFolder(nil, "New")})
		},
		"closed folder": func(w *world, box *ewstest.Mailbox) {
			id := box.AddFolder(nil, "Closed").ID().ID
			w.Fail(ewstest.When{Request: func(r *ewstest.Request) bool {
				return r.Operation == ews.OpFindItem && strings.Contains(string(r.Body), id)
			}}, ewstest.MemberCode("ErrorAccessDenied"))
		},
		"restrictions refused": func(w *world, _ *ewstest.Mailbox) {
			w.Fail(ewstest.When{Request: func(r *ewstest.Request) bool {
				return r.Operation == ews.OpFindItem && strings.Contains(string(r.Body), "Restriction>")
			}}, ewstest.FaultCode("ErrorRestrictionTooComplex"))
		},
		"long restrictions refused": func(w *world, _ *ewstest.Mailbox) {
			w.Fail(ewstest.When{Request: func(r *ewstest.Request) bool {
				return r.Operation == ews.OpFindItem && strings.Count(string(r.Body), "Constant") > 20
			}}, ewstest.FaultCode("ErrorRestrictionTooLong"))
		},
		"several folders refused": func(w *world, _ *ewstest.Mailbox) {
			w.Fail(ewstest.When{Request: func(r *ewstest.Request) bool {
				return r.Operation == ews.OpFindItem && strings.Count(string(r.Body), "<t:FolderId ") > 1
			}}, ewstest.FaultCode("ErrorInvalidOperation"))
		},
		"no mailbox": func(_ *world, box *ewstest.Mailbox) { box.Remove(false) },
	} {
		for i, wide := range []bool{false, true} {
			if !*whole && len(name)%2 != i {
				continue
			}
			t.Run(fmt.Sprintf("%s, with archive and Recoverable Items %t", name, wide), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := patient(worldOptions{impersonation: wide, strategy: ewsmail.Options{ScanRecoverableItems: wide, ScanOnlineArchive: wide}})
					w := newWorld(t, o)
					box := w.AddMailbox(dora, &ewstest.MailboxOptions{Archive: true})
					w.GrantFullAccess("svc", dora)
					w.GrantImpersonation("svc", dora)
					for i := range 8 {
						d := ewstest.Delivery{}
						if i%3 == 2 {
							d.Folder = box.AddFolder(box.Folder(ews.FolderArchiveMsgFolderRoot), "Old")
						}
						box.DeliverWith(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"), d)
					}
					first := w.newStrategy(t, o).Mailbox(dora)
					it, err := first.Find(t.Context(), driver.Query{MessageID: "<0@evil.example>"})
					require.NoError(t, err)
					_, err = first.Mark(t.Context(), it.Items[0], driver.Change{Stamp: &driver.Stamp{Operation: "op0", Mailbox: dora}})
					require.NoError(t, err)
					for _, archive := range []bool{false, true} {
						var queries []driver.Query
						for i := range 9 {
							queries = append(queries, driver.Query{MessageID: fmt.Sprintf("%d@evil.example", i), Archive: archive})
						}
						queries = append(queries,
							driver.Query{MessageID: "<" + strings.Repeat("x", 260) + "a@evil.example>", Archive: archive},
							driver.Query{Operation: "op0", Archive: archive}, driver.Query{Operation: "none", Archive: archive},
							driver.Query{Operation: "op0", Origin: dora, Archive: archive}, driver.Query{MessageID: "<0@evil.example>", Origin: dora, Archive: archive})
						// Each query has its own mailbox, which remembers the
						// folders as they were.
						boxes := make([]driver.Mailbox, len(queries)+1)
						for i := range boxes {
							boxes[i] = w.newStrategy(t, o).Mailbox(dora)
							if !archive {
								_, err := boxes[i].Find(t.Context(), driver.Query{MessageID: "<0@evil.example>"})
								require.NoError(t, err)
							}
						}
						if !archive {
							prepare(w, box)
						}
						replies := boxes[len(queries)].(driver.BatchFinder).FindAll(t.Context(), queries)
						for i, q := range queries {
							want, err := boxes[i].Find(t.Context(), q)
							if errors.Is(replies[i].Err, driver.ErrAlone) {
								continue
							}
							assert.Equal(t, err != nil, replies[i].Err != nil, "%+v: %v, want %v", q, replies[i].Err, err)
							assert.Equal(t, errors.Is(err, driver.ErrUnreachable), errors.Is(replies[i].Err, driver.ErrUnreachable))
							if err == nil {
								assert.Equal(t, plainly(want), plainly(replies[i].Value), "%+v", q)
							}
						}
					}
				})
			})
		}
	}
}

// plainly describes what was found, without what differs from one search to the next.
func plainly(f driver.Findings) (all []string) {
	for _, it := range f.Items {
		all = append(all, fmt.Sprintf("item %s %s %s %s", it.ID, it.Folder.Path, it.Version, it.MessageID))
	}
	for _, it := range f.Near {
		all = append(all, fmt.Sprintf("near %s %s", it.ID, it.MessageID))
	}
	for _, s := range f.Searched {
		all = append(all, fmt.Sprintf("searched %s, %d pages, %d hits", s.Folder.Path, s.Pages, s.Hits))
	}
	for _, u := range f.Unsearched {
		all = append(all, fmt.Sprintf("unsearched %s %s", u.Folder.Path, u.Cause))
	}
	slices.Sort(all)
	return all
}
