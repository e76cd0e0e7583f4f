package live

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/ewsquarantine/ewsquarantine/internal/display"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Answer is one thing that the server was seen to do.
type Answer struct {
	Topic string // such as "version" or "C1 move into another mailbox"
	Seen  string
}

// Report is what a server was seen to do with one access.
type Report struct {
	Access  exchange.Access
	Answers []Answer

	masks *strings.Replacer
}

// newReport returns a report that strikes out what tells whose server it is.
func newReport(s *Settings, access exchange.Access) *Report {
	var pairs []string
	mask := func(text, as string) {
		if text != "" {
			pairs = append(pairs, text, as)
		}
	}
	mask(s.Mailbox, "MAILBOX")
	mask(s.Config.QuarantineMailbox, "QUARANTINE")
	mask(s.Sender, "SENDER")
	mask(s.Blocked, "BLOCKED")
	mask(s.Config.Authentication.Username, "ACCOUNT")
	mask(s.Config.Authentication.ApplicationID, "APPLICATION")
	if u, err := url.Parse(s.Config.EWSURL); err == nil {
		mask(u.Host, "HOST")
		mask(u.Hostname(), "HOST")
	}
	if _, domain, ok := strings.Cut(s.Mailbox, "@"); ok {
		mask(domain, "DOMAIN")
	}
	return &Report{Access: access, masks: strings.NewReplacer(pairs...)}
}

// Add adds an answer, without the names of mailboxes, account and host.
func (r *Report) Add(topic, format string, args ...any) {
	r.Answers = append(r.Answers, Answer{topic, r.masks.Replace(fmt.Sprintf(format, args...))})
}

// Seen returns the answers about a topic, one a line.
func (r *Report) Seen(topic string) string {
	var lines []string
	for _, a := range r.Answers {
		if a.Topic == topic {
			lines = append(lines, a.Seen)
		}
	}
	return strings.Join(lines, "\n")
}

// WriteTable writes the report as text. What the server wrote is escaped.
func (r *Report) WriteTable(w io.Writer) error {
	out := display.NewWriter(w)
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tSEEN\n", strings.ToUpper(string(r.Access)))
	for _, a := range r.Answers {
		fmt.Fprintf(table, "%s\t%s\n", display.Printable(a.Topic), display.Printable(a.Seen))
	}
	_ = table.Flush() // out remembers the error
	return out.Err()
}

// String returns what WriteTable writes.
func (r *Report) String() string {
	var b strings.Builder
	_ = r.WriteTable(&b) // a Builder never fails
	return b.String()
}
