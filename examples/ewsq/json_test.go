package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// With -json, no command writes anything for people.
func TestJSON(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.columns = func() int { return 80 }
	b.config = b.write(t, "journal.json", strings.Replace(b.object("fullAccess"), "{", `{"journalFile":"`+b.dir+`/ewsq.journal",`, 1))
	target := []string{"-mailbox", "alice@example.test", "-message-id", phishing}
	for _, tc := range []struct {
		args   []string
		lines  int
		member string
	}{
		{append([]string{"find"}, target...), 1, "receipt"},
		{append([]string{"quarantine", "-follow-forwards"}, target...), 1, "receipt"},
		{[]string{"list"}, 1, "subject"},
		{append([]string{"restore"}, target...), 1, "receipt"},
		{[]string{"quarantine", "-group", "all-staff@example.test", "-message-id", phishing}, 3, "receipt"},
		{[]string{"recover"}, 0, ""},
		{[]string{"expand", "-group", "all-staff@example.test"}, 3, "via"},
		{[]string{"check", "-mailbox", "alice@example.test"}, 1, "checks"},
		{[]string{"setup"}, 1, "steps"},
		{[]string{"cert", "-out-dir", b.dir}, 1, "passwordFile"},
	} {
		r := b.run(t, append(tc.args, "-json")...)
		assert.Equal(t, exitDone, r.status, "%v: %s", tc.args, r.stdout)
		assert.Empty(t, r.stderr, "%v", tc.args)
		assert.Len(t, r.lines, tc.lines, "%v", tc.args)
		for _, l := range r.lines {
			assert.Contains(t, l, tc.member, "%v", tc.args)
		}
	}
}

// An error that ends the run is also a line, with the exit status.
func TestJSONErrors(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"usage":                 {[]string{"-json", "-config", b.config, "find"}, exitUsage, "no message is named; give -mailbox (or -group) and -message-id"},
		"usage of restore":      {[]string{"-json", "-config", b.config, "restore"}, exitUsage, "no message is named; give -receipt FILE"},
		"command":               {[]string{"-json", "frobnicate"}, exitUsage, "see ewsq help"},
		"no command":            {[]string{"-json"}, exitUsage, "no command was given"},
		"before -json":          {[]string{"find", "-nonsense", "-json"}, exitUsage, "-nonsense"},
		"before it all":         {[]string{"-nonsense", "find", "--json"}, exitUsage, "-nonsense"},
		"configuration":         {[]string{"list", "-json", "-config", b.dir + "/none.json"}, exitUsage, "none.json"},
		"group":                 {[]string{"expand", "-json", "-config", b.config, "-group", "nobody@example.test"}, exitSome, "no group"},
		"both forms":            {[]string{"setup", "-json", "-config", b.config, "-markdown"}, exitUsage, "-markdown and -json are both given"},
		"nothing to quarantine": {[]string{"quarantine", "-json", "-config", b.config, "-group", "nobody@example.test", "-message-id", phishing}, exitSome, "no group"},
	} {
		r := b.bare(t, tc.args...)
		assert.Equal(t, tc.status, r.status, name)
		assert.Empty(t, r.stderr, name)
		require.Len(t, r.lines, 1, name)
		assert.Len(t, r.lines[0], 2, name)
		assert.Contains(t, r.lines[0]["error"], tc.want, name)
		assert.InDelta(t, tc.status, r.lines[0]["exit"], 0, name)
	}
	b.env["EWSQ_PASSWORD"] = "wrong"
	r := b.run(t, "list", "-json")
	assert.Equal(t, exitSome, r.status)
	assert.Empty(t, r.stderr)
	require.Len(t, r.lines, 1)
	assert.Contains(t, r.lines[0]["error"], "authentication.password")

	// If such an error ended a run of quarantine, there is nothing to restore.
	delete(b.env, "EWSQ_PASSWORD")
	b.env["EWSQ_PASSWORD"] = "svc-password"
	b.stdin = r.stdout
	r = b.run(t, "restore", "-receipt", "-")
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, "skipped 1 line without a receipt")
}

// -log with -json logs JSON.
func TestJSONLog(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r := b.run(t, "list", "-json", "-log")
	require.Equal(t, exitDone, r.status)
	require.NotEmpty(t, r.stderr)
	for line := range strings.Lines(r.stderr) {
		assert.True(t, json.Valid([]byte(line)), line)
	}
}

// A result that cannot be written is reported where it can be.
func TestJSONWithoutReader(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var stderr strings.Builder
	p := &program{stdin: strings.NewReader(""), stdout: brokenWriter{}, stderr: &stderr,
		lookup: func(name string) (string, bool) { return "svc-password", name == exchange.EnvPassword }}
	status := p.run(t.Context(), []string{"-json", "-config", b.config, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing})
	assert.Equal(t, exitSome, status)
	assert.Contains(t, stderr.String(), "broken pipe")
}
