package main

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The help of every command has all sections, every flag with its default, and
// an example.
func TestHelp(t *testing.T) {
	t.Parallel()
	b := &bundle{}
	for _, c := range commands() {
		own := b.bare(t, c.name, "-help")
		assert.Equal(t, exitDone, own.status)
		assert.Empty(t, own.stderr)
		assert.Equal(t, own.stdout, b.bare(t, "help", c.name).stdout)
		assert.Equal(t, own.stdout, b.bare(t, "-json", c.name, "--help").stdout)
		for _, section := range []string{"NAME\n    ewsq " + c.name + " - ", "\nSYNOPSIS\n    ewsq ", "\nDESCRIPTION\n", "\nOPTIONS\n", "\nEXIT STATUS\n    0     ", "\nENVIRONMENT\n", "\nEXAMPLES\n"} {
			if section == "\nENVIRONMENT\n" && c.offline && c.name != "cert" {
				continue // it reads nothing from the environment
			}
			assert.Contains(t, own.stdout, section, c.name)
		}
		flags := newFlagSet(c.name)
		c.prepare(flags)
		(&session{program: &program{}}).globalFlags(flags)
		flags.VisitAll(func(f *flag.Flag) {
			assert.Regexp(t, `(?m)^    -`+f.Name+`( |$)`, own.stdout, c.name)
			assert.NotEmpty(t, f.Usage)
			if f.DefValue != "" && f.DefValue != "false" {
				assert.Contains(t, strings.Join(strings.Fields(own.stdout), " "), "(default "+f.DefValue+")", "%s -%s", c.name, f.Name)
			}
		})
		assert.NotEmpty(t, c.examples, c.name)
		for status := range c.exit {
			assert.Contains(t, []int{exitDone, exitSome}, status)
		}
		tidy(t, own.stdout)
	}
	all := b.bare(t, "-help")
	assert.Equal(t, exitDone, all.status)
	assert.Empty(t, all.stderr)
	for _, args := range [][]string{{"help"}, {"help", "-help"}, {"help", "help"}, {"-h"}} {
		assert.Equal(t, all.stdout, b.bare(t, args...).stdout)
	}
	for _, c := range commands() {
		assert.Regexp(t, `(?m)^    `+c.name+` +`+c.summary+`$`, all.stdout)
	}
	for _, want := range []string{"EWSQ_PASSWORD_HEAD_OFFICE", "EWSQ_PFX_PASSWORD", "An interrupt", "-config FILE", "-json", "\nFILES\n", "\nRESULTS\n"} {
		assert.Contains(t, all.stdout, want)
	}
	tidy(t, all.stdout)

	wrong := b.bare(t, "help", "frobnicate")
	assert.Equal(t, exitUsage, wrong.status)
	assert.Contains(t, wrong.stderr, `unknown command "frobnicate"; the commands are find, quarantine`)
	assert.Equal(t, exitUsage, b.bare(t, "help", "find", "list").status)
}

// tidy checks that a page is plain text that fits a terminal.
func tidy(t *testing.T, page string) {
	t.Helper()
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		assert.Less(t, len(line), 80, line) // without its indent, man adds seven
		assert.Equal(t, strings.TrimRight(line, " "), line)
		assert.NotContains(t, line, "\t")
	}
	assert.NotContains(t, page, "\n\n\n")
}

// Every example in the help works, one after the other.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	for _, c := range append(commands(), command{name: "first page", examples: firstExamples()}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setupSearch(t, `{}`)
			config := strings.Replace(b.read(t, b.config), "{", `{"journalFile":"`+filepath.Join(b.dir, "ewsq.journal")+`",`, 1)
			b.write(t, "exchange.json", config)
			b.write(t, "tenants.json", "["+config+"]")
			b.write(t, "targets.csv", "mailbox,message_id,reason\nalice@example.test,<20261124.1@evil.example>,credential phishing\n")
			taken := b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
			b.write(t, "receipts.jsonl", taken.stdout)
			b.write(t, "cases.txt", "INC-1\n")
			b.write(t, "ewsq.journal.damaged", strings.Repeat("\x00", 8192))
			for _, e := range c.examples {
				for _, args := range shell(t, b.dir, e.line) {
					r := b.bareText(t, args...)
					assert.Equal(t, exitDone, r.status, "%s: %s", e.line, r.stderr)
				}
			}
		})
	}
}

// shell splits lines into the arguments of ewsq as a shell does. Files are taken from
// dir, and redirections of output are left out.
func shell(t *testing.T, dir, text string) [][]string {
	t.Helper()
	var all [][]string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		line, _, _ = strings.Cut(line, " > ")
		var args []string
		for i, part := range strings.Split(line, "'") {
			if i%2 == 1 {
				args = append(args, part)
				continue
			}
			args = append(args, strings.Fields(part)...)
		}
		require.Equal(t, "ewsq", args[0])
		for i, a := range args {
			if strings.HasSuffix(a, ".json") || strings.HasSuffix(a, ".csv") || strings.HasSuffix(a, ".jsonl") ||
				strings.HasSuffix(a, ".html") || strings.HasSuffix(a, ".eml") || strings.HasSuffix(a, ".txt") || strings.HasSuffix(a, ".damaged") || a == "certificate" {
				args[i] = filepath.Join(dir, a)
			}
		}
		all = append(all, args[1:])
	}
	return all
}
