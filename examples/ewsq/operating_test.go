package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The commands for the night are run as they stand in OPERATING, one after the other.
func TestOperatingCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(checkout(t), "OPERATING.md"))
	require.NoError(t, err)
	_, night, found := strings.Cut(string(text), "\n## At night\n")
	require.True(t, found)
	night, _, _ = strings.Cut(night, "\n## ")

	b := newBundle(t)
	b.env["EWSQ_CONFIG"] = b.config
	b.write(t, "targets.csv", "mailbox,message_id\nalice@example.test,"+phishing+"\n")
	ran := 0
	for line := range strings.SplitSeq(night, "\n") {
		command, isCommand := strings.CutPrefix(line, "    ")
		if !isCommand {
			continue
		}
		command, comment, _ := strings.Cut(command, "  # ")
		_, file, redirected := strings.Cut(command, " > ")
		want := exitDone
		if comment == "status 2" {
			want = exitUsage
		}
		for _, args := range shell(t, b.dir, command) {
			r := b.bareText(t, args...)
			assert.Equal(t, want, r.status, "%s: %s", command, r.stderr)
			if redirected {
				assert.NotEmpty(t, r.stdout, command)
				b.write(t, file, r.stdout)
			}
			ran++
		}
	}
	assert.Greater(t, ran, 10)
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"), "all is back")
}
