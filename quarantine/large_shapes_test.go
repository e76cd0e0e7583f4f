package quarantine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// largeShapes returns messages that have a lot of something, or nothing at all. The
// larger n is, the more they have.
func largeShapes(n int) map[string]string {
	const head = "From: m@evil.example\r\nTo: alice@example.test\r\nMIME-Version: 1.0\r\nMessage-ID: " + theID + "\r\n"
	const link = "hi http://evil.example/p\r\n"
	many := &strings.Builder{}
	fmt.Fprint(many, head+"Subject: many\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"+link)
	for i := range n { // two for each name
		fmt.Fprintf(many, "--b\r\nContent-Type: text/plain; name=f%d.txt\r\nContent-Disposition: attachment; filename=f%[1]d.txt\r\n\r\nx%d\r\n", i/2, i)
	}
	fmt.Fprint(many, "--b--\r\n")
	people := &strings.Builder{}
	fmt.Fprint(people, "From: m@evil.example\r\nMessage-ID: "+theID+"\r\nTo: u0@example.test")
	for i := range 3 * n {
		fmt.Fprintf(people, ",\r\n \"User, %d\" <u%[1]d@example.test>", i)
	}
	fmt.Fprint(people, "\r\nSubject: "+strings.Repeat("s", 255)+"\r\n")
	for i := range n {
		fmt.Fprintf(people, "X-H%d: %s\r\n", i, strings.Repeat("v", 60))
	}
	nested := "From: m@evil.example\r\nSubject: in\r\nMessage-ID: <in@evil.example>\r\nContent-Type: text/plain\r\n\r\n" + link
	deep := 30 + n/50
	for i := range deep {
		id := fmt.Sprintf("<%d@evil.example>", i)
		if i == deep-1 {
			id = theID
		}
		nested = fmt.Sprintf("From: m@evil.example\r\nSubject: n%d\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b%[1]d\r\n\r\n"+
			"--b%[1]d\r\nContent-Type: message/rfc822\r\n\r\n%[3]s\r\n--b%[1]d--\r\n", i, id, nested)
	}
	return map[string]string{
		"attachments": many.String(), "recipients": people.String() + "\r\n" + link, "nested": nested,
		"no sender": "Subject: \r\nMessage-ID: " + theID + "\r\n\r\n" + link, "no body": head + "\r\n", "no header": "Message-ID: " + theID + "\r\n\r\n",
		"one long line": head + "Subject: x\r\n\r\n" + strings.Repeat("word ", 20*n) + link,
	}
}

// Each goes there and back by every way unchanged; a link in it is found, or the
// search reports that it is not complete.
func TestLargeShapes(t *testing.T) {
	t.Parallel()
	n := 100
	if *whole {
		n = 1500
	}
	for name, message := range largeShapes(n) {
		for i, a := range accesses {
			if !*whole && (i == 1 || i == 2) {
				continue // the same ways by FullAccess
			}
			t.Run(a.name+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := a.worldOptions
					o.settings = func(s *quarantine.Options) { s.CriteriaSearch = true }
					w := newWorld(t, o)
					w.Mailbox(alice).DeliverWith([]byte(message), ewstest.Delivery{Read: true})
					before := w.in(alice, theID)
					require.Len(t, before, 1)
					if strings.Contains(message, "http://") {
						found, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
							URL: "http://evil.example/p", ReceivedAfter: time.Now().Add(-time.Hour), ReceivedBefore: time.Now().Add(time.Hour),
						}})
						require.NoError(t, err)
						assert.Positive(t, len(found.Items)+len(found.Unsearched), "neither found nor undecided")
					}
					r := w.taken(t)
					require.NoError(t, r.Err())
					w.count(t, 0, 1, "after the quarantine")
					back, err := w.service.Restore(t.Context(), r)
					require.NoError(t, err)
					require.NoError(t, back.Err())
					after := w.in(alice, theID)
					require.Len(t, after, 1)
					assert.Len(t, after[0].Attachments, len(before[0].Attachments))
					assert.Equal(t, before[0].Subject, after[0].Subject)
					assert.True(t, after[0].Read)
					assert.False(t, after[0].Draft)
					assert.True(t, after[0].Received.Equal(before[0].Received))
				})
			})
		}
	}
}
