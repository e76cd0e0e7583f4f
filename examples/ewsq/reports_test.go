package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// setupReports returns a bundle with a mailbox for reports. It has two reports: one with the
// phishing mail attached, and one that cannot be understood.
func setupReports(t *testing.T) *bundle {
	t.Helper()
	b := newBundle(t)
	abuse := b.srv.AddMailbox("abuse@example.test", nil)
	b.srv.GrantFullAccess("svc", "abuse@example.test")
	b.srv.GrantSendAs("svc", "abuse@example.test")
	attached := "From: Alice <alice@example.test>\r\nTo: abuse@example.test\r\nSubject: strange mail\r\nMessage-ID: <report-1@example.test>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: text/plain\r\n\r\nIs this ours?\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" +
		string(message(t, "phishing.eml")) + "\r\n--o--\r\n"
	abuse.Deliver([]byte(attached))
	abuse.Deliver([]byte("From: Bob <bob@example.test>\r\nTo: abuse@example.test\r\nSubject: help\r\nMessage-ID: <report-2@example.test>\r\n\r\nI deleted it.\r\n"))
	return b
}

// reportsOf returns the ids of the waiting reports, by the address of the reporter.
func (b *bundle) reportsOf(t *testing.T) map[string]string {
	t.Helper()
	r := b.run(t, "reports", "list", "-mailbox", "abuse@example.test")
	require.Equal(t, exitDone, r.status, r.stderr)
	ids := make(map[string]string)
	for _, line := range r.lines {
		by := line["understood"].(map[string]any)["by"].(map[string]any)["email"].(string)
		ids[by] = line["id"].(string)
	}
	return ids
}

func TestReports(t *testing.T) {
	t.Parallel()
	b := setupReports(t)
	ids := b.reportsOf(t)
	require.Len(t, ids, 2)
	abuse := b.srv.Mailbox("abuse@example.test")
	require.Len(t, abuse.Folder(ews.FolderInbox).Messages(), 2, "nothing is done by looking")

	shown := b.run(t, "reports", "show", ids["alice@example.test"], "-mailbox", "abuse@example.test")
	require.Equal(t, exitDone, shown.status, shown.stderr)
	require.Len(t, shown.lines, 1)
	meant := shown.lines[0]["understood"].(map[string]any)["messages"].([]any)[0].(map[string]any)
	assert.Equal(t, phishing, meant["messageId"])
	assert.Equal(t, "high", meant["confidence"])
	for _, detail := range []string{"from         ", "to           ", "subject      "} {
		assert.Contains(t, shown.stderr, detail)
	}
	assert.Contains(t, shown.stderr, "high confidence, attached: "+phishing)

	dry := b.run(t, "reports", "quarantine", ids["alice@example.test"], "-mailbox", "abuse@example.test", "-dry-run")
	require.Equal(t, exitDone, dry.status, dry.stderr)
	assert.Empty(t, b.run(t, "list").lines)
	assert.Len(t, dry.lines, 3, "alice once, though she is in the group as well")
	assert.Len(t, abuse.Folder(ews.FolderInbox).Messages(), 2)

	taken := b.run(t, "reports", "quarantine", ids["alice@example.test"], "-mailbox", "abuse@example.test", "-reference", "CASE-18")
	require.Equal(t, exitDone, taken.status, taken.stderr)
	assert.Equal(t, "quarantined", taken.lines[len(taken.lines)-1]["action"])
	held := b.run(t, "list")
	require.NotEmpty(t, held.lines)
	var from []string
	for _, line := range held.lines {
		from = append(from, line["mailbox"].(string))
		assert.Equal(t, "reported by alice@example.test", line["reason"])
		assert.Equal(t, "CASE-18", line["reference"])
	}
	assert.Contains(t, from, "alice@example.test")
	assert.Contains(t, from, "bob@example.test", "the mail went to a group, whose members are looked at")
	assert.Len(t, abuse.Folder(ews.FolderInbox).Messages(), 1)

	unsure := b.run(t, "reports", "quarantine", ids["bob@example.test"], "-mailbox", "abuse@example.test")
	assert.Equal(t, exitSome, unsure.status)
	assert.Contains(t, unsure.stderr, "nothing in the report is sure enough")
	assert.Len(t, abuse.Folder(ews.FolderInbox).Messages(), 1, "the report stays")

	stranger := b.run(t, "reports", "dismiss", ids["bob@example.test"], "-mailbox", "abuse@example.test",
		"-reply", b.write(t, "no.txt", "No.\n"), "-reply-domain", "other.test")
	assert.Equal(t, exitSome, stranger.status)
	assert.Contains(t, stranger.stderr, "name the reporter's domain with -reply-domain")
	assert.Len(t, abuse.Folder(ews.FolderInbox).Messages(), 1, "the report stays")

	dismissed := b.run(t, "reports", "dismiss", ids["bob@example.test"], "-mailbox", "abuse@example.test",
		"-reply", b.write(t, "reply.txt", "Thank you for {{.Subject}}.\n"), "-reply-domain", "example.test")
	require.Equal(t, exitDone, dismissed.status, dismissed.stderr)
	assert.Equal(t, "dismissed", dismissed.lines[0]["action"])
	assert.Equal(t, true, dismissed.lines[0]["answered"])
	assert.Empty(t, abuse.Folder(ews.FolderInbox).Messages())
	answered := false
	for _, m := range b.srv.Mailbox("bob@example.test").Folder(ews.FolderInbox).Messages() {
		answered = answered || strings.Contains(m.Subject, "help")
	}
	assert.True(t, answered, "the reporter was answered")
	assert.Empty(t, b.reportsOf(t))
}

func TestReportsUsage(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	reply := b.write(t, "reply.txt", "{{.Nothing")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{}, exitUsage, "say what to do: dismiss, list"},
		{[]string{"frob", "-mailbox", "alice@example.test"}, exitUsage, `unknown action "frob"`},
		{[]string{"wacth", "-mailbox", "alice@example.test"}, exitUsage, "watch"},
		{[]string{"show", "-mailbox", "alice@example.test"}, exitUsage, "takes the ID"},
		{[]string{"list", "x", "-mailbox", "alice@example.test"}, exitUsage, "takes no argument"},
		{[]string{"list"}, exitUsage, "-mailbox ADDRESS is missing"},
		{[]string{"list", "-mailbox", "alice"}, exitUsage, "-mailbox"},
		{[]string{"list", "-mailbox", "alice@example.test", "-wait", "1ms"}, exitUsage, "from 1s"},
		{[]string{"list", "-mailbox", "alice@example.test", "-dry-run"}, exitUsage, "-dry-run is for reports quarantine"},
		{[]string{"list", "-mailbox", "alice@example.test", "-reference", "x"}, exitUsage, "-reference is for reports quarantine"},
		{[]string{"list", "-mailbox", "alice@example.test", "-output", "csv"}, exitUsage, "reports has no -output csv"},
		{[]string{"list", "-maibox", "alice@example.test"}, exitUsage, "did you mean -mailbox?"},
		{[]string{"watch", "-mailbox", "nobody@example.test"}, exitSome, "mailbox cannot be opened"},
		{[]string{"list", "-mailbox", "alice@example.test", "-reply", reply}, exitUsage, "-reply is for reports dismiss"},
		{[]string{"dismiss", "x", "-mailbox", "alice@example.test", "-reply", reply}, exitUsage, "go together"},
		{[]string{"dismiss", "x", "-mailbox", "alice@example.test", "-reply", reply, "-reply-domain", "example.test"}, exitUsage, "reply.txt"},
		{[]string{"dismiss", "x", "-mailbox", "alice@example.test", "-reply", filepath.Join(b.dir, "none"), "-reply-domain", "example.test"}, exitUsage, "-reply"},
		{[]string{"show", "x", "-mailbox", "carol@example.test", "-wait", "1s"}, exitSome, "no report x has come to carol@example.test"},
		{[]string{"show", "x", "-mailbox", "carol@example.test"}, exitSome, "no report x is waiting in carol@example.test"},
	} {
		r := b.run(t, append([]string{"reports"}, c.args...)...)
		assert.Equal(t, c.status, r.status, "%q: %s", c.args, r.stderr)
		assert.Contains(t, r.stderr, c.says, "%q", c.args)
		assert.Empty(t, r.stdout)
	}
	_, err := os.Stat(reply)
	require.NoError(t, err)
}

// The configuration may name the mailbox for reports; check then tests it, too.
func TestReportMailboxOfTheConfiguration(t *testing.T) {
	t.Parallel()
	b := setupReports(t)
	config := func(name, mailbox string) string {
		return strings.Replace(b.object("fullAccess"), `"name":"Lab"`, `"name":"`+name+`","reportMailbox":"`+mailbox+`"`, 1)
	}
	b.write(t, "ewsq.json", config("Lab", "abuse@example.test"))
	listed := b.run(t, "reports", "list")
	require.Equal(t, exitDone, listed.status, listed.stderr)
	assert.Len(t, listed.lines, 2)
	checked := b.run(t, "check")
	assert.Equal(t, exitDone, checked.status, checked.stderr)
	assert.Contains(t, checked.stdout, "abuse@example.test")

	b.write(t, "ewsq.json", "["+config("Lab", "abuse@example.test")+","+config("Other", "alice@example.test")+"]")
	several := b.run(t, "reports", "list")
	assert.Equal(t, exitUsage, several.status)
	assert.Contains(t, several.stderr, "choose one of abuse@example.test, alice@example.test")
	chosen := b.run(t, "-server", "Other", "reports", "list")
	assert.Equal(t, exitDone, chosen.status, chosen.stderr)
}

// A message that is in no mailbox any more is not reported as quarantined.
func TestReportOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setupReports(t)
	for _, name := range []string{"alice", "bob", "carol"} {
		box := b.srv.Mailbox(name + "@example.test")
		for _, m := range box.Folder(ews.FolderInbox).Messages() {
			box.DeleteMessage(m.ID)
		}
	}
	id := b.reportsOf(t)["alice@example.test"]
	r := b.run(t, "reports", "quarantine", id, "-mailbox", "abuse@example.test")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, "notFound", r.lines[len(r.lines)-1]["action"])
	assert.Contains(t, r.stderr, "was not found in any mailbox")
	assert.Len(t, b.srv.Mailbox("abuse@example.test").Folder(ews.FolderInbox).Messages(), 1, "the report is done")
}

// TestReportsElsewhere: a report that another program has is not said to be absent.
func TestReportsElsewhere(t *testing.T) {
	t.Parallel()
	b := setupReports(t)
	client, err := ews.NewClient(b.srv.DirectURL(), &ews.Options{Transport: b.srv.As(b.srv.Direct(), "svc")})
	require.NoError(t, err)
	strategy, err := ewsmail.NewFullAccess(client, nil)
	require.NoError(t, err)
	other, err := reported.New(strategy.Mailbox("abuse@example.test"), nil)
	require.NoError(t, err)
	for report, err := range other.Waiting(t.Context()) {
		require.NoError(t, err)
		shown := b.run(t, "reports", "show", report.ID, "-mailbox", "abuse@example.test")
		assert.Equal(t, exitSome, shown.status)
		assert.Contains(t, shown.stderr, "a waiting report cannot be had before")
		listed := b.run(t, "reports", "list", "-mailbox", "abuse@example.test")
		assert.Equal(t, exitDone, listed.status, listed.stderr)
		assert.Len(t, listed.lines, 1)
		assert.Contains(t, listed.stderr, "a waiting report cannot be had before")
		break
	}
}
