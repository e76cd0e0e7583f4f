package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

const lureSubject = "Your mailbox is full: confirm your password today"

// setupSearch is setup with a configuration that allows criteria.
func setupSearch(t *testing.T, limits string) *bundle {
	t.Helper()
	b := newBundle(t)
	b.config = b.write(t, "search.json", strings.Replace(b.object("fullAccess"), "{", `{"messageIdSearch":true,"searchLimits":`+limits+`,`, 1))
	return b
}

func TestCriteria(t *testing.T) {
	t.Parallel()
	b := setupSearch(t, `{}`)
	b.srv.Mailbox("alice@example.test").Deliver(message(t, "plain.eml"))
	args := []string{"-mailbox", "alice@example.test", "-subject", "your MAILBOX is full", "-subject-match", "prefix"}
	criteria := map[string]any{"subject": "your MAILBOX is full", "subjectMatch": "prefix"}

	r := b.run(t, append([]string{"find"}, args...)...)
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Len(t, r.lines, 1)
	assert.Equal(t, "found", r.lines[0]["outcome"])
	assert.Empty(t, r.lines[0]["messageId"])
	assert.Equal(t, criteria, r.lines[0]["criteria"])
	assert.Contains(t, r.stderr, `alice@example.test subject prefix "your MAILBOX is full": found`)
	assert.Regexp(t, `    /Inbox unread, received \d{4}-\d\d-\d\d \d\d:\d\dZ, \d+ kB, `+phishing+`\n`, r.stderr)

	r = b.run(t, append([]string{"quarantine", "-dry-run"}, args...)...)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, "found", r.lines[0]["outcome"])
	assert.Contains(t, r.stderr, ": found, would be taken\n    /Inbox unread")
	assert.NotContains(t, r.stdout, lureSubject, "subjects are an attacker's")
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))

	taken := b.run(t, append([]string{"quarantine"}, args...)...)
	require.Equal(t, exitDone, taken.status, taken.stderr)
	assert.Equal(t, "quarantined", taken.lines[0]["outcome"])
	assert.Equal(t, criteria, taken.lines[0]["criteria"])
	assert.Contains(t, taken.stderr, phishing)
	assert.Empty(t, b.where("alice@example.test"))

	back := b.run(t, append([]string{"restore"}, args...)...)
	require.Equal(t, exitDone, back.status, back.stderr)
	assert.Equal(t, "restored", back.lines[0]["outcome"])
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))

	again := b.run(t, append([]string{"quarantine"}, args...)...)
	require.Equal(t, exitDone, again.status, again.stderr)
	b.stdin = again.stdout
	assert.Equal(t, exitDone, b.run(t, "restore", "-receipt", "-").status)
	r = b.run(t, "find", "-targets", "-")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, criteria, r.lines[0]["criteria"], "results can be used as targets")
}

// Each criterion finds the message, and a different value does not.
func TestEachCriterion(t *testing.T) {
	t.Parallel()
	b := setupSearch(t, `{}`)
	box := b.srv.Mailbox("alice@example.test")
	box.DeliverWith(message(t, "attachment.eml"), ewstest.Delivery{Received: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)})
	eml, err := testdata.Mail.ReadFile("mail/attachment.eml")
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(eml), "Content-Transfer-Encoding: base64")
	body, _, _ = strings.Cut(body, "--=_mixed")
	content, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(body))
	require.NoError(t, err)
	hash := fmt.Sprintf("%X", sha256.Sum256(content))
	const sender = "accounting@evil.example"
	window := []string{"-received-after", "2026-11-24", "-received-before", "2026-11-24T10:00:01+00:00"}
	box.DeliverWith(message(t, "phishing.eml"), ewstest.Delivery{Received: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)})
	for name, tc := range map[string]struct {
		args []string
		hits int
	}{
		"sender":          {[]string{"-sender", strings.ToUpper(sender)}, 1},
		"another sender":  {[]string{"-sender", "x" + sender}, 0},
		"sender and time": {append([]string{"-sender", sender}, window...), 1},
		"before it":       {[]string{"-sender", sender, "-received-before", "2026-11-24T10:00:00Z"}, 0},
		"after it":        {[]string{"-sender", sender, "-received-after", "2026-11-24T10:00:01Z"}, 0},
		"recipient":       {append([]string{"-recipient", "bob@example.test"}, window...), 1},
		"attached":        {append([]string{"-attachment-name", "invoice 2026-1187.DOCM"}, window...), 1},
		"hash of it":      {append([]string{"-attachment-sha256", hash}, window...), 1},
		"another":         {append([]string{"-recipient", "nobody@example.test"}, window...), 0},
		"attachment":      {append([]string{"-attachment-name", "no such file.pdf"}, window...), 0},
		"hash":            {append([]string{"-attachment-sha256", strings.Repeat("0", 64)}, window...), 0},
		"link":            {append([]string{"-url", "https://login.evil.example/owa"}, window...), 1},
		"url":             {append([]string{"-url", "https://nowhere.example/"}, window...), 0},
	} {
		r := b.run(t, append([]string{"find", "-mailbox", "alice@example.test"}, tc.args...)...)
		require.Equal(t, exitDone, r.status, "%s: %s", name, r.stderr)
		assert.InDelta(t, tc.hits, r.lines[0]["copies"], 0, name)
	}
}

func TestCriteriaInFiles(t *testing.T) {
	t.Parallel()
	b := setupSearch(t, `{}`)
	table := b.write(t, "targets.csv", "Mailbox,message_id,subject,Subject-Match,received_after\n"+
		"alice@example.test,,your mailbox,prefix,2020-01-01\nbob@example.test,"+phishing+",,,\n")
	r := b.run(t, "find", "-targets", table)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, map[any]any{"alice@example.test": "found", "bob@example.test": "found"}, r.by("outcome"))
	assert.Equal(t, map[any]any{"alice@example.test": "", "bob@example.test": phishing}, r.by("messageId"))
	lines := b.write(t, "targets.jsonl", `{"mailbox":"alice@example.test","criteria":{"subject":"Your mailbox","subjectMatch":"prefix"}}
{"mailbox":"bob@example.test","criteria":{"subject":"mailbox is","subject_match":"contains","received-after":"2020-01-01T00:00:00Z"}}
`)
	r = b.run(t, "find", "-targets", lines)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, map[any]any{"alice@example.test": "found", "bob@example.test": "found"}, r.by("outcome"))
}

func TestCriteriaLimits(t *testing.T) {
	t.Parallel()
	for limits, says := range map[string]string{
		`{"perMailbox":1}`:                     "perMailbox",
		`{"total":3}`:                          "total",
		`{"protected":["ALICE@example.test"]}`: "protected",
	} {
		b := setupSearch(t, limits)
		for i := range 2 {
			b.srv.Mailbox("alice@example.test").Deliver([]byte(strings.Replace(string(message(t, "phishing.eml")), phishing, fmt.Sprintf("<%d@evil.example>", i), 1)))
		}
		r := b.run(t, "quarantine", "-group", "all-staff@example.test", "-subject", lureSubject)
		assert.Equal(t, exitSome, r.status, limits)
		assert.Contains(t, r.stderr, says, limits)
		require.Len(t, r.lines, 3)
		assert.Equal(t, "refused", r.by("outcome")["alice@example.test"])
		assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))
		if says == "total" {
			assert.Empty(t, b.where("quarantine@example.test"), "nothing at all is taken")
		}
	}
}

func TestCriteriaUsage(t *testing.T) {
	t.Parallel()
	b := setupSearch(t, `{}`)
	off := b.write(t, "off.json", b.object("fullAccess"))
	file := func(name, text string) []string { return []string{"-targets", b.write(t, name, text)} }
	at := func(args ...string) []string { return append([]string{"-mailbox", "alice@example.test"}, args...) }
	for name, tc := range map[string]struct {
		config string
		args   []string
		want   string
	}{
		"not allowed":         {off, at("-sender", "a@b.example"), "-sender: the configuration does not allow searches by criteria; set messageIdSearch to true"},
		"not allowed in file": {off, file("a.jsonl", `{"mailbox":"a@b.example","criteria":{"sender":"a@b.example"}}`), "criteria in -targets: the configuration does not allow"},
		"id and criteria":     {b.config, at("-message-id", "<a@b>", "-sender", "a@b.example"), "-message-id and -sender are both given"},
		"file and criteria":   {b.config, append(file("b.csv", "mailbox,message_id\na@b.example,x\n"), "-sender", "a@b.example"), "-targets and -sender are both given"},
		"no mailbox":          {b.config, []string{"-sender", "a@b.example"}, "-mailbox (or -group) ADDRESS is missing"},
		"empty":               {b.config, at("-sender", ""), "for flag -sender: must not be empty"},
		"blank":               {b.config, at("-subject", " "), "for flag -subject: must not be empty"},
		"twice":               {b.config, at("-sender", "a@b.example", "-sender", "c@b.example"), `for flag -sender: already given as "a@b.example"`},
		"no time":             {b.config, at("-sender", "a@b.example", "-received-after", "yesterday"), "for flag -received-after: \"yesterday\" is not a time; write it as 2026-11-24T10:00:00Z"},
		"everything":          {b.config, at("-received-after", "2026-11-24"), "-sender is not set, nor is anything else that tells messages apart"},
		"turned around":       {b.config, at("-sender", "a@b.example", "-received-after", "2026-11-24", "-received-before", "2026-11-23"), "-received-before is not later than the other bound"},
		"too long":            {b.config, at("-url", "https://x.example/", "-received-after", "2026-01-01", "-received-before", "2026-11-23"), "-received-after is 326 days before the other bound"},
		"no window":           {b.config, at("-url", "https://x.example/"), "-received-after is missing; without sender and subject"},
		"no address":          {b.config, at("-sender", "mallory"), "-sender \"mallory\" is not an SMTP address"},
		"no match":            {b.config, at("-subject-match", "prefix"), "-subject-match is set without a subject"},
		"wrong match":         {b.config, at("-subject", "Invoice", "-subject-match", "regexp"), `-subject-match is "regexp"; give "exact", "prefix" or "contains"`},
		"short":               {b.config, at("-subject", "a", "-subject-match", "contains"), "-subject \"a\" would match too much"},
		"no hash":             {b.config, at("-attachment-sha256", "123"), "-attachment-sha256 is not a SHA-256"},
		"no url":              {b.config, at("-url", "::"), "-url "},
		"wildcard":            {b.config, at("-attachment-name", "*.exe"), "-attachment-name \"*.exe\" is not a file name"},
		"misspelt column":     {b.config, file("c.csv", "mailbox,sender,subjet\na@b.example,c@d.example,x\n"), `column "subjet", which is not a criterion`},
		"column twice":        {b.config, file("d.csv", "mailbox,sender,Sender\na@b.example,c@d.example,x\n"), `column "Sender" twice`},
		"both in a row":       {b.config, file("f.csv", "mailbox,message_id,sender\na@b.example,<x@y>,c@d.example\n"), "line 2: has both message_id and sender"},
		"none in a row":       {b.config, file("g.csv", "mailbox,message_id,sender\na@b.example,,\n"), "line 2: names no message; fill in message_id or criteria"},
		"time that is none":   {b.config, at("-sender", "a@b.example", "-received-before", "0001-01-01T00:00:00Z"), "for flag -received-before: \"0001-01-01T00:00:00Z\" is what some programs write for no time; leave it out"},
		"none in an object":   {b.config, file("z.jsonl", `{"mailbox":"a@b.example","criteria":{"sender":"c@d.example","receivedBefore":"0001-01-01T00:00:00Z"}}`), "no time; leave it out"},
		"bad time in a row":   {b.config, file("h.csv", "mailbox,sender,received_after\na@b.example,c@d.example,soon\n"), "line 2: received_after: \"soon\" is not a time"},
		"misspelt member":     {b.config, file("i.jsonl", `{"mailbox":"a@b.example","criteria":{"sender":"c@d.example","subjet":"x"}}`), "line 1: criteria: subjet is not a criterion; did you mean subject?; the criteria are sender, recipient, reply_to"},
		"both in an object":   {b.config, file("j.jsonl", `{"mailbox":"a@b.example","message_id":"x","criteria":{"sender":"c@d.example"}}`), "line 1: has both message_id and criteria"},
		"no object":           {b.config, file("k.jsonl", `{"mailbox":"a@b.example","criteria":"sender"}`), "line 1: criteria is not a JSON object"},
		"empty object":        {b.config, file("l.jsonl", "\n\n"+`{"mailbox":"a@b.example","criteria":{}}`), "line 3: criteria is empty"},
		"no text":             {b.config, file("m.jsonl", `{"mailbox":"a@b.example","criteria":{"sender":1}}`), "criteria: sender must be a non-empty string"},
		"number":              {b.config, file("n.jsonl", `{"mailbox":1}`), "mailbox is a JSON number, not a string"},
		"number of fields":    {b.config, file("o.csv", "mailbox,message_id\na@b.example,x,y\n"), "line 2 does not have 2 fields, one for each column in the first line"},
		"bare quote":          {b.config, file("p.csv", "mailbox,message_id\na@b.example,x\"y\n"), "line 2, column 14: there is a quote in an unquoted field"},
		"open quote":          {b.config, file("q.csv", "mailbox,message_id\na@b.example,\"x\nb@b.example,y\n"), "in the record that begins in line 2, does not end properly"},
		"UTF-16":              {b.config, file("r.csv", "\xff\xfem\x00a\x00"), "is UTF-16; save it as UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := b.bare(t, append([]string{"-config", tc.config, "quarantine"}, tc.args...)...)
			assert.Equal(t, exitUsage, r.status, r.stderr)
			assert.Contains(t, r.stderr, tc.want)
			assert.Empty(t, r.stdout)
			assert.Empty(t, b.srv.Requests(), "nothing was asked")
		})
	}
}

// The result says how pasted text was understood, what was nearly a match, and why something
// is refused.
func TestNotes(t *testing.T) {
	t.Parallel()
	b := setupSearch(t, `{}`)
	id := strings.Trim(phishing, "<>")
	window := []string{"-received-after", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "-received-before", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
	for _, tt := range []struct {
		name, flag, value string
		copies, status    int
		note, says        string
	}{
		{"half a bracket", "-message-id", phishing[:len(phishing)-1], 1, exitDone, "it was looked for as it stands, and as " + phishing, ""},
		{"name of the header", "-message-id", "Message-ID: " + phishing + ";", 1, exitDone, "and as " + phishing, ""},
		{"capitals", "-message-id", strings.ToUpper(id), 0, exitSome, phishing + ", which differs only in the case of letters", "ask for that if it is meant"},
		{"two ids", "-message-id", "<a@b.example> " + phishing, 0, exitSome, "which is not one id", "ask for each id alone"},
		{"another header", "-message-id", "References: " + phishing, 0, exitUsage, "", "names another message"},
		{"defanged", "-url", "hxxps://login[.]evil[.]example/owa", 1, exitDone, "it was taken as https://login.evil.example/owa", ""},
		{"host", "-url", "login.evil.example", 1, exitDone, "it was taken as https://login.evil.example", ""},
		{"Mimecast", "-url", "https://protect-eu.mimecast.com/s/abc?domain=login.evil.example", 1, exitDone, "all links to https://login.evil.example/ were looked for", ""},
		{"Mimecast without a domain", "-url", "https://protect-eu.mimecast.com/s/abc", 0, exitDone, "only that link itself is found", ""},
		{"wildcard", "-url", "*.evil.example", 0, exitUsage, "", "has a wildcard in its host"},
	} {
		args := []string{"find", "-mailbox", "alice@example.test", tt.flag, tt.value}
		if tt.flag == "-url" {
			args = append(args, window...)
		}
		r := b.run(t, args...)
		assert.Equal(t, tt.status, r.status, "%s: %s", tt.name, r.stderr)
		assert.Contains(t, r.stderr, tt.says, tt.name)
		if tt.note == "" {
			continue
		}
		assert.Regexp(t, `(?m)^    note: .*`+regexp.QuoteMeta(tt.note), r.stderr, tt.name)
		require.Len(t, r.lines, 1, tt.name)
		assert.InDelta(t, tt.copies, r.lines[0]["copies"], 0, tt.name)
		assert.Contains(t, fmt.Sprint(r.lines[0]["receipt"].(map[string]any)["notes"]), tt.note, tt.name)
	}
}
