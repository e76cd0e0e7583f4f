package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offers are command lines, and what a shell offers for the last word.
var offers = []struct{ line, want string }{
	{"ewsq qua", "quarantine"},
	{"ewsq re", "recover reports restore"},
	{"ewsq list -out", "-output"},
	{"ewsq list -output ", "csv json table"},
	{"ewsq -output json li", "list"},
	{"ewsq -config x restore -recei", "-receipt -received-after -received-before"},
	{"ewsq help qua", "quarantine"},
	{"ewsq completion ", "bash fish zsh"},
	{"ewsq reports ", "dismiss list quarantine show watch"},
	{"ewsq -config x reports wa", "watch"},
	{"ewsq reports quarantine x -re", "-reason -reference -reply -reply-domain"},
	{"ewsq summary -receipt ev", "evidence.jsonl"},
	{"ewsq find -subject-match ", "contains exact prefix"},
	{"ewsq find -mailbox ", ""},
}

// Every installed shell offers the same.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for shell, ask := range map[string]func(*testing.T, string, string) []string{"bash": askBash, "zsh": askZsh, "fish": askFish} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			b := &bundle{dir: t.TempDir()}
			r := b.bareText(t, "completion", shell)
			require.Equal(t, exitDone, r.status, r.stderr)
			for _, c := range commands() {
				assert.Contains(t, r.stdout, c.name)
				for _, f := range c.allFlags() {
					assert.Contains(t, r.stdout, f.Name)
				}
			}
			path, err := exec.LookPath(shell)
			if err != nil && !*whole {
				t.Skip("the shell is not there; with -whole it is required")
			}
			require.NoError(t, err)
			cmd := exec.CommandContext(t.Context(), path, "-n")
			cmd.Stdin = strings.NewReader(r.stdout)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)

			b.write(t, "evidence.jsonl", "")
			b.write(t, "_ewsq", r.stdout)
			answers := ask(t, path, b.dir)
			require.Len(t, answers, len(offers))
			for i, o := range offers {
				words := strings.Fields(answers[i])
				slices.Sort(words)
				assert.Equal(t, o.want, strings.Join(words, " "), o.line)
			}
		})
	}
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		assert.Equal(t, exitUsage, (&bundle{}).bareText(t, args...).status, args)
	}
}

// askShell runs a script in the folder with the completion, and returns the lines it prints.
func askShell(t *testing.T, dir, script string, shell ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shell[0], shell[1:]...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(script)
	cmd.Env = append(os.Environ(), "HOME="+dir, "TERM=dumb")
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func askBash(t *testing.T, bash, dir string) []string {
	t.Helper()
	var script strings.Builder
	script.WriteString("source ./_ewsq\n")
	for _, o := range offers {
		fmt.Fprintf(&script, "line='%s'; COMP_WORDS=($line); [[ $line == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _ewsq; echo \"${COMPREPLY[@]}\"\n", o.line)
	}
	return askShell(t, dir, script.String(), bash, "--norc")
}

func askZsh(t *testing.T, zsh, dir string) []string {
	t.Helper()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "completion"))))
	var lines strings.Builder
	for _, o := range offers {
		lines.WriteString(o.line + "\n")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lines"), []byte(lines.String()), 0o600))
	return askShell(t, dir, "", zsh, "-f", "ask.zsh")
}

func askFish(t *testing.T, fish, dir string) []string {
	t.Helper()
	var script strings.Builder
	script.WriteString("source ./_ewsq\n")
	for _, o := range offers {
		fmt.Fprintf(&script, "echo (complete -C '%s' | string split -f 1 \\t)\n", o.line)
	}
	return askShell(t, dir, script.String(), fish, "--no-config")
}
