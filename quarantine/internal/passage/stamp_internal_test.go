package passage

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The print by which a stamp recognises its item, and the seal, are the ones that the
// build of 2026-11-29 made from the same data: another build must be able to continue what
// it left.
func TestPrintAndSealStayTheSame(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 11, 24, 10, 0, 0, 123e6, time.UTC)
	it := driver.Item{MessageID: "<one@evil.example>", Class: "IPM.Note", Received: received, Sent: received.Add(-time.Minute)}
	for want, change := range map[string]func(*driver.Item){
		"hen0DYatEjb9_S3MmFM6bw": func(*driver.Item) {},
		"mxW6791t1qbCt_dFUlvwsg": func(it *driver.Item) { it.Sent = time.Time{} },
		"iFE_SEVL_t3PtCHbGpGMmw": func(it *driver.Item) { it.Received, it.MessageID = time.Time{}, "" },
	} {
		changed := it
		change(&changed)
		assert.Equal(t, want, printOf(changed))
	}
	same := it
	same.MessageID, same.Class, same.Received = "one@evil.example", "ipm.note", received.Truncate(time.Second)
	assert.Equal(t, printOf(it), printOf(same))

	key := []byte("0123456789abcdef0123456789abcdef")
	s := driver.Stamp{
		Operation: "opopopopopopopopopopopopop", Attempt: "atatatatatatatatatatatatat", Mailbox: "Alice@example.test", Direction: driver.ToQuarantine,
		Folder: driver.Folder{ID: "AAMkAA==", Path: "/Inbox", Base: "inbox"}, Lease: received.Add(time.Hour), Print: printOf(it), At: received,
	}
	s.Seal = seal(s, key)
	assert.Equal(t, "B74p7DNm-b8vyhoms8qBvg", s.Seal)
	e := &Engine{Keys: [][]byte{[]byte("another key of enough length 123"), key}}
	assert.True(t, e.sealed(s))
	s.Read, s.At = true, s.At.Add(time.Hour) // may change under the same attempt
	assert.True(t, e.sealed(s))
	// Also with a path that is too long to be stored, or that has a bar.
	for _, f := range []driver.Folder{
		{Path: "/Inbox/" + strings.Repeat("a", 150), Base: "inbox", Below: strings.Repeat("a", 150)},
		{Path: "/Inbox/" + strings.Repeat("a", 300), Base: "inbox", Below: strings.Repeat("a", 300)},
		{Path: "/Posteingang von Alice/" + strings.Repeat("b", 235), Base: "inbox", Below: strings.Repeat("b", 235)},
		{Path: "/a|b/c", Base: "msgfolderroot", Below: "a|b/c"}, {ID: strings.Repeat("i", 400), Path: "/Kalender/x", Base: "calendar", Below: "x"}, {},
	} {
		far := s
		far.Folder = f
		far.Seal = seal(far, key)
		stored := driver.ParseStamp(far.Values())
		if assert.NotNil(t, stored) {
			assert.True(t, e.sealed(*stored), "%v", f)
		}
	}
	for name, forge := range map[string]func(*driver.Stamp){
		"mailbox": func(s *driver.Stamp) { s.Mailbox = "bob@example.test" }, "folder": func(s *driver.Stamp) { s.Folder.ID = "AAMkBB==" },
		"direction": func(s *driver.Stamp) { s.Direction = driver.ToUser }, "attempt": func(s *driver.Stamp) { s.Attempt = "another" },
		"lease": func(s *driver.Stamp) { s.Lease = s.Lease.Add(time.Hour) }, "print": func(s *driver.Stamp) { s.Print = "another" },
	} {
		forged := s
		forge(&forged)
		assert.False(t, e.sealed(forged), name)
	}
}
