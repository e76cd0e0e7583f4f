package main

import (
	"context"
	"flag"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// reportActions are the actions of the command reports, each with whether it takes the ID of
// one report.
var reportActions = map[string]bool{"watch": false, "list": false, "show": true, "quarantine": true, "dismiss": true}

// reportWords returns the names of reportActions.
func reportWords() []string { return slices.Sorted(maps.Keys(reportActions)) }

func reportsCommand() command {
	return command{
		name:     "reports",
		argument: true,
		words:    reportWords(),
		summary:  "read the mailbox where users report mail, and act on it",
		synopsis: []string{
			"watch [-mailbox ADDRESS]",
			"list [-mailbox ADDRESS]",
			"show ID [-mailbox ADDRESS]",
			"quarantine ID [-mailbox ADDRESS] [-dry-run] [-reason TEXT] [-reference KEY]",
			"dismiss ID [-mailbox ADDRESS] [-reply FILE -reply-domain DOMAIN...]",
		},
		description: `
The mailbox is the one that users send reports to, given with -mailbox or as
reportMailbox in the configuration; each message in its Inbox is a report. While a
report is being looked at, it is marked, so that no other program takes it; its ID
does not change. What it means is determined from its content: which messages, with
what confidence, and their links, attachments and authentication results. All of that
was written by strangers: do not display it unescaped.

watch       writes each report as it arrives, until it is interrupted, which is
            status 0. Until then, no other command is given the reports it has written
list        writes the waiting reports, and ends. With -wait, it goes on until no report
            has arrived for that time
show        writes one report, and gives it back. With -wait, it may arrive within that
            time; this applies to quarantine and dismiss, too
quarantine  takes the messages that a report means: the reporter's own copies first,
            then those of all recipients, with groups expanded. The report is then
            done; "action" in its line is quarantined, or notFound if no mailbox has any
            of them. With -dry-run it only looks, and the report stays. Messages of low
            confidence are left alone
dismiss     closes a report that needs no action ("action" is dismissed); with -reply, the
            reporter gets an answer. Over Microsoft Graph that needs Mail.Send; over EWS
            with full access, the right to send as the mailbox

A report that is done is moved to the folder Reported/Done, never deleted.
`,
		files: "\nThe -reply file is a Go text template: {{.Subject}}, {{.From}}, {{.Received}} and\n{{.ID}} are those of the report. Only reporters in the domains given with\n-reply-domain are answered.\n",
		exit: map[int]string{
			exitDone: "It was done.",
			exitSome: "No such report was found, or something could not be done; in that case the report stays where it is.",
		},
		examples: []example{{"Which reports are waiting?", "ewsq -config exchange.json reports list \\\n    -mailbox alice@example.test"}},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var f reportFlags
			f.add(flags)
			return func(ctx context.Context, s *session) error {
				if err := f.read(flags, s.arguments); err != nil {
					return err
				}
				return s.reports(ctx, &f)
			}
		},
	}
}

// reportFlags name the action and the reports that it applies to.
type reportFlags struct {
	action, id string
	mailbox    string
	wait       time.Duration
	dryRun     bool
	reason     string
	reference  string
	reply      string
	domains    domains
}

func (f *reportFlags) add(flags *flag.FlagSet) {
	addText(flags, &f.mailbox, "mailbox", "", "`ADDRESS` of the mailbox that users send reports to (default: reportMailbox of the configuration)")
	addTextFunc(flags, "wait", "how long to wait for a report, a `TIME` such as 10s (default: only look at those that are there)", "", func(s string) (err error) {
		f.wait, err = time.ParseDuration(s)
		if err == nil && (f.wait < time.Second || f.wait > time.Hour) {
			err = usagef("must be from 1s to 1h")
		}
		return err
	})
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show what would be taken")
	addText(flags, &f.reason, "reason", "", "`TEXT` for people who read the receipt (default: reported by ADDRESS)")
	addText(flags, &f.reference, "reference", "", "`KEY` of the case, which list shows and restore accepts")
	addText(flags, &f.reply, "reply", "", "`FILE` with the text of the answer to the reporter")
	flags.Var(&f.domains, "reply-domain", "`DOMAIN` whose reporters may be answered; may be repeated")
}

// domains is a flag that may be repeated.
type domains []string

// String returns the domains, separated by commas.
func (d *domains) String() string { return strings.Join(*d, ",") }

// Set adds a domain.
func (d *domains) Set(s string) error {
	*d = append(*d, s)
	return nil
}

// read reads the arguments.
func (f *reportFlags) read(flags *flag.FlagSet, arguments []string) error {
	names := reportWords()
	if len(arguments) == 0 {
		return usagef("say what to do: %s", strings.Join(names, ", "))
	}
	f.action = arguments[0]
	one, known := reportActions[f.action]
	switch {
	case !known:
		return usagef("unknown action %q of reports%s; choose one of %s", f.action, nearest.DidYouMean(f.action, names), strings.Join(names, ", "))
	case one && len(arguments) != 2:
		return usagef("reports %s takes the ID of one report", f.action)
	case !one && len(arguments) != 1:
		return usagef("reports %s takes no argument", f.action)
	}
	if one {
		f.id = arguments[1]
	}
	if f.mailbox != "" {
		if err := checkAddress(f.mailbox); err != nil {
			return usagef("-mailbox: %w", err)
		}
	}
	if others := given(flags, "dry-run", "reason", "reference"); len(others) > 0 && f.action != "quarantine" {
		return usagef("%s is for reports quarantine", others[0])
	}
	if others := given(flags, "reply", "reply-domain"); len(others) > 0 && f.action != "dismiss" {
		return usagef("%s is for reports dismiss", others[0])
	}
	if (f.reply != "") != (len(f.domains) > 0) {
		return usagef("-reply and -reply-domain go together: a stranger must not be told that the mailbox is read")
	}
	return nil
}

// options returns the options for watching the mailbox.
func (f *reportFlags) options(s *session) (*reported.Options, error) {
	// A report that is given back must be available to the next command immediately.
	o := &reported.Options{Logger: s.logger(), Pause: time.Millisecond}
	if f.reply == "" {
		return o, nil
	}
	text, err := s.template(f.reply)
	if err != nil {
		return nil, err
	}
	o.Answer = &reported.Answer{Text: text, Domains: f.domains}
	return o, nil
}
