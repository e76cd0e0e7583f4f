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
and Exchange Online, and puts it back. Every copy of a message, in any folder, is
moved into a quarantine mailbox; it is reported as quarantined only once the copy
there has been verified.

Standard output has one line of JSON per result, written as soon as it is known, or
on a terminal text for people; -output chooses. Standard error has text for people
and, on a terminal, a line that shows progress. All times are UTC.

If a server asks for a pause, the run waits and says so.

An interrupt (Ctrl-C, SIGTERM, or closing the terminal) ends the run, and so does the
end of the program that reads standard output, such as head: nothing new is started,
work in progress stops at the next step, and every target still gets a line with its
result, even if only that it was not started. A second interrupt ends the program
immediately. Either way no message is lost; to finish what was started, run the same
command again, or recover.

The outcome "undecided" means that it is not yet known where a message is: a request
whose answer was lost may still take effect, or another run is working on it. The
line says until when. Nothing is removed meanwhile; run the same command again after
that time, or recover. "notBegun" means that nothing was changed, because the server
could not be asked or was busy, or the run ended first; run it again. "failed" means
that something was begun; the line says what is left.
`

const exitAll = `
0     Everything was done. It is not an error if a message is not found, unless
      -fail-not-found is given.
1     A target failed, was refused or is undecided, or not everything is known.
2     Bad usage or configuration; nothing was done.
130   The run was interrupted before everything was done.
`

const environment = `
EWSQ_CONFIG         the configuration, unless -config is given
EWSQ_PASSWORD       password of the service account (types ntlm and basic)
EWSQ_PFX_PASSWORD   password of the PFX file (type azureAD, and for cert)
EWSQ_CLIENT_CERTIFICATE_PASSWORD
                    password of clientCertificateFile
EWSQ_STAMP_KEY      key that seals the stamps of messages (unless stampKeyFile is set)

The secrets are used if the configuration leaves them out. Each of several
configurations can have its own: append "_" and the name of the configuration, in
upper case and with "_" for anything but A to Z and 0 to 9, as in
EWSQ_PASSWORD_HEAD_OFFICE. It takes precedence over the general one.

HTTPS_PROXY and NO_PROXY are used if the configuration sets useProxy. Output is never
coloured, so NO_COLOR has no effect.
`

const configFormat = `
The configuration is a JSON object, or an array of them, one for each Exchange
organisation or tenant. If there are several, each needs a name; domains and
mailboxes say which mailboxes belong to which. Those with "enabled": false are
ignored. Mistakes are reported with line and column. A minimal one:

    {"ewsUrl": "https://mail.example.test/EWS/Exchange.asmx",
     "quarantineMailbox": "quarantine@example.test",
     "access": "fullAccess",
     "authentication": {"type": "ntlm", "username": "EXAMPLE\\svc"}}
`

const targetsFormat = `
A file of targets is CSV or JSON lines, in UTF-8.

CSV: the first line names the columns, in any order, separated by commas (or by
semicolons or tabs, which is reported): mailbox, message_id or criteria (or both),
and optionally reason and reference (the key of the case, as with
quarantine -reference). The criteria are
sender, recipient, reply_to, subject, subject_match, received_after, received_before,
attachment_name, attachment_sha256 and url. A line has either a message_id or
criteria. The names RecipientEmailAddress and InternetMessageId, as in exports from
Microsoft Defender, are accepted for mailbox and message_id, also in JSON.

    mailbox,message_id,reason
    alice@example.test,<20261124.1@evil.example>,credential phishing

JSON lines: one object per line, with mailbox, message_id or criteria, and
optionally reason and reference. Results of ewsq can be used as targets.

    {"mailbox":"alice@example.test","message_id":"<1@evil.example>"}
    {"mailbox":"bob@example.test","criteria":{"sender":"m@evil.example"}}
`

const receiptsFormat = `
A file of receipts contains the JSON lines that quarantine wrote to standard output.
Lines without a receipt, which have nothing to restore, are skipped.
`

const resultFormat = `
A line has mailbox, messageId (or criteria), outcome, strategy, way, copies, error
and receipt, and server if the configuration has a name; way, error and receipt are
left out if empty. With -output csv there is a row for each copy; a cell that a
spreadsheet would take for a formula begins with an apostrophe. Text may come from an
attacker: do not display it unescaped.
`

// help runs the command help.
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
	return usagef("help takes at most one command, not %d; see ewsq help", flags.NArg())
}

// page builds a page of the manual.
type page struct{ strings.Builder }

// textWidth is the maximum length of a line of a page, without its indent. With the indent
// that man adds, it still fits a terminal of 80 columns.
const textWidth = 72

// prose adds a section whose paragraphs are rewrapped where a line is too long.
func (p *page) prose(title, text string) { p.section(title, filled(strings.Trim(text, "\n"))) }

// section adds an indented section.
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

// firstExamples returns the examples on the first page.
func firstExamples() []example {
	return []example{
		{"Is everything ready?", "ewsq -config exchange.json check"},
		{"Take messages out of the mailboxes listed in a file, whichever server they are on, and put them back:",
			"ewsq -config tenants.json quarantine \\\n    -targets targets.csv > receipts.jsonl\newsq -config tenants.json restore -receipt receipts.jsonl"},
	}
}

func (p *program) helpAll() error { return pageOfAll().writeTo(p.stdout) }

func (p *program) helpCommand(c command) error { return pageOf(c).writeTo(p.stdout) }

// exits describes the exit statuses.
func (c command) exits() string {
	meaning := map[int]string{
		exitUsage:       "Bad usage or configuration; nothing was done.",
		exitInterrupted: "The run was interrupted before everything was done.",
	}
	maps.Copy(meaning, c.exit)
	if meaning[exitSome] == "" {
		meaning[exitSome] = "Standard output could not be written."
	}
	var b strings.Builder
	for _, status := range []int{exitDone, exitSome, exitUsage, exitInterrupted} {
		b.WriteString(wrap(fmt.Sprintf("%-6d%s", status, meaning[status]), textWidth, "      ") + "\n")
	}
	return b.String()
}

// globals returns the flags common to all commands.
func globals() *flag.FlagSet {
	flags := newFlagSet("ewsq")
	(&session{program: &program{}}).globalFlags(flags)
	return flags
}

// optionColumn is the column in which the description of a flag begins: after the longest flag.
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
		b.WriteString(wrap(fmt.Sprintf("%-*s%s", optionColumn, head, usage), textWidth, strings.Repeat(" ", optionColumn)) + "\n")
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
		parts = append(parts, wrap(e.what, textWidth, "")+"\n\n"+strings.Join(lines, "\n"))
	}
	return strings.Join(parts, "\n\n")
}

// wrap breaks a line at spaces and indents the continuation lines.
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
