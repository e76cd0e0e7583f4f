package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// pair is two servers: A, which claims a.test, and B, which claims nothing and is
// therefore asked about whatever A does not claim.
type pair struct {
	*bundle
	a, b *ewstest.Server
}

func setupPair(t *testing.T) *pair {
	t.Helper()
	x := &pair{bundle: &bundle{dir: t.TempDir(), env: map[string]string{"EWSQ_PASSWORD": "svc-password"}}}
	var configs []map[string]any
	for _, name := range []string{"A", "B"} {
		domain := strings.ToLower(name) + ".test"
		srv := ewstest.NewServer(&ewstest.Options{Domain: domain})
		t.Cleanup(srv.Close)
		for _, user := range []string{"alice", "bob", "carol"} {
			srv.Mailbox(user + "@" + domain).Deliver(message(t, "phishing.eml"))
		}
		config := map[string]any{
			"name": name, "ewsUrl": srv.URL(), "searchLag": "1ms", "quarantineMailbox": "quarantine@" + domain, "access": "fullAccess", "messageIdSearch": true,
			"authentication": map[string]any{"type": "basic", "username": "svc@" + domain},
		}
		if name == "A" {
			x.a, config["domains"] = srv, []string{domain}
		} else {
			x.b, config["access"] = srv, "impersonation"
		}
		configs = append(configs, config)
	}
	text, err := json.Marshal(append(configs, map[string]any{"name": "Gone", "enabled": false}))
	require.NoError(t, err)
	x.config = x.write(t, "tenants.json", string(text))
	return x
}

// by returns one member of each line, by mailbox.
func (r ran) by(member string) map[any]any {
	all := map[any]any{}
	for _, l := range r.lines {
		all[l["mailbox"]] = l[member]
	}
	return all
}

func TestSeveralServers(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	var targets strings.Builder
	targets.WriteString("mailbox,message_id\n")
	for _, address := range []string{"alice@a.test", "bob@a.test", "alice@b.test", "carol@b.test", "nobody@a.test", "nobody@b.test"} {
		fmt.Fprintf(&targets, "%s,%s\n", address, phishing)
	}
	file := x.write(t, "targets.csv", targets.String())

	dry := x.run(t, "quarantine", "-targets", file, "-dry-run")
	assert.Equal(t, exitSome, dry.status)
	assert.Equal(t, map[any]any{
		"alice@a.test": "found", "bob@a.test": "found", "alice@b.test": "found", "carol@b.test": "found",
		"nobody@a.test": "refused", "nobody@b.test": "refused",
	}, dry.by("outcome"))
	assert.Contains(t, dry.stderr, "    /Inbox unread, received ")

	taken := x.run(t, "quarantine", "-targets", file)
	assert.Equal(t, exitSome, taken.status)
	assert.Equal(t, map[any]any{
		"alice@a.test": "quarantined", "bob@a.test": "quarantined", "alice@b.test": "quarantined", "carol@b.test": "quarantined",
		"nobody@a.test": "refused", "nobody@b.test": "refused",
	}, taken.by("outcome"))
	assert.Equal(t, map[any]any{
		"alice@a.test": "A", "bob@a.test": "A", "alice@b.test": "B", "carol@b.test": "B", "nobody@a.test": "A", "nobody@b.test": "B",
	}, taken.by("server"))
	assert.Equal(t, "impersonation", taken.by("strategy")["alice@b.test"])
	assert.Contains(t, taken.stderr, "6 targets: 4 quarantined, 2 refused")
	assert.Regexp(t, `A: searched 2 of 3 mailboxes completely, 1 not at all; read \d+ folders in full, \d+ pages; 2 copies\n`, taken.stderr)
	assert.Regexp(t, `B: searched 2 of 3 mailboxes completely, 1 not at all`, taken.stderr)
	for _, srv := range []*ewstest.Server{x.a, x.b} {
		assert.Len(t, srv.Mailbox("quarantine@"+srv.Domain()).Messages(), 2)
	}

	listed := x.run(t, "list")
	assert.Equal(t, map[any]any{"alice@a.test": "A", "bob@a.test": "A", "alice@b.test": "B", "carol@b.test": "B"}, listed.by("server"))
	assert.Len(t, x.run(t, "list", "-server", "b").lines, 2)

	receipts := x.write(t, "receipts.jsonl", taken.stdout)
	wrong := x.run(t, "restore", "-receipt", receipts, "-server", "B")
	assert.Equal(t, exitUsage, wrong.status)
	assert.Contains(t, wrong.stderr, `a receipt is for the server "A", but -server names another`)
	back := x.run(t, "restore", "-receipt", receipts)
	assert.Equal(t, exitDone, back.status, back.stderr)
	assert.Equal(t, map[any]any{"alice@a.test": "A", "bob@a.test": "A", "alice@b.test": "B", "carol@b.test": "B"}, back.by("server"))
	assert.Contains(t, back.stderr, "4 targets: 4 restored")
	assert.Empty(t, x.run(t, "list").lines)
}

func TestOneServerOfSeveral(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	r := x.run(t, "quarantine", "-server", "b", "-mailbox", "alice@b.test", "-message-id", phishing)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, "B", r.lines[0]["server"])
	assert.Empty(t, x.a.Requests(), "the other is left alone")
	r = x.run(t, "restore", "-mailbox", "alice@b.test", "-message-id", phishing)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, "B", r.lines[0]["server"])
	r = x.run(t, "find", "-server", "Gone", "-mailbox", "alice@b.test", "-message-id", phishing)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, `-server: no enabled configuration has the name "Gone"; the names are "A", "B"`)
}

func TestRecoverOnSeveral(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	r := x.run(t, "recover")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "journalFile")
	var configs []map[string]any
	text := strings.NewReplacer(`"name":"A"`, `"name":"A","journalFile":"`+x.dir+`/a.journal"`).Replace(x.read(t, x.config))
	require.NoError(t, json.Unmarshal([]byte(text), &configs))
	x.config = x.write(t, "journal.json", text)
	r = x.run(t, "recover")
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, "0 items were open")
}

// Folders that could not be searched appear in the report, with the cause.
func TestReportNamesWhatWasNotSearched(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	x.b.FailNext(ews.OpFindItem, slices.Repeat([]ewstest.Fault{ewstest.MemberCode("ErrorAccessDenied")}, 200)...)
	r := x.run(t, "find", "-mailbox", "alice@b.test", "-message-id", phishing)
	x.b.ClearFaults()
	assert.Equal(t, exitSome, r.status)
	require.Len(t, r.lines, 1)
	assert.Equal(t, "failed", r.lines[0]["outcome"])
	assert.Contains(t, r.lines[0]["error"], "ErrorAccessDenied")
	assert.Regexp(t, `: failed on B: 2\d folders were not searched\n`, r.stderr)
	assert.Contains(t, r.stderr, "B: searched 0 of 1 mailbox completely, 1 in part")
	assert.Regexp(t, `2\d folders not searched: 2\d no permission\n    not searched: /.* in alice@b.test, no permission\n`, r.stderr)
	assert.Regexp(t, `    and \d more, listed in the receipts\n`, r.stderr)
}

// The error about a missing secret names the variable for this configuration.
func TestSecretOfOneOfSeveral(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	x.config = x.write(t, "named.json", strings.Replace(x.read(t, x.config), `"name":"B"`, `"name":"Head office, Köln"`, 1))
	x.env = map[string]string{"EWSQ_PASSWORD_A": "svc-password"}
	r := x.run(t, "list")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "EWSQ_PASSWORD_HEAD_OFFICE__K_LN, or EWSQ_PASSWORD for all")
	assert.NotContains(t, r.stderr, "EWSQ_PASSWORD_A")
	x.env["EWSQ_PASSWORD_HEAD_OFFICE__K_LN"] = "svc-password"
	r = x.run(t, "list")
	assert.Equal(t, exitDone, r.status, r.stderr)
}
