package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	two := b.write(t, "two.json", "["+b.object("fullAccess")+","+strings.Replace(b.object("fullAccess"), "Lab", "Annex", 1)+"]")
	same := b.write(t, "same.json", "["+b.object("fullAccess")+","+b.object("fullAccess")+"]")
	off := b.write(t, "off.json", `{"enabled":false}`)
	unknown := b.write(t, "unknown.json", "{\n  \"mailbox\": \"x\"\n}")
	incomplete := b.write(t, "incomplete.json", `{}`)
	noUser := b.write(t, "nouser.json", strings.Replace(b.object("fullAccess"), "svc@example.test", "", 1))
	empty := b.write(t, "empty.csv", "")
	header := b.write(t, "header.csv", "address,id\n")
	only := b.write(t, "only.csv", "mailbox,message_id\n")
	quoted := b.write(t, "quoted.csv", "mailbox,message_id\na@example.test,\"<a\n")
	bad := b.write(t, "bad.csv", "mailbox,message_id\nalice@example.test,<a@b>\nalice,<a@b>\n")
	badJSON := b.write(t, "bad.jsonl", "{\"mailbox\":\"alice@example.test\",\"message_id\":\"<a@b>\"}\n{\n")
	noID := b.write(t, "noid.jsonl", "{\"mailbox\":\"alice@example.test\"}\n")
	foundLine := b.write(t, "found.jsonl", b.run(t, "find", "-mailbox", "alice@example.test", "-message-id", phishing).stdout)
	dryLine := b.write(t, "dry.jsonl", b.run(t, "quarantine", "-dry-run", "-mailbox", "alice@example.test", "-message-id", phishing).stdout)
	target := []string{"-mailbox", "alice@example.test", "-message-id", "<a@b>"}
	find := func(config string, args ...string) []string {
		return append([]string{"-config", config, "find"}, args...)
	}

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"nothing":               {nil, "no command was given"},
		"unknown command":       {[]string{"-config", b.config, "frobnicate"}, `unknown command "frobnicate"; the commands are find, quarantine`},
		"unknown flag":          {[]string{"-verbose", "find"}, "-verbose"},
		"unknown flag of it":    {find(b.config, "-from", "x"), "-from"},
		"argument":              {find(b.config, append(target, "x")...), `does not take the argument "x"`},
		"no configuration":      {append([]string{"find"}, target...), "-config FILE is missing"},
		"no such configuration": {find(b.dir+"/none.json", target...), "none.json"},
		"unknown setting":       {find(unknown, target...), "line 2, column 3: mailbox is not a setting"},
		"incomplete":            {find(incomplete, target...), "quarantineMailbox is empty"},
		"no user":               {find(noUser, target...), "authentication.username is empty"},
		"all disabled":          {find(off, target...), "enabled set to false"},
		"same folder":           {find(two, target...), `"Annex": quarantineFolder is also the folder of "Lab"`},
		"no such server":        {find(two, append(target, "-server", "Attic")...), `no enabled configuration has the name "Attic"`},
		"same name":             {find(same, target...), `two configurations have the name "Lab"`},
		"no target":             {find(b.config), "give -mailbox (or -group) and -message-id, or criteria such as -sender, or -targets"},
		"no mailbox":            {find(b.config, "-message-id", "<a@b>"), "-mailbox (or -group) ADDRESS is missing"},
		"no id":                 {find(b.config, "-mailbox", "alice@example.test"), "-message-id ID is missing"},
		"both":                  {find(b.config, append(target, "-targets", bad)...), "choose one way to name messages"},
		"no address":            {find(b.config, "-mailbox", "alice", "-message-id", "<a@b>"), "name@example.com"},
		"control character":     {find(b.config, "-mailbox", "alice@example.test", "-message-id", "<a\x1f@b>"), "U+001F"},
		"concurrency":           {find(b.config, append(target, "-concurrency", "65")...), "from 1 to 64"},
		"two names":             {find(b.config, append(target, "-concurrency", "4", "-workers", "4")...), "leave out -workers"},
		"max-failures":          {find(b.config, append(target, "-max-failures", "-1")...), "from 0 to"},
		"max-failures for one":  {[]string{"-config", b.config, "restore", "-mailbox", "a@b.test", "-message-id", "<1@a>", "-max-failures", "3"}, "no effect without -receipt"},
		"workers":               {find(b.config, append(target, "-workers", "0")...), "from 1 to 64"},
		"no such file":          {find(b.config, "-targets", b.dir+"/none.csv"), "none.csv"},
		"empty file":            {find(b.config, "-targets", empty), "is empty"},
		"no columns":            {find(b.config, "-targets", header), "columns mailbox and message_id"},
		"header alone":          {find(b.config, "-targets", only), "names no message"},
		"bad quotes":            {find(b.config, "-targets", quoted), "line 2"},
		"bad row":               {find(b.config, "-targets", bad), "line 3"},
		"bad JSON":              {find(b.config, "-targets", badJSON), "line 2"},
		"JSON without id":       {find(b.config, "-targets", noID), "line 1"},
		"receipt and mailbox":   {append([]string{"-config", b.config, "restore", "-receipt", dryLine}, target...), "-receipt and -mailbox are both given"},
		"receipt of find":       {[]string{"-config", b.config, "restore", "-receipt", foundLine}, `receipt of "find"`},
		"receipt of dry run":    {[]string{"-config", b.config, "restore", "-receipt", dryLine}, "dry run"},
		"empty receipts":        {[]string{"-config", b.config, "restore", "-receipt", empty}, "is empty"},
		"no receipt":            {[]string{"-config", b.config, "restore", "-receipt", noID}, "neither a result of quarantine nor a receipt"},
		"no journal":            {[]string{"-config", b.config, "recover"}, "journalFile"},
		"days":                  {[]string{"cert", "-days", "0", "-out-dir", b.dir}, "-days"},
		"bits":                  {[]string{"cert", "-bits", "512", "-out-dir", b.dir}, "2048"},
		"subject":               {[]string{"cert", "-subject", "X Y=Z", "-out-dir", b.dir}, "CN, O, OU"},
		"file in the way":       {[]string{"cert", "-out-dir", b.config}, "ewsq.json"},
		"server of list":        {[]string{"-config", b.config, "list", "-server", "Attic"}, "Attic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := len(b.srv.Requests())
			r := b.bare(t, tc.args...)
			assert.Equal(t, exitUsage, r.status, r.stderr)
			assert.Contains(t, r.stderr, tc.want)
			assert.Empty(t, r.stdout)
			assert.Len(t, b.srv.Requests(), before, "nothing was asked")
		})
	}
}

func TestFlagsMayFollowTheCommand(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r := b.bare(t, "list", "-config", b.config, "-server", "lab")
	assert.Equal(t, exitDone, r.status, r.stderr)
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.env["EWSQ_PASSWORD"] = "s3cret-wrong"
	r := b.run(t, "find", "-mailbox", "alice@example.test", "-message-id", phishing)
	assert.Equal(t, exitSome, r.status)
	assert.Equal(t, "notBegun", r.lines[0]["outcome"])
	assert.Contains(t, r.lines[0]["error"], "authentication.password")
	assert.NotContains(t, r.stdout+r.stderr, "s3cret")
	r = b.run(t, "list")
	assert.Equal(t, exitSome, r.status)
	assert.Contains(t, r.stderr, "authentication.password")
}

// brokenWriter is a pipe whose reader has gone.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestLostResultsAreNotSuccess(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var stderr strings.Builder
	p := &program{stdin: strings.NewReader(""), stdout: brokenWriter{}, stderr: &stderr,
		lookup: func(name string) (string, bool) { return "svc-password", name == exchange.EnvPassword }}
	status := p.run(t.Context(), []string{"-config", b.config, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing})
	assert.Equal(t, exitSome, status)
	assert.Contains(t, stderr.String(), "broken pipe")
}

func FuzzReadTargets(f *testing.F) {
	for _, seed := range []string{
		"", "mailbox,message_id\na@example.test,<a@b>\n", "{\"mailbox\":\"a@example.test\",\"message_id\":\"x\"}\n", "{\n", "\"", "mailbox\n\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := readTargets(strings.NewReader(text), func(t quarantine.Target) quarantine.Target { return t })
		if err != nil {
			return
		}
		require.Positive(t, list.targets.len()+list.passed)
		for target := range list.targets.all() {
			require.NoError(t, target.Validate())
		}
	})
}

func FuzzReadReceipts(f *testing.F) {
	f.Add(`{"receipt":{"action":"quarantine","target":{"mailbox":"a@example.test","messageId":"x"},"items":[]}}`)
	f.Add(`{"action":"quarantine","target":{"mailbox":"a@example.test","messageId":"x"},"items":[{"outcome":"failed","error":{"message":"m"}}]}`)
	f.Add("{}\n[]")
	f.Add("{\"outcome\":\"notFound\"}\n{\"receipt\":{\"act")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := readReceipts(strings.NewReader(text))
		if err != nil {
			return
		}
		require.Positive(t, len(list.receipts)+list.skipped)
		for _, r := range list.receipts {
			require.NoError(t, r.Target.Validate())
			assert.Equal(t, quarantine.Outcome("quarantine"), quarantine.Outcome(r.Action))
		}
	})
}
