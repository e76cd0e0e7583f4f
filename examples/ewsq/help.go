package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const aboutAll = `
Takes malicious mail out of Exchange mailboxes, on Exchange Server 2010 and later
and Exchange Online, and puts it back. A message is found in every folder, moved
into a quarantine mailbox, and proved to be there before it is gone from where it
was.

Standard output has one line of JSON for each result, as soon as it is there;
standard error has text for people, on a terminal with a line that shows how far
the run is. A server that asks for a pause gets it; the run says that it waits.

An interrupt (Ctrl-C, SIGTERM) ends the run: nothing new is begun, what is in
work breaks off at the next step, and a line for each target says what became of
it, if only that it was not begun. A second one ends the program at once. Either
way no message is lost; what was begun is finished by running the same again, or
by recover.
`

const exitAll = `
0   All was done. That a message is not found is no failure.
1   Some target failed or was refused, or not all is known.
2   Bad usage or configuration; nothing was done.
`

const environment = `
EWSQ_PASSWORD       password of the service account (types ntlm and basic)
EWSQ_PFX_PASSWORD   password of the PFX file (type azureAD, and for cert)

They hold where the configuration leaves the secret out. One of several
configurations can have its own: the same with "_" and its name behind, in upper
case and with "_" for all but letters and digits, as EWSQ_PASSWORD_HEAD_OFFICE.
It goes before the general one.

HTTPS_PROXY and NO_PROXY hold if the configuration wants it (useProxy).
`

const configFormat = `
The configuration is a JSON object, or an array of them, one for each Exchange
organisation or tenant. Where there are several, each needs a name, and domains
or mailboxes say which has what; those with "enabled": false are left out. What
is wrong in it is told with line and column. The least:

    {"ewsUrl": "https://mail.example.test/EWS/Exchange.asmx",
     "quarantineMailbox": "quarantine@example.test", "access": "fullAccess",
     "authentication": {"type": "ntlm", "username": "EXAMPLE\\svc"}}
`

const targetsFormat = `
A file of targets is CSV or JSON lines, in UTF-8.

CSV: the first line names the columns, separated by commas, in any order:
mailbox, and message_id or criteria, and optionally reason. The criteria are
sender, recipient, subject, subject_match, received_after, received_before,
attachment_name, attachment_sha256 and url. A line has a message_id or criteria.

    mailbox,message_id,reason
    alice@example.test,<20261124.1@evil.example>,credential phishing

JSON lines: one object a line, with mailbox, message_id or criteria, and
optionally reason. Results of ewsq are targets, too.

    {"mailbox":"alice@example.test","message_id":"<20261124.1@evil.example>"}
    {"mailbox":"bob@example.test","criteria":{"sender":"mallory@evil.example"}}
`

const receiptsFormat = `
A file of receipts has the lines of JSON that quarantine wrote on standard
output. Those without a receipt, where nothing was taken, are passed over.
`

const resultFormat = `
A line has at least mailbox, messageId (or criteria), outcome, strategy, way,
copies, error and receipt, those that are empty left out, and server where the
configuration has a name. Text is an attacker's: do not show it unescaped.
`

// help answers the command help.
func (p *program) help(args []string) error {
	flags := newFlagSet("ewsq help")
	if err := flags.Parse(args); err != nil {
		return p.parsed(err, args, p.helpAll)
	}
	switch flags.NArg() {
	case 0:
		return p.helpAll()
	case 1:
		if flags.Arg(0) == "help" {
			return p.helpAll()
		}
		c, err := commandNamed(flags.Arg(0))
		if err != nil {
			return err
		}
		return p.helpCommand(c)
	}
	return usagef("help takes one command, not %d; see ewsq help", flags.NArg())
}

// page is a page of a manual, as it is written.
type page struct{ strings.Builder }

// section adds a section, indented.
func (p *page) section(title, text string) {
	text = strings.Trim(text, "\n")
	if text == "" {
		return
	}
	if p.Len() > 0 {
		p.WriteString("\n")
	}
	p.WriteString(title + "\n")
	for line := range strings.SplitSeq(text, "\n") {
		p.WriteString(strings.TrimRight("    "+line, " ") + "\n")
	}
}

func (p *page) writeTo(w io.Writer) error {
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("writing the help: %w", err)
	}
	return nil
}

// firstExamples are those of the first page.
func firstExamples() []example {
	return []example{
		{"Is all ready?", "ewsq -config exchange.json check"},
		{"Take a message away from all who are named in a file, whichever server they are on, and put it back:",
			"ewsq -config tenants.json quarantine -targets targets.csv > receipts.jsonl\newsq -config tenants.json restore -receipt receipts.jsonl"},
	}
}

func (p *program) helpAll() error {
	var m page
	m.section("NAME", "ewsq - take malicious mail out of Exchange mailboxes, and put it back")
	m.section("SYNOPSIS", "ewsq -config FILE COMMAND [FLAG]...\newsq help [COMMAND]")
	m.section("DESCRIPTION", aboutAll)
	var list strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&list, "%-12s%s\n", c.name, c.summary)
	}
	list.WriteString("help        say more of a command: ewsq help COMMAND, or ewsq COMMAND -help\n")
	m.section("COMMANDS", list.String())
	m.section("OPTIONS", "They stand before the command or behind it.\n\n"+options(globals()))
	m.section("RESULTS", resultFormat)
	m.section("EXIT STATUS", exitAll)
	m.section("ENVIRONMENT", environment)
	m.section("FILES", strings.Trim(configFormat, "\n")+"\n\newsq help quarantine tells of files of targets, ewsq help restore of receipts.")
	m.section("EXAMPLES", examples(firstExamples()))
	return m.writeTo(p.stdout)
}

func (p *program) helpCommand(c command) error {
	var m page
	m.section("NAME", fmt.Sprintf("ewsq %s - %s", c.name, c.summary))
	head := "ewsq -config FILE " + c.name
	if c.offline {
		head = "ewsq " + c.name
	}
	var synopsis strings.Builder
	for _, arguments := range c.synopsis {
		synopsis.WriteString(wrap(strings.TrimRight(head+" "+arguments, " "), 84, "        ") + "\n")
	}
	m.section("SYNOPSIS", synopsis.String())
	m.section("DESCRIPTION", c.description)
	own := newFlagSet(c.name)
	c.prepare(own)
	m.section("OPTIONS", strings.Trim(options(own)+"\n"+options(globals()), "\n"))
	m.section("EXIT STATUS", c.exits())
	if c.offline {
		m.section("ENVIRONMENT", "EWSQ_PFX_PASSWORD   password of the PFX file")
	} else {
		m.section("ENVIRONMENT", environment)
	}
	if !c.offline {
		m.section("FILES", strings.Trim("ewsq help tells of the configuration.\n"+c.files, "\n"))
	}
	m.section("EXAMPLES", examples(c.examples))
	return m.writeTo(p.stdout)
}

// exits returns what the exit statuses mean.
func (c command) exits() string {
	meaning := map[int]string{exitUsage: "Bad usage or configuration; nothing was done."}
	maps.Copy(meaning, c.exit)
	if meaning[exitSome] == "" {
		meaning[exitSome] = "Standard output could not be written to."
	}
	var b strings.Builder
	for _, status := range []int{exitDone, exitSome, exitUsage} {
		b.WriteString(wrap(fmt.Sprintf("%d   %s", status, meaning[status]), 84, "    ") + "\n")
	}
	return b.String()
}

// globals returns the flags that all commands have.
func globals() *flag.FlagSet {
	flags := newFlagSet("ewsq")
	(&session{program: &program{}}).globalFlags(flags)
	return flags
}

// optionColumn is where the description of a flag begins: behind the longest.
const optionColumn = len("-attachment-sha256 DIGITS  ")

// options describes flags.
func options(flags *flag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		head := "-" + f.Name
		if value != "" {
			head += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" {
			usage += " (default " + f.DefValue + ")"
		}
		b.WriteString(wrap(fmt.Sprintf("%-*s%s", optionColumn, head, usage), 84, strings.Repeat(" ", optionColumn)) + "\n")
	})
	return b.String()
}

// examples lists examples.
func examples(all []example) string {
	var parts []string
	for _, e := range all {
		var lines []string
		for line := range strings.SplitSeq(e.line, "\n") {
			lines = append(lines, "    "+line)
		}
		parts = append(parts, wrap(e.what, 84, "")+"\n\n"+strings.Join(lines, "\n"))
	}
	return strings.Join(parts, "\n\n")
}

// wrap breaks a line at blanks, and begins each further one with an indent.
func wrap(s string, width int, indent string) string {
	var lines []string
	for len(s) > width {
		i := strings.LastIndexByte(s[:width], ' ')
		if i <= len(indent) {
			break
		}
		lines = append(lines, strings.TrimRight(s[:i], " "))
		s = indent + s[i+1:]
	}
	return strings.Join(slices.Concat(lines, []string{s}), "\n")
}
