package reported_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestGraphAnswer: there is one answer, however often Answer is called, and that returns
// immediately, although Graph may send it a little later.
func TestGraphAnswer(t *testing.T) {
	for _, delay := range []time.Duration{0, 5 * time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newGraphWorld(t, &graphtest.Options{SendDelay: delay})
				w.report(1)
				for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
					require.NoError(t, err)
					require.NoError(t, report.Answer(t.Context(), "phishing"))
					require.NoError(t, report.Answer(t.Context(), "harmless"))
					require.NoError(t, report.Acknowledge(t.Context()))
					break
				}
				got := w.Mailbox("bob@example.test").Folder(ews.FolderInbox).Messages()
				require.Len(t, got, 1)
				text := string(got[0].MIME)
				assert.Contains(t, text, "In-Reply-To: <r1@example.test>")
				assert.Contains(t, text, "Auto-Submitted: auto-replied")
				assert.Contains(t, text, "It was phishing.")
				assert.Len(t, w.box.Folder(ews.FolderSentItems).Messages(), 1)
				assert.Empty(t, w.box.Folder(ews.FolderDrafts).Messages())
			})
		})
	}
}

// TestGraphAnswerWithoutTheRight: without Mail.Send nothing is sent, and the error names
// what is missing; once it is granted, the earlier draft is sent.
func TestGraphAnswerWithoutTheRight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		w.graph.Consent("app", "Mail.ReadWrite", "User.Read.All")
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			assert.ErrorContains(t, report.Answer(t.Context(), "x"), "Mail.Send")
			w.graph.Consent("app", graphtest.AllRoles()...)
			require.NoError(t, report.Answer(t.Context(), "x"))
			break
		}
		assert.Equal(t, 1, w.sent())
		assert.Empty(t, w.box.Folder(ews.FolderDrafts).Messages())
	})
}

// TestGraphAnswerIsSentOnce: whatever happens to each request, and wherever the process is
// killed, the reporter gets at most one answer; and an answer reported as sent was sent.
func TestGraphAnswerIsSentOnce(t *testing.T) {
	const requests = 24
	for i, fault := range []graphtest.Fault{graphtest.DropBefore, graphtest.DropAfter, graphtest.Late(5 * time.Minute), graphtest.GatewayTimeout, graphtest.Throttled(0), graphtest.Conflict} {
		for n := range requests {
			if !*whole && (i+n)%5 != 0 {
				continue
			}
			t.Run(fmt.Sprint(fault.Name, " ", n), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := newGraphWorld(t, &graphtest.Options{SendDelay: time.Duration(n%2) * 3 * time.Second})
					w.report(1)
					opts := &reported.Options{Answer: answers(), Interval: 30 * time.Second}
					planned := false
					claimed := w.answering(t.Context(), w.process(), opts, func() {
						if !planned {
							planned = true
							w.graph.Fail(graphtest.When{Skip: n, Times: 1}, fault)
						}
					})
					assert.True(t, claimed)
					assert.Equal(t, 1, w.sent())
					assert.Len(t, w.done(), 1)
				})
			})
		}
	}
	for n := range requests {
		for _, after := range []bool{false, true} {
			if !*whole && (n%3 == 0) == after {
				continue
			}
			t.Run(fmt.Sprintf("killed at %d %t", n, after), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					newGraphWorld(t, nil).answerKilled(t, n, after)
				})
			})
		}
	}
}

// TestGraphUndecidedAnswer: an answer that is neither in Drafts nor in Sent Items is not
// sent again.
func TestGraphUndecidedAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newGraphWorld(t, nil)
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			sending := false
			w.graph.OnRequest(func(_ int, r *graphtest.Request) { sending = sending || r.Operation == graphtest.OpSendMessage })
			w.graph.Fail(graphtest.When{Operation: graphtest.OpSendMessage}, graphtest.DropAfter)
			f := w.graph.Fail(graphtest.When{Operation: graphtest.OpBatch, Request: func(*graphtest.Request) bool { return sending }}, graphtest.DropBefore)
			undecided, ok := errors.AsType[*reported.UndecidedError](report.Answer(t.Context(), "phishing"))
			require.True(t, ok)
			assert.WithinDuration(t, time.Now().Add(15*time.Minute), undecided.Until, time.Minute)
			f.Cancel()
			for _, m := range w.box.Folder(ews.FolderSentItems).Messages() {
				w.box.DeleteMessage(m.ID) // somebody tidies up
			}
			time.Sleep(16 * time.Minute)
			for range 2 {
				undecided, ok = errors.AsType[*reported.UndecidedError](report.Answer(t.Context(), "phishing"))
				require.True(t, ok)
				assert.True(t, undecided.Until.IsZero())
			}
			break
		}
		assert.Equal(t, 1, w.sent())
	})
}
