package live

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
)

// Summary describes, before anything happens, which server is tried with which mailboxes,
// and where the report goes. It is meant for the person who runs the suite, and is part
// of no report.
func (s *Settings) Summary() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line("server", "%s", cmp.Or(s.Config.EWSURL, s.Config.WithDefaults().EWSURL, "found by Autodiscover"))
	a := s.Config.Authentication
	line("account", "%s, %s", cmp.Or(a.Username, a.ApplicationID, "that of the configuration"), a.Type)
	line("mailbox", "%s", s.Mailbox)
	line("quarantine", "%s", s.Config.QuarantineMailbox)
	var accesses []string
	for _, access := range s.Access {
		accesses = append(accesses, string(access))
	}
	line("access", "%s", strings.Join(accesses, ", then "))
	if s.Sender == "" {
		line("sender", "none, so no mail is sent (%s)", EnvSender)
	} else {
		line("sender", "%s, which sends four messages to the mailbox", s.Sender)
	}
	if s.Blocked == "" {
		line("blocked", "none (%s)", EnvBlocked)
	} else {
		line("blocked", "%s", s.Blocked)
	}
	if s.ReportFile == "" {
		line("report", "only here (%s)", EnvReport)
	} else {
		line("report", "added to %s", s.ReportFile)
	}
	_ = table.Flush() // a Builder never fails
	return b.String()
}
