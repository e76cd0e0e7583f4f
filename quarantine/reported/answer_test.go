package reported_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

func answers() *reported.Answer {
	return &reported.Answer{
		Text:    template.Must(template.New("").Parse("Thank you for “{{.Subject}}”.\nIt was {{.Data}}.\n")),
		Domains: []string{"example.test"},
	}
}

// sent returns how many answers the reporter has received.
func (w *world) sent() int {
	return len(w.Mailbox("bob@example.test").Folder(ews.FolderInbox).Messages())
}

// TestAnswer: there is one answer, however often Answer is called.
func TestAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, report.Answer(t.Context(), "phishing"))
			require.NoError(t, report.Answer(t.Context(), "harmless"))
			require.NoError(t, report.Acknowledge(t.Context()))
			assert.ErrorIs(t, report.Answer(t.Context(), "x"), reported.ErrNotHeld)
			break
		}
		got := w.Mailbox("bob@example.test").Folder(ews.FolderInbox).Messages()
		require.Len(t, got, 1)
		text := string(got[0].MIME)
		assert.Contains(t, text, "In-Reply-To: <r1@example.test>")
		assert.Contains(t, text, "Auto-Submitted: auto-replied")
		assert.Contains(t, text, "It was phishing.")
		assert.Equal(t, "Re: report 1", got[0].Subject)
		assert.Len(t, w.box.Folder(ews.FolderSentItems).Messages(), 1)
		assert.Empty(t, w.box.Folder(ews.FolderDrafts).Messages())
	})
}

// TestNothingIsSent: nothing is sent unless it is allowed, and nothing to anybody outside
// the domains.
func TestNothingIsSent(t *testing.T) {
	for name, tt := range map[string]struct {
		head string
		opts *reported.Options
		is   error
	}{
		"not allowed":    {"From: bob@example.test", &reported.Options{}, reported.ErrNoAnswers},
		"a stranger":     {"From: eve@evil.test", nil, reported.ErrNotAnswerable},
		"below a domain": {"From: eve@sub.example.test", nil, reported.ErrNotAnswerable},
		"the mailbox":    {"From: abuse@example.test", nil, reported.ErrNotAnswerable},
		"a program":      {"From: bob@example.test\r\nAuto-Submitted: auto-generated", nil, reported.ErrNotAnswerable},
		"a list":         {"From: bob@example.test\r\nList-Id: <x.example.test>", nil, reported.ErrNotAnswerable},
		"many":           {"From: bob@example.test\r\nPrecedence: bulk", nil, reported.ErrNotAnswerable},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ewstest.Options{})
				w.box.Deliver([]byte(tt.head + "\r\nSubject: x\r\n\r\ny\r\n"))
				if tt.opts == nil {
					tt.opts = &reported.Options{Answer: answers()}
				}
				for report, err := range w.process().watcher(tt.opts).Watch(t.Context()) {
					require.NoError(t, err)
					assert.ErrorIs(t, report.Answer(t.Context(), nil), tt.is)
					break
				}
				assert.Empty(t, w.box.Folder(ews.FolderSentItems).Messages())
				assert.Empty(t, w.box.Folder(ews.FolderDrafts).Messages())
			})
		})
	}
}

// TestAnswerOfHostileReports: text that a sender wrote cannot add header fields.
func TestAnswerOfHostileReports(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.box.Deliver([]byte("From: bob@example.test\r\nSubject: =?utf-8?q?a=0D=0ABcc:_eve@evil.test=0D=0A?= " + strings.Repeat("x", 3000) +
			"\r\nMessage-ID: <a b\tc@evil.test>\r\n\r\ny\r\n"))
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, report.Answer(t.Context(), nil))
			break
		}
		got := w.Mailbox("bob@example.test").Folder(ews.FolderInbox).Messages()
		require.Len(t, got, 1)
		head, _, _ := strings.Cut(string(got[0].MIME), "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			assert.NotRegexp(t, `(?i)^bcc:`, line)
		}
		assert.NotContains(t, head, "In-Reply-To")
		for _, n := range w.Notices() {
			assert.NotContains(t, n.To, "evil.test")
		}
	})
}

// TestAnswerIsSentOnce: whatever happens to each request, and wherever the process is
// killed, the reporter gets at most one answer; and an answer reported as sent was sent.
func TestAnswerIsSentOnce(t *testing.T) {
	for i, fault := range []struct {
		name  string
		fault ewstest.Fault
	}{{"before", ewstest.DropBefore}, {"after", ewstest.DropAfter}, {"late", ewstest.Late(5 * time.Minute)}, {"busy", ewstest.FaultCode("ErrorServerBusy")}} {
		for n := range 14 {
			if !*whole && (i+n)%3 != 0 {
				continue
			}
			t.Run(fmt.Sprint(fault.name, n), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := newWorld(t, ewstest.Options{})
					w.report(1)
					opts := &reported.Options{Answer: answers(), Interval: 30 * time.Second}
					planned := false
					claimed := w.answering(t.Context(), w.process(), opts, func() {
						if !planned {
							planned = true
							w.Fail(ewstest.When{Skip: n, Times: 1, Request: func(r *ewstest.Request) bool { return r.Operation != ews.OpGetStreamingEvents }}, fault.fault)
						}
					})
					assert.True(t, claimed)
					assert.Equal(t, 1, w.sent())
					assert.Len(t, w.done(), 1)
				})
			})
		}
	}
	for n := range 14 {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("killed at %d %t", n, after), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					newWorld(t, ewstest.Options{}).answerKilled(t, n, after)
				})
			})
		}
	}
}

// answerKilled has a report answered by a process that is killed at its request n, and then
// by another process.
func (w *world) answerKilled(t *testing.T, n int, after bool) {
	w.report(1)
	opts := &reported.Options{Answer: answers(), Interval: 30 * time.Second}
	p := w.process()
	ctx, cancel := context.WithCancel(t.Context())
	p.killed = cancel
	w.answering(ctx, p, opts, func() {
		p.mu.Lock()
		p.left, p.after = n, after
		p.mu.Unlock()
	})
	claimed := w.answering(t.Context(), w.process(), opts, func() {})
	assert.True(t, claimed || len(w.done()) == 1)
	assert.Equal(t, 1, w.sent())
	assert.Len(t, w.done(), 1)
}

// answering watches for an hour, and answers and acknowledges what comes. It reports
// whether an answer was reported as sent.
func (w *world) answering(ctx context.Context, p *process, opts *reported.Options, before func()) (claimed bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for report, err := range p.watcher(opts).Watch(ctx) {
		if err != nil {
			continue
		}
		before()
		for ctx.Err() == nil {
			err := report.Answer(ctx, "phishing")
			if err == nil {
				claimed = true
				break
			}
			undecided, ok := errors.AsType[*reported.UndecidedError](err)
			if ok && undecided.Until.IsZero() || errors.Is(err, reported.ErrNotHeld) {
				break
			}
			time.Sleep(time.Minute)
		}
		for ctx.Err() == nil && report.Acknowledge(ctx) != nil {
			time.Sleep(time.Minute)
		}
	}
	return claimed
}

// TestAnswerRefused: an answer that the server refused to send was not sent, and is sent
// when it is allowed.
func TestAnswerRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		for report, err := range w.process().watcher(&reported.Options{Answer: answers()}).Watch(t.Context()) {
			require.NoError(t, err)
			w.FailNext(ews.OpSendItem, ewstest.MemberCode("ErrorSendAsDenied"))
			err := report.Answer(t.Context(), "phishing")
			require.ErrorContains(t, err, "ErrorSendAsDenied")
			_, undecided := errors.AsType[*reported.UndecidedError](err)
			assert.False(t, undecided, "%v", err)
			require.NoError(t, report.Answer(t.Context(), "phishing"), "the right has been granted")
			break
		}
		assert.Equal(t, 1, w.sent())
	})
}

// TestUndecidedAnswer: an answer that is neither in Drafts nor in Sent Items is not sent
// again.
func TestUndecidedAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		w.report(1)
		opts := &reported.Options{Answer: answers()}
		for report, err := range w.process().watcher(opts).Watch(t.Context()) {
			require.NoError(t, err)
			w.Fail(ewstest.When{Operation: ews.OpSendItem}, ewstest.DropAfter)
			f := w.Fail(ewstest.When{Operation: ews.OpFindItem, Skip: 6}, ewstest.DropBefore)
			err := report.Answer(t.Context(), "phishing")
			undecided, ok := errors.AsType[*reported.UndecidedError](err)
			require.True(t, ok, "%v", err)
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
				assert.ErrorContains(t, undecided, "not sent again")
			}
			break
		}
		assert.Equal(t, 1, w.sent())
	})
}
