package main

import (
	"fmt"
	"strings"
)

// pageOfAll returns the first page of help.
func pageOfAll() *page {
	var m page
	m.section("NAME", "ewsq - take malicious mail out of Exchange mailboxes, and put it back")
	m.section("SYNOPSIS", "ewsq -config FILE COMMAND [FLAG]...\newsq help [COMMAND]\newsq -version")
	m.prose("DESCRIPTION", aboutAll)
	var list strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&list, "%-12s%s\n", c.name, c.summary)
	}
	list.WriteString("help        describe a command: ewsq help COMMAND, or ewsq COMMAND -help\n")
	m.prose("COMMANDS", list.String())
	m.prose("OPTIONS", "They may be given before or after the command.\n\n"+options(globals()))
	m.prose("RESULTS", resultFormat)
	m.prose("EXIT STATUS", exitAll)
	m.prose("ENVIRONMENT", environment)
	m.prose("FILES", strings.Trim(configFormat, "\n")+"\n\newsq help quarantine describes files of targets, and ewsq help restore files of receipts.")
	m.section("EXAMPLES", examples(firstExamples()))
	return &m
}

// pageOf returns the page of a command.
func pageOf(c command) *page {
	var m page
	m.section("NAME", fmt.Sprintf("ewsq %s - %s", c.name, c.summary))
	head := "ewsq -config FILE " + c.name
	if c.offline {
		head = "ewsq " + c.name
	}
	var synopsis strings.Builder
	for _, arguments := range c.synopsis {
		synopsis.WriteString(wrap(strings.TrimRight(head+" "+arguments, " "), textWidth, "        ") + "\n")
	}
	m.section("SYNOPSIS", synopsis.String())
	m.prose("DESCRIPTION", c.description)
	own := newFlagSet(c.name)
	c.prepare(own)
	m.prose("OPTIONS", strings.Trim(options(own)+"\n"+options(globals()), "\n"))
	m.prose("EXIT STATUS", c.exits())
	switch {
	case c.name == "cert":
		m.prose("ENVIRONMENT", "EWSQ_PFX_PASSWORD   password of the PFX file")
	case !c.offline:
		m.prose("ENVIRONMENT", environment)
		m.prose("FILES", strings.Trim("ewsq help describes the configuration.\n"+c.files, "\n"))
	}
	m.section("EXAMPLES", examples(c.examples))
	return &m
}
