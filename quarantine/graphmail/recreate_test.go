package graphmail_test

import (
	"encoding/base64"
	"fmt"
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

func anew(o *graphmail.Options) { o.Ways = []driver.Way{driver.WayRecreate} }

// part is a part of a multipart.
func part(header, body string) string { return "--b\r\n" + header + "\r\n\r\n" + body + "\r\n" }

func file(name string, size int) string {
	content := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name+".", size/(len(name)+1)+1)[:size]))
	var lines strings.Builder
	for len(content) > 76 {
		lines.WriteString(content[:76] + "\r\n")
		content = content[76:]
	}
	return part("Content-Type: application/pdf; name="+name+"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="+name, lines.String()+content)
}

// letter returns a message with a body of the given type.
func letter(contentType, body string, headers ...string) []byte {
	head := []string{"From: Mallory <mallory@evil.example>", "Sender: Minion <minion@evil.example>", "To: Alice <alice@example.test>, bob@example.test", "Cc: carol@example.test", "Reply-To: back@evil.example",
		"Date: Tue, 24 Nov 2026 10:00:00 +0000", "Subject: =?utf-8?q?Rechnung_f=C3=BCr_Alice?=", "Message-ID: " + theID, "MIME-Version: 1.0"}
	return []byte(strings.Join(append(append(head, headers...), "Content-Type: "+contentType, "", body), "\r\n"))
}

const (
	plain = "text/plain; charset=utf-8"
	page  = "text/html; charset=utf-8"
	mixed = "multipart/mixed; boundary=b"
)

// Messages that are made anew are proved, and come back with everything that the package
// comment lists.
func TestMadeAnew(t *testing.T) {
	t.Parallel()
	large := file("large.pdf", 3_300_000) + file("small.txt", 100)
	for name, mime := range map[string][]byte{
		"text":        letter(plain, "Click here: https://evil.example/ü\r\n\r\n-- \r\nM."),
		"page":        letter(page, `<html><body onload="x()"><script>evil()</script><a href="https://evil.example">here</a></body></html>`),
		"both":        letter("multipart/alternative; boundary=b", part("Content-Type: "+plain, "Click https://evil.example")+part("Content-Type: "+page, `<p>Click <a href="https://evil.example">here</a></p>`)+"--b--"),
		"files":       letter(mixed, part("Content-Type: "+page, "<p>Hi</p>")+file("a.pdf", 1000)+file("b.pdf", 10)+"--b--"),
		"image":       letter("multipart/related; boundary=b", part("Content-Type: "+page, `<img src="cid:logo@x">`)+part("Content-Type: image/png; name=logo.png\r\nContent-ID: <logo@x>\r\nContent-Disposition: inline; filename=logo.png\r\nContent-Transfer-Encoding: base64", "iVBORw0KGgo=")+"--b--"),
		"large files": letter(mixed, part("Content-Type: "+plain, "Hi")+large+"--b--"),
		"no text":     letter(plain, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				box := w.Mailbox(alice)
				box.DeliverWith(mime, ewstest.Delivery{Categories: []string{"red"}, Importance: "High", Received: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)})
				_, err := box.Person("owner").Flag(w.in(alice, theID)[0], ews.Flag{Status: "Flagged"})
				require.NoError(t, err)
				before := w.in(alice, theID)[0]
				p := w.process(t, new(quarantine.MemoryJournal), anew)
				receipt, err := p.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, receipt.Err())
				assert.Equal(t, driver.WayRecreate, receipt.Items[0].Way)
				assert.Empty(t, w.in(alice, theID))
				require.Len(t, w.in(vault, theID), 1)
				back, err := p.Restore(t.Context(), receipt)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Empty(t, w.in(vault, theID))
				require.Len(t, w.in(alice, theID), 1)
				after := w.in(alice, theID)[0]
				assert.Equal(t, []any{before.Folder, before.Subject, before.Read, before.Importance, before.Categories, before.Received.UTC(), before.Flag.Status},
					[]any{after.Folder, after.Subject, after.Read, after.Importance, after.Categories, after.Received.UTC(), after.Flag.Status})
				assert.False(t, stamped(after))
				for _, text := range []string{"mallory@evil.example", "minion@evil.example", "bob@example.test", "carol@example.test", "back@evil.example"} {
					assert.Contains(t, string(after.MIME), text)
				}
				assert.Len(t, after.Attachments, len(before.Attachments))
				assert.Empty(t, w.Notices())
				if name == "large files" {
					assert.NotEmpty(t, operations(w)[graphtest.OpUploadRange])
				} else {
					assert.Equal(t, 2, operations(w)[graphtest.OpCreateInFolder], "one request each time")
				}
				assert.Zero(t, operations(w)[graphtest.OpExportItems])
			})
		})
	}
}

func operations(w *world) map[graphtest.Operation]int {
	all := make(map[graphtest.Operation]int)
	for _, r := range w.Requests() {
		all[r.Operation]++
	}
	return all
}

// A message that would lose more than documented stays where it is, and no copy is made.
func TestNotMadeAnew(t *testing.T) {
	t.Parallel()
	attached := part("Content-Type: message/rfc822", "Subject: inner\r\nFrom: a@b.example\r\n\r\nhello")
	signature := part("Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64", "AAAA")
	for says, mime := range map[string][]byte{
		"attached message":     letter(mixed, part("Content-Type: "+plain, "Hi")+attached+"--b--"),
		"class IPM.Note.SMIME": letter("multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=b", part("Content-Type: "+plain, "Hi")+signature+"--b--"),
		"class IPM.Schedule":   letter("text/calendar; method=REQUEST; charset=utf-8", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261124T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR"),
		"2 texts":              letter(mixed, part("Content-Type: "+plain, "Hi")+part("Content-Type: "+plain, "there")+"--b--"),
		"longer than Graph":    letter(plain, strings.Repeat("Click here. ", 400_000)),
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.Mailbox(alice).Deliver(mime)
				p := w.process(t, new(quarantine.MemoryJournal), anew)
				receipt, err := p.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.ErrorContains(t, receipt.Err(), says)
				assert.Equal(t, quarantine.Refused, receipt.Items[0].Outcome)
				require.Len(t, w.in(alice, theID), 1)
				assert.False(t, stamped(w.in(alice, theID)[0]))
				assert.Empty(t, w.in(vault, theID))
				assert.Zero(t, operations(w)[graphtest.OpCreateInFolder])
			})
		})
	}
}

// A message is made anew only if that is explicitly allowed, and only if Graph
// permanently refuses the faithful way.
func TestWhenMadeAnew(t *testing.T) {
	t.Parallel()
	both := func(o *graphmail.Options) { o.Ways = []driver.Way{driver.WayTransfer, driver.WayRecreate} }
	denied := func(w *world) { w.Consent("app", "Mail.ReadWrite", "User.Read.All") }
	corrupt := func(w *world) {
		w.Fail(graphtest.When{Operation: graphtest.OpExportItems}, graphtest.ExportFails("ErrorCorruptData"))
	}
	for _, c := range []struct {
		name string
		fail func(*world)
		ways func(*graphmail.Options)
		way  driver.Way
	}{
		{"denied", denied, both, driver.WayRecreate},
		{"corrupt", corrupt, both, driver.WayRecreate},
		{"denied, not allowed", denied, func(*graphmail.Options) {}, ""},
		{"nothing wrong", func(*world) {}, both, driver.WayTransfer},
		{"busy", func(w *world) {
			w.Fail(graphtest.When{Operation: graphtest.OpExportItems}, graphtest.Unavailable)
		}, both, ""},
		{"unknown outcome", func(w *world) {
			w.Fail(graphtest.When{Operation: graphtest.OpImportItem, Times: 1}, graphtest.DropBefore)
		}, both, ""},
		{"gone", func(w *world) {
			w.Fail(graphtest.When{Operation: graphtest.OpExportItems}, graphtest.ExportFails("ErrorItemNotFound"))
		}, both, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				c.fail(w)
				s := w.strategy(t, c.ways)
				carriage := carriage(t, w, s)
				carried, err := s.Carry(t.Context(), carriage)
				if c.way == "" {
					require.Error(t, err)
					assert.Zero(t, operations(w)[graphtest.OpCreateInFolder])
					assert.Empty(t, w.in(vault, theID))
					return
				}
				require.NoError(t, err)
				assert.Equal(t, []any{c.way, c.way == driver.WayTransfer}, []any{carried.Way, carried.Faithful})
				assert.Len(t, w.in(vault, theID), 1)
			})
		})
	}
	_, err := graphmail.New(http.DefaultTransport, &graphmail.Options{Ways: []driver.Way{driver.WayMIME}})
	assert.ErrorIs(t, err, driver.ErrInvalid)
}

// A message that could not be completed is not a copy: it is put aside, the original
// stays, and the error reports that.
func TestMadeAnewInPart(t *testing.T) {
	t.Parallel()
	mime := letter(mixed, part("Content-Type: "+plain, "Hi")+file("large.pdf", 3_300_000)+"--b--")
	for name, fault := range map[string]struct {
		op    graphtest.Operation
		fault graphtest.Fault
		known bool // it is known to be no copy
	}{
		"session refused":     {graphtest.OpCreateUploadSession, graphtest.Status(403, "ErrorAccessDenied"), true},
		"range refused":       {graphtest.OpUploadRange, graphtest.Status(413, "ErrorMessageSizeExceeded"), true},
		"range lost":          {graphtest.OpUploadRange, graphtest.DropBefore, true},
		"stamp refused":       {graphtest.OpUpdateMessage, graphtest.Status(403, "ErrorAccessDenied"), true},
		"stamp lost":          {graphtest.OpUpdateMessage, graphtest.DropBefore, false},
		"stamp kept, no word": {graphtest.OpUpdateMessage, graphtest.DropAfter, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				s := w.strategy(t, anew)
				w.Mailbox(alice).Deliver(eml("<first@evil.example>", "x"))
				c := carriageOf(t, w, s, mime)
				w.Fail(graphtest.When{Operation: fault.op}, fault.fault)
				_, err := s.Carry(t.Context(), c)
				require.ErrorContains(t, err, map[bool]string{true: "an incomplete copy was made", false: "whether it was then marked as the copy is not known"}[fault.known])
				assert.Equal(t, fault.known, driver.Untouched(err), "%v", err)
				assert.NotErrorIs(t, err, driver.ErrGone)
				assert.NotContains(t, err.Error(), "authtoken")
				w.ClearFaults()
				require.Len(t, w.in(alice, theID), 1)
				left := w.in(vault, theID)
				require.Len(t, left, 1)
				if fault.known {
					assert.Equal(t, "/Deleted Items", left[0].Folder)
				}
				it := one(t, s.Mailbox(vault), driver.Query{MessageID: theID})
				require.NotNil(t, it.Stamp)
				assert.Equal(t, fault.fault.Name == graphtest.DropAfter.Name, it.Stamp.Direction == driver.ToQuarantine)

				// The engine still reaches the right result.
				if name != "range refused" {
					return
				}
				p := w.process(t, new(quarantine.MemoryJournal), anew)
				receipt, err := p.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, receipt.Err())
				assert.Empty(t, w.in(alice, theID))
				assert.Len(t, w.in(vault, theID), 2, "one of them is marked as surplus")
			})
		})
	}
}

func carriageOf(t *testing.T, w *world, s driver.Strategy, mime []byte) driver.Carriage {
	t.Helper()
	w.Mailbox(alice).Deliver(mime)
	from, to := s.Mailbox(alice), s.Mailbox(vault)
	stamp := &driver.Stamp{Operation: driver.NewOperation(), Attempt: driver.NewOperation(), Lease: time.Now().Add(time.Minute), Mailbox: alice, Direction: driver.ToQuarantine, At: time.Now(), IDs: s.System()}
	it, err := from.Mark(t.Context(), one(t, from, driver.Query{MessageID: theID}), driver.Change{Stamp: stamp})
	require.NoError(t, err)
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	require.NoError(t, err)
	return driver.Carriage{From: from, Item: it, To: to, Folder: folder}
}

// Headers that can be kept are kept, but no more than Graph accepts.
func TestMadeAnewHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t, anew)
	headers := []string{"X-MS-Exchange-Organization-SCL: 9", "Received: from evil.example by mx", "X-Long: " + strings.Repeat("y", 950)}
	for i := range 7 {
		headers = append(headers, fmt.Sprintf("X-Mailer-%d: %d", i, i))
	}
	c := carriageOf(t, w, s, letter(plain, "Hi", headers...))
	_, err := s.Carry(t.Context(), c)
	require.NoError(t, err)
	mime := string(w.in(vault, theID)[0].MIME)
	assert.Contains(t, mime, "X-Mailer-0: 0")
	assert.Contains(t, mime, "X-Mailer-4: 4")
	for _, lost := range []string{"X-Mailer-5", "X-MS-Exchange", "Received", "X-Long"} {
		assert.NotContains(t, mime, lost)
	}
}
