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

// Answer is one observation of the server.
type Answer struct {
	Topic string // such as "version" or "C1 move into another mailbox"
	Seen  string
}

// Report holds the observations of a server with one access.
type Report struct {
	Access  exchange.Access
	Answers []Answer

	masks []string // what is struck out, and what replaces it
}

// newReport returns a report that strikes out anything that reveals whose server it is.
func newReport(s *Settings, access exchange.Access) *Report {
	r := &Report{Access: access}
	r.mask(s.Mailbox, "MAILBOX")
	r.mask(s.Config.QuarantineMailbox, "QUARANTINE")
	r.mask(s.Sender, "SENDER")
	r.mask(s.Blocked, "BLOCKED")
	r.mask(s.Config.Authentication.Username, "ACCOUNT")
	r.mask(s.Config.Authentication.ApplicationID, "APPLICATION")
	r.hide(s.Config.EWSURL)
	if _, domain, ok := strings.Cut(s.Mailbox, "@"); ok {
		r.mask(domain, "DOMAIN")
	}
	return r
}

func (r *Report) mask(text, as string) {
	if text != "" {
		r.masks = append(r.masks, text, as)
	}
}

// hide makes the report strike out the host of a URL.
func (r *Report) hide(address string) {
	if u, err := url.Parse(address); err == nil {
		r.mask(u.Host, "HOST")
		r.mask(u.Hostname(), "HOST")
	}
}

// Add adds an answer, without the names of mailboxes, account and host.
func (r *Report) Add(topic, format string, args ...any) {
	r.Answers = append(r.Answers, Answer{topic, strings.NewReplacer(r.masks...).Replace(fmt.Sprintf(format, args...))})
}

// Seen returns the answers about a topic, one per line.
func (r *Report) Seen(topic string) string {
	var lines []string
	for _, a := range r.Answers {
		if a.Topic == topic {
			lines = append(lines, a.Seen)
		}
	}
	return strings.Join(lines, "\n")
}

// WriteTable writes the report as text. Text from the server is escaped.
func (r *Report) WriteTable(w io.Writer) error {
	out := display.NewWriter(w)
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tSEEN\n", strings.ToUpper(string(r.Access)))
	for _, a := range r.Answers {
		fmt.Fprintf(table, "%s\t%s\n", display.Printable(a.Topic), display.Printable(a.Seen))
	}
	_ = table.Flush() // out keeps the error
	return out.Err()
}

// String returns the output of WriteTable.
func (r *Report) String() string {
	var b strings.Builder
	_ = r.WriteTable(&b) // a Builder never fails
	return b.String()
}
