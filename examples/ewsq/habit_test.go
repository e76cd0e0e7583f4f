package main

import (
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	b := &bundle{}
	for _, args := range [][]string{{"-version"}, {"--version"}, {"list", "-version"}} {
		r := b.bareText(t, args...)
		assert.Equal(t, exitDone, r.status)
		assert.Regexp(t, `^ewsq .*github.com/ewsquarantine/ewsquarantine.*, go1\.\d+`, r.stdout)
		assert.Empty(t, r.stderr)
	}
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	b := &bundle{}
	for wrong, want := range map[string]string{
		"quarantne": "did you mean quarantine?", "restor": "did you mean restore?", "lsit": "did you mean list?", "hepl": "did you mean help?",
		"find -mesage-id x": "did you mean -message-id?", "-confg x find": "did you mean -config?", "list -output jsno": "did you mean json?",
	} {
		r := b.bareText(t, strings.Fields(wrong)...)
		assert.Equal(t, exitUsage, r.status, wrong)
		assert.Contains(t, r.stderr, want, wrong)
	}
	for _, wrong := range []string{"frobnicate", "find -nonsense"} {
		assert.NotContains(t, b.bareText(t, strings.Fields(wrong)...).stderr, "did you mean")
	}
}

// The configuration can be named in the environment, or be in its usual place.
func TestConfigurationOfTheUser(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	assert.Contains(t, b.bare(t, "list").stderr, "EWSQ_CONFIG")
	b.env["EWSQ_CONFIG"] = b.config
	assert.Equal(t, exitDone, b.bare(t, "list").status)
	b.env["EWSQ_CONFIG"] = filepath.Join(b.dir, "none.json")
	assert.Equal(t, exitDone, b.run(t, "list").status, "-config takes precedence")
	assert.Equal(t, exitUsage, b.bare(t, "list").status)
	delete(b.env, "EWSQ_CONFIG")
	b.env["XDG_CONFIG_HOME"] = b.dir
	assert.Contains(t, b.bare(t, "list").stderr, filepath.Join(b.dir, "ewsq", "ewsq.json"))
	b.place(t, "ewsq/ewsq.json", b.object("fullAccess"))
	r := b.bare(t, "list")
	assert.Equal(t, exitDone, r.status, r.stderr)
}

// Results are text on a terminal, JSON in a pipe, or whatever -output says.
func TestOutput(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.srv.Mailbox("alice@example.test").Deliver([]byte("Message-ID: <formula@evil.example>\r\nFrom: x@evil.example\r\nSubject: =cmd|' /C calc'!A0\r\n\r\nHi\r\n"))
	for _, id := range []string{phishing, "<formula@evil.example>"} {
		require.Equal(t, exitDone, b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", id, "-reason", "case", "-reference", "T-1").status)
	}

	table := b.bareText(t, "-config", b.config, "list", "-output", "table")
	assert.NotContains(t, table.stdout, "{")
	assert.Regexp(t, `(?m)^\d{4}-\d\d-\d\d \d\d:\d\dZ  alice@example.test +/Inbox +unread +Your mailbox is full.*  <20261124.1@evil.example>  \(case\)  \[T-1\]$`, table.stdout)
	assert.Equal(t, "2 in quarantine\n", table.stderr)
	b.screen = true
	assert.Equal(t, table.stdout, b.bareText(t, "-config", b.config, "list").stdout, "on a terminal")
	b.columns = func() int { return 80 }
	narrow := b.bareText(t, "-config", b.config, "list").stdout
	assert.Contains(t, narrow, "Z  alice@example.test\n    /Inbox unread  Your mailbox is full: confirm your password today\n    "+phishing+"\n    case\n    [T-1]\n")
	for line := range strings.Lines(narrow) {
		assert.LessOrEqual(t, len(line), 81, line)
	}
	b.columns = nil
	assert.Len(t, b.run(t, "list", "-output", "json").lines, 2)
	assert.Len(t, b.run(t, "list", "-json").lines, 2)
	b.screen = false

	quiet := b.run(t, "list", "-quiet")
	assert.Empty(t, quiet.stderr)
	assert.Len(t, quiet.lines, 2)
	failed := b.bareText(t, "-config", b.config, "list", "-quiet", "-server", "Attic")
	assert.Contains(t, failed.stderr, "Attic", "what ends a run is said")

	for _, args := range [][]string{
		{"list"}, {"find", "-mailbox", "bob@example.test", "-message-id", phishing}, {"expand", "-group", "all-staff@example.test"}, {"check"},
	} {
		r := b.bareText(t, append([]string{"-config", b.config, "-output", "csv"}, args...)...)
		require.Equal(t, exitDone, r.status, r.stderr)
		all, err := csv.NewReader(strings.NewReader(r.stdout)).ReadAll()
		require.NoError(t, err, args)
		require.Greater(t, len(all), 1, args)
		assert.Equal(t, "server", all[0][0])
		if args[0] == "list" {
			require.Len(t, all, 3)
			assert.Contains(t, r.stdout, "'=cmd|", "a spreadsheet shows it, and does not work it out")
			assert.Equal(t, []string{"alice@example.test", "/Inbox", "no"}, all[1][1:4])
		}
	}
	for _, args := range [][]string{{"setup", "-output", "csv"}, {"list", "-json", "-output", "table"}, {"list", "-log-format", "json"}} {
		assert.Equal(t, exitUsage, b.bareText(t, append([]string{"-config", b.config}, args...)...).status, args)
	}
	log := b.run(t, "list", "-log", "-log-format", "json", "-quiet")
	for line := range strings.Lines(log.stderr) {
		assert.True(t, strings.HasPrefix(line, "{"), line)
	}
	require.NotEmpty(t, log.stderr)
}

func TestMan(t *testing.T) {
	t.Parallel()
	r := (&bundle{}).bareText(t, "man")
	require.Equal(t, exitDone, r.status)
	assert.True(t, strings.HasPrefix(r.stdout, ".TH EWSQ 1 "))
	for _, c := range commands() {
		assert.Contains(t, r.stdout, ".SH EWSQ "+strings.ToUpper(c.name)+"\n")
	}
	assert.Equal(t, strings.Count(r.stdout, "\n.nf\n"), strings.Count(r.stdout, "\n.fi\n"))
	for line := range strings.Lines(r.stdout) {
		if strings.HasPrefix(line, ".") {
			assert.Regexp(t, `^\.(TH|SH|SS|nf|fi)`, line, "nothing of the text is a request")
		}
	}
}
