package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

const abuse = "abuse@example.test"

// reportLab returns a lab with a mailbox for reports, and the flags for a service that reads
// it.
func reportLab(t *testing.T, rules, reply string) (*lab, []string) {
	t.Helper()
	l := newLab(t)
	l.AddMailbox(abuse, nil)
	l.Mailbox(bob).Deliver(phishingMail(t))
	l.config = l.write(t, "ewsq.json", map[string]any{
		"journalFile": filepath.Join(l.dir, "ewsq.journal"), "access": "impersonation", "stampKey": "0123456789abcdef0123456789abcdef",
	})
	args := []string{"-reports", abuse}
	for _, f := range []struct{ flag, text string }{{"-rules", rules}, {"-reply", reply}} {
		if f.text != "" {
			path := filepath.Join(l.dir, f.flag[1:])
			require.NoError(t, os.WriteFile(path, []byte(f.text), 0o600))
			args = append(args, f.flag, path)
		}
	}
	if reply != "" {
		args = append(args, "-reply-domain", "example.test")
	}
	return l, args
}

// reports delivers a report from alice with a message attached.
func (l *lab) reports(attached []byte) {
	l.Mailbox(abuse).Deliver(fmt.Appendf(nil, "From: Alice <alice@example.test>\r\nTo: abuse@example.test\r\nSubject: suspicious\r\n"+
		"Message-ID: <report@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"+
		"--x\r\nContent-Type: text/plain\r\n\r\nplease look\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--x--\r\n", attached))
}

// reported waits until a report is done and returns it.
func (i *instance) reported(t *testing.T) reportRecord {
	t.Helper()
	i.log.await(t, `msg="report done"`)
	var listed struct{ Reports []reportRecord }
	require.NoError(t, json.Unmarshal([]byte(i.call(t, http.MethodGet, "/reports", "").Text), &listed))
	require.Len(t, listed.Reports, 1)
	assert.Nil(t, listed.Reports[0].Understood)
	var r reportRecord
	require.NoError(t, json.Unmarshal([]byte(i.call(t, http.MethodGet, "/reports/"+listed.Reports[0].ID, "").Text), &r))
	return r
}

// doneReports returns how many reports are in the folder of reports that are done.
func (l *lab) doneReports() (n int) {
	for _, f := range l.Mailbox(abuse).Folders() {
		if strings.HasSuffix(f.Path(), "Reported/Done") {
			n += len(f.Messages())
		}
	}
	return n
}

// answers returns the texts of the answers sent to alice.
func (l *lab) answers() (texts []string) {
	for _, m := range l.Mailbox(alice).Folder(ews.FolderInbox).Messages() {
		if strings.HasPrefix(m.Subject, "Re: ") {
			texts = append(texts, string(m.MIME))
		}
	}
	return texts
}

// TestReport: a message that matches a rule is taken from the reporter and from all
// recipients; the receipts, the alert and the report name each other; and the reporter is
// answered.
func TestReport(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string]string{
		"sender": `{"rules":[{"name":"fake helpdesk","senders":["evil.example"]}]}`,
		"link":   `{"rules":[{"name":"fake helpdesk","linkHosts":["evil.example"]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, args := reportLab(t, rules, "Thank you. Taken from {{.Data.Taken}} mailboxes, {{.Data.Failed}} could not be searched.")
			s := l.start(t, args...)
			s.log.await(t, `msg="watching reports"`)
			l.reports(phishingMail(t)) // a notification arrives

			r := s.reported(t)
			assert.Equal(t, []string{"fake helpdesk"}, r.Rules)
			assert.Equal(t, alice, r.By)
			assert.Equal(t, "sent", r.Answer)
			assert.True(t, r.Done)
			require.Len(t, r.Alerts, 1)
			require.NotNil(t, r.Understood)
			assert.Equal(t, phishing, r.Understood.Messages[0].MessageID)

			a := s.done(t, r.Alerts[0], actionQuarantine)
			assert.Equal(t, &reportRef{r.ID, abuse}, a.Report)
			assert.Equal(t, alice, a.Mailboxes[0], "the reporter's copy first")
			require.NotEmpty(t, a.Results)
			for _, res := range a.Results {
				assert.Empty(t, res.Error)
				if res.Mailbox == alice {
					assert.Equal(t, quarantine.Quarantined, res.Outcome)
					assert.Equal(t, "report-"+r.ID+"-1", res.Receipt.Target.Reference, "the receipt names the report")
				}
			}
			assert.Zero(t, l.copies(alice))
			if answers := l.answers(); assert.Len(t, answers, 1) {
				assert.Contains(t, answers[0], "Taken from")
			}
			assert.Equal(t, 1, l.doneReports())
			assert.NotContains(t, s.log.String(), "Your mailbox is full")
			s.stop()
			s.end(t)
		})
	}
}

// TestReportByHash: a rule with the hash of an attachment takes the reported message from
// everybody who got it, but no message that only has the same Message-ID and subject.
func TestReportByHash(t *testing.T) {
	t.Parallel()
	file := []byte("%PDF-1.7 malicious")
	carrying := func(to string, content []byte) []byte {
		return fmt.Appendf(nil, "From: Billing <billing@evil.example>\r\nTo: alice@example.test, bob@example.test\r\nSubject: Your invoice\r\nX-To: %s\r\n"+
			"Message-ID: <invoice@evil.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n"+
			"--y\r\nContent-Type: application/pdf; name=invoice.pdf\r\nContent-Disposition: attachment; filename=invoice.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--y--\r\n",
			to, base64.StdEncoding.EncodeToString(content))
	}
	sum := sha256.Sum256(file)
	l, args := reportLab(t, fmt.Sprintf(`{"rules":[{"name":"known dropper","sha256":["%X"]}]}`, sum), "")
	l.Mailbox(alice).Deliver(carrying(alice, file))
	l.Mailbox(bob).Deliver(carrying(bob, file))
	l.Mailbox(bob).Deliver(carrying(bob, []byte("%PDF-1.7 another one")))
	l.reports(carrying(alice, file))
	s := l.start(t, args...)

	r := s.reported(t)
	assert.Equal(t, []string{"known dropper"}, r.Rules)
	require.Len(t, r.Alerts, 1)
	taken := make(map[string]int)
	for _, res := range s.done(t, r.Alerts[0], actionQuarantine).Results {
		assert.Empty(t, res.Error)
		if res.Outcome == quarantine.Quarantined {
			taken[res.Mailbox]++
		}
	}
	assert.Equal(t, map[string]int{alice: 1, bob: 1}, taken)
	left := func(address string) (n int) {
		for _, m := range l.Mailbox(address).Folder(ews.FolderInbox).Messages() {
			if m.MessageID == "<invoice@evil.example>" {
				n++
			}
		}
		return n
	}
	assert.Zero(t, left(alice))
	assert.Equal(t, 1, left(bob), "the file of the third one has another hash")
}

// TestReportOfNoRule: nothing is taken, nobody is answered, and people can see it.
func TestReportOfNoRule(t *testing.T) {
	t.Parallel()
	l, args := reportLab(t, `{"rules":[{"name":"other","senders":["other.example"],"linkHosts":["other.example"]}]}`, "")
	l.reports(phishingMail(t))
	s := l.start(t, args...)
	r := s.reported(t)
	assert.Empty(t, r.Rules)
	assert.Empty(t, r.Alerts)
	assert.Equal(t, phishing, r.Understood.Messages[0].MessageID)
	assert.Equal(t, 1, l.copies(alice))
	assert.Empty(t, l.answers())
	assert.Equal(t, 1, l.doneReports())
	assert.Equal(t, http.StatusNotFound, s.call(t, http.MethodGet, "/reports/x", "").Status)
}

// TestForgedReport: a report that shows a malicious message with the Message-ID of an
// innocent one takes nothing.
func TestForgedReport(t *testing.T) {
	t.Parallel()
	l, args := reportLab(t, `{"rules":[{"name":"fake helpdesk","senders":["evil.example"],"linkHosts":["evil.example"]}]}`, "")
	innocent := []byte("From: Boss <boss@good.example>\r\nTo: alice@example.test\r\nSubject: Salaries\r\nMessage-ID: <innocent@good.example>\r\n\r\nhttps://good.example/\r\n")
	l.Mailbox(alice).Deliver(innocent)
	forged := strings.NewReplacer("boss@good.example", "boss@evil.example", "https://good.example/", "https://evil.example/").Replace(string(innocent))
	l.reports([]byte(forged))
	s := l.start(t, args...)
	r := s.reported(t)
	require.Len(t, r.Alerts, 1)
	for _, res := range s.done(t, r.Alerts[0], actionQuarantine).Results {
		assert.Equal(t, quarantine.NotFound, res.Outcome)
	}
	assert.Empty(t, l.Mailbox(vault).Folder(ews.FolderInbox).Messages())
	found := false
	for _, m := range l.Mailbox(alice).Messages() {
		found = found || m.MessageID == "<innocent@good.example>"
	}
	assert.True(t, found)
}

// TestReportOverRestart: a service that is stopped in the middle of a report finishes it after
// the next start, with one alert and one answer.
func TestReportOverRestart(t *testing.T) {
	t.Parallel()
	l, args := reportLab(t, `{"rules":[{"name":"fake helpdesk","senders":["evil.example"]}]}`, "Thank you.")
	l.reports(phishingMail(t))
	held := l.holdSeveral(t, 2, operation(ews.OpExportItems)) // with only one, the other might be cut off while being marked
	args = append(args, "-report-pause", "1s")
	s := l.start(t, append(args, "-grace", "1ms")...)
	<-held.reached
	s.stop()
	s.end(t)
	held.open() // once nobody continues with the exported message
	assert.Empty(t, l.answers())
	assert.Zero(t, l.doneReports())

	s = l.start(t, args...)
	r := s.reported(t)
	assert.Len(t, r.Alerts, 1)
	assert.Equal(t, "sent", r.Answer)
	assert.Zero(t, l.copies(alice))
	assert.Zero(t, l.copies(bob))
	assert.Equal(t, 2, l.copies(vault))
	assert.Len(t, l.answers(), 1)
	assert.Equal(t, 1, l.doneReports())
}

// TestReportFlags: flags that do not go together are refused.
func TestReportFlags(t *testing.T) {
	t.Parallel()
	l, _ := reportLab(t, "", "")
	file := func(text string) string {
		f, err := os.CreateTemp(l.dir, "rules")
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return f.Name()
	}
	plain := l.write(t, "plain.json", map[string]any{"messageIdSearch": false})
	for says, args := range map[string][]string{
		"-reports ADDRESS, which is missing": {"-rules", file("{}")},
		"-reply-domain go together":          {"-reports", abuse, "-reply", file("x")},
		`-reports "x"`:                       {"-reports", "x"},
		"needs a name":                       {"-reports", abuse, "-rules", file(`{"rules":[{"name":"x"}]}`)},
		"unknown field":                      {"-reports", abuse, "-rules", file(`{"rule":[]}`)},
		"a domain":                           {"-reports", abuse, "-rules", file(`{"rules":[{"name":"x","senders":["com"]}]}`)},
		"has the host":                       {"-reports", abuse, "-rules", file(`{"rules":[{"name":"x","linkHosts":["https://evil.example/"]}]}`)},
		"64 hexadecimal":                     {"-reports", abuse, "-rules", file(`{"rules":[{"name":"x","sha256":["abc"]}]}`)},
		"follows the object":                 {"-reports", abuse, "-rules", file(`{} {}`)},
		"-reply: template":                   {"-reports", abuse, "-reply", file("{{"), "-reply-domain", "example.test"},
		"messageIdSearch":                    {"-config", plain, "-reports", abuse, "-rules", file(`{"rules":[{"name":"x","senders":["evil.example"]}]}`)},
	} {
		log := newWatched()
		code := run(t.Context(), append([]string{"-config", l.config, "-addr", "127.0.0.1:0"}, args...), log, log, func(name string) (string, bool) { v, ok := l.env[name]; return v, ok })
		assert.Equal(t, 2, code, says)
		assert.Contains(t, log.String(), says)
	}
}
