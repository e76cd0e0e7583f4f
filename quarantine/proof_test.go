package quarantine_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// longText and longFile are messages of n lines.
func longText(n int) []byte {
	return append(eml(theID, "Invoice"), bytes.Repeat([]byte("line of text.\r\n"), n)...)
}

func longFile(n int) []byte {
	var body strings.Builder
	for part := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("%PDF-1.4\n"), 6*n))), 72) {
		body.WriteString(string(part) + "\r\n")
	}
	return bytes.Replace(eml(theID, "Invoice", attached("invoice.pdf")), []byte("JVBERi0xLjQK\r\n"), []byte(body.String()), 1)
}

// afterCarry runs something once, when the server has answered the first
// request that carries.
func (w *world) afterCarry(o worldOptions, do func()) {
	done := false
	w.OnResponse(func(_ int, r *ewstest.Request) {
		if r.Operation == carriesBy(o) && !done {
			done = true
			do()
		}
	})
}

// eachProof runs a test for the ways that leave the original until the copy is
// proved, with the answer to the carry and without it.
func eachProof(t *testing.T, test func(t *testing.T, w *world, o worldOptions)) {
	t.Helper()
	for _, lost := range []bool{false, true} {
		for number, a := range accesses[1:] {
			if !played(t, number) {
				continue
			}
			t.Run(a.name+map[bool]string{false: "/answered", true: "/answer lost"}[lost], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, a.worldOptions)
					if lost {
						w.FailNext(carriesBy(a.worldOptions), ewstest.DropAfter)
					}
					test(t, w, a.worldOptions)
				})
			})
		}
	}
}

// An item with the same header but without the second half is not a copy.
func TestProofHalfOfTheCopy(t *testing.T) {
	t.Parallel()
	for what, message := range map[string]func(n int) []byte{"text": longText, "attachment": longFile} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			eachProof(t, func(t *testing.T, w *world, o worldOptions) {
				whole := w.Mailbox(alice).Deliver(message(600))
				w.afterCarry(o, func() { w.replaceTaken(message(320)) })
				r, err := w.service.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				assert.False(t, r.Outcome().Done(), "%s", r.Outcome())
				if carriesBy(o) == ews.OpCreateItem {
					require.ErrorContains(t, r.Err(), "differs: it is ")
				}
				left := w.in(alice, theID)
				require.Len(t, left, 1, "the original is gone")
				assert.GreaterOrEqual(t, left[0].Size, whole.Size)
			})
		})
	}
}

// replaceTaken puts another message in place of the one in quarantine, with its stamp.
func (w *world) replaceTaken(message []byte) {
	box := w.Mailbox(vault)
	copied := w.in(vault, theID)[0]
	var stamp []ews.ExtendedProperty
	for field, p := range copied.Properties {
		if field.GUID == driver.StampSet {
			stamp = append(stamp, p)
		}
	}
	box.DeleteMessage(copied.ID)
	box.DeliverWith(message, ewstest.Delivery{Folder: box.AddFolder(nil, "Quarantine"), Received: copied.Received, Extended: stamp})
}

// What the owner has written since the copy was made is in no copy, so the original
// stays until a copy has it.
func TestProofEditedMeanwhile(t *testing.T) {
	t.Parallel()
	for what, edit := range map[string]ewstest.Edit{
		"subject": {Subject: "Invoice - called them, account 4711"},
		"body":    {Body: "Click here. Called them, account 4711."},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			eachProof(t, func(t *testing.T, w *world, o worldOptions) {
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				w.afterCarry(o, func() {
					_, err := w.Mailbox(alice).Person("Alice").Edit(w.in(alice, theID)[0], edit)
					assert.NoError(t, err)
				})
				_, err := w.service.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				kept := slices.ContainsFunc(slices.Concat(w.in(alice, theID), w.in(vault, theID)), func(m *ewstest.Message) bool {
					return strings.Contains(m.Subject+string(m.MIME), "4711")
				})
				assert.True(t, kept, "what the owner wrote is in no copy")
			})
		})
	}
}

// A server that returns only part of a message returns that part to every reader, so
// two such answers do not prove each other.
func TestProofTruncated(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		if carriesBy(a.worldOptions) != ews.OpCreateItem {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, a.worldOptions)
				w.Mailbox(alice).Deliver(append(eml(theID, "Invoice"), "Pay to acc=== Truncated Data ==="...))
				r, err := w.service.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				assert.False(t, r.Outcome().Done())
				require.ErrorContains(t, r.Err(), "truncated export")
				assert.Len(t, w.in(alice, theID), 1)
			})
		})
	}
}

// The owner moves and deletes nothing, and the server changes everything that it may:
// the copy is proved even if the answer to the removal is lost, and the receipt has
// the digest, which is the same in both directions.
func TestProofOnAnOddServer(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		for _, impersonation := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				o := worldOptions{server: ewstest.Options{Odd: ewstest.AllOddities}, impersonation: impersonation, ways: []quarantine.Way{quarantine.WayMIME}}
				w := newWorld(t, o)
				w.Mailbox(alice).Deliver(longFile(3))
				if lost {
					w.FailNext(ews.OpDeleteItem, ewstest.DropAfter)
				}
				r, err := w.service.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				require.NoError(t, r.Err())
				require.Equal(t, quarantine.Quarantined, r.Outcome())
				require.Len(t, r.Items[0].Digest, 64)
				assert.Empty(t, w.in(alice, theID))
				back, err := w.service.Restore(t.Context(), r)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				require.Equal(t, quarantine.Restored, back.Outcome())
				assert.Equal(t, r.Items[0].Digest, back.Items[0].Digest)
			})
		}
	}
}

// Whatever the way, an attempt that another run has begun is proved by content, because
// the owner may have edited the message since, and so is an attempt that nobody vouches
// for. A run's own attempt is not, if the original has not changed.
func TestProofOfAnotherRun(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		for _, edited := range []bool{false, true} {
			for number, a := range accesses {
				if !played(t, number) {
					continue
				}
				if carriesBy(a.worldOptions) != ews.OpUploadItems {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, a.worldOptions)
					w.Mailbox(alice).Deliver(longFile(3))
					ctx, crash := context.WithCancel(t.Context())
					w.afterCarry(a.worldOptions, crash)
					_, _ = w.service.Quarantine(ctx, theTarget)
					require.Len(t, w.in(alice, theID), 1)
					require.Len(t, w.in(vault, theID), 1)
					if edited {
						_, err := w.Mailbox(alice).Person("Alice").Edit(w.in(alice, theID)[0], ewstest.Edit{Body: "4711"})
						require.NoError(t, err)
					}
					if !known {
						w.journal = &quarantine.MemoryJournal{}
					}
					r, err := w.newService(t, a.worldOptions).Quarantine(t.Context(), theTarget)
					require.NoError(t, err)
					assert.Len(t, r.Items[0].Digest, 64)
					assert.Equal(t, !edited, r.Outcome().Done(), "%s: %v", r.Outcome(), r.Err())
					if edited {
						assert.ErrorContains(t, r.Err(), "its text differs")
						assert.Contains(t, string(w.in(alice, theID)[0].MIME), "4711")
						return
					}
					assert.Empty(t, w.in(alice, theID))
				})
			}
		}
	}
	w := newWorld(t, accesses[1].worldOptions)
	w.Mailbox(alice).Deliver(longFile(3))
	r, err := w.service.Quarantine(t.Context(), theTarget)
	require.NoError(t, err)
	require.Equal(t, quarantine.Quarantined, r.Outcome())
	assert.Empty(t, r.Items[0].Digest)
}

// A driver that cannot read content still works as before.
func TestProofWithoutContent(t *testing.T) {
	t.Parallel()
	o := worldOptions{ways: []quarantine.Way{quarantine.WayMIME}}
	w := newWorld(t, o)
	w.Mailbox(alice).Deliver(longFile(3))
	s, err := quarantine.New(ignorant{w.newStrategy(t, o)}, vault, nil)
	require.NoError(t, err)
	r, err := s.Quarantine(t.Context(), theTarget)
	require.NoError(t, err)
	require.Equal(t, quarantine.Quarantined, r.Outcome())
	assert.Empty(t, r.Items[0].Digest)
}
