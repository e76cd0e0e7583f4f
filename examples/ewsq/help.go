package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

const helpHead = `ewsq takes malicious mail out of Exchange mailboxes, and puts it back.

Usage:

    ewsq -config FILE COMMAND [flags]

Commands:

`

const helpTail = `
ewsq COMMAND -help tells more about each.

The configuration is a JSON object, or an array of them, one for each Exchange
organisation. Its secrets may stand in the environment instead: EWSQ_PASSWORD
and EWSQ_PFX_PASSWORD, or for one of several configurations the same with its
name behind (EWSQ_PASSWORD_HEAD_OFFICE).

Standard output has one JSON line for each result, standard error text for
people. Exit status: 0 all done, 1 some target failed or was refused, 2 bad
usage or configuration.

An interrupt (Ctrl-C) ends the run. What was begun is finished by running the
same again; nothing is taken twice.
`

func (p *program) helpAll(global *flag.FlagSet) {
	fmt.Fprint(p.stderr, helpHead)
	for _, c := range commands() {
		fmt.Fprintf(p.stderr, "    %-12s%s\n", c.name, c.summary)
	}
	fmt.Fprint(p.stderr, "\nFlags, before the command or behind it:\n\n")
	printFlags(p.stderr, global, nil)
	fmt.Fprint(p.stderr, helpTail)
}

func (p *program) helpCommand(c command, flags *flag.FlagSet, own []string) {
	fmt.Fprintf(p.stderr, "ewsq %s: %s\n\nUsage:\n\n", c.name, c.summary)
	head := "ewsq -config FILE " + c.name
	if c.offline {
		head = "ewsq " + c.name
	}
	for line := range strings.SplitSeq(c.arguments, "\n") {
		fmt.Fprintln(p.stderr, strings.TrimRight("    "+head+" "+line, " "))
	}
	fmt.Fprintf(p.stderr, "\n%s", strings.TrimLeft(c.help, "\n"))
	if len(own) > 0 {
		fmt.Fprint(p.stderr, "\nFlags:\n\n")
		printFlags(p.stderr, flags, own)
	}
}

// printFlags prints the flags of the names, or all of them if names is nil.
func printFlags(w io.Writer, flags *flag.FlagSet, names []string) {
	flags.VisitAll(func(f *flag.Flag) {
		if names != nil && !slices.Contains(names, f.Name) {
			return
		}
		value, usage := flag.UnquoteUsage(f)
		head := "-" + f.Name
		if value != "" {
			head += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "    %-22s%s\n", head, usage)
	})
}

func flagNames(flags *flag.FlagSet) []string {
	names := []string{}
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}
