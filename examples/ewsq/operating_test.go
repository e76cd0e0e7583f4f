package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The commands for the night and for housekeeping are run as they appear in OPERATING, one
// after the other.
func TestOperatingCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(checkout(t), "OPERATING.md"))
	require.NoError(t, err)
	_, night, found := strings.Cut(string(text), "\n## At night\n")
	require.True(t, found)
	night, _, found = strings.Cut(night, "\n## Preparing\n")
	require.True(t, found)

	b := setupReports(t)
	b.env["EWSQ_CONFIG"] = b.config
	b.write(t, "targets.csv", "mailbox,message_id\nalice@example.test,"+phishing+"\n")
	b.write(t, "answer.txt", "Thank you. {{.Subject}} was harmless.\n")
	b.write(t, "cases.txt", "CASE-17\n")
	ids := b.reportsOf(t)
	night = strings.NewReplacer(" qzfbnvmnzvexn5sxldlvzbwvia ", " "+ids["alice@example.test"]+" ",
		" vogxiuyvzrzl6ibhuyqtm2qhm4 ", " "+ids["bob@example.test"]+" ").Replace(night)
	ran := make(map[string]int)
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
		limit := time.Minute
		if comment == "until Ctrl-C" {
			limit = time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		for _, args := range shell(t, b.dir, command) {
			r := b.textUntil(t, ctx, args...)
			assert.Equal(t, want, r.status, "%s: %s", command, r.stderr)
			if redirected {
				assert.NotEmpty(t, r.stdout, command)
				b.write(t, file, r.stdout)
			}
			ran[args[0]]++
		}
		cancel()
	}
	for _, command := range []string{"quarantine", "list", "find", "show", "export", "restore", "check", "summary", "purge"} {
		assert.Positive(t, ran[command], command)
	}
	assert.Equal(t, 6, ran["reports"])
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"), "all is back")
	assert.Len(t, b.srv.Mailbox("abuse@example.test").Folder("inbox").Messages(), 0)
}
