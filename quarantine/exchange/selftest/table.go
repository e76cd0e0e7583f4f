package selftest

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/ewsquarantine/ewsquarantine/internal/display"
)

// WriteTable writes the report as text: a table of the checks, followed by what
// to do about failures and warnings. Control characters, including those that
// change the direction of text, are escaped.
func (r *Report) WriteTable(w io.Writer) error {
	out := display.NewWriter(w)
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "STATUS\tCHECK\tMAILBOX\tSEEN")
	for _, c := range r.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", display.Printable(string(c.Status)), display.Printable(string(c.Name)), dash(display.Printable(c.Mailbox)), dash(display.Printable(c.Seen)))
	}
	table.Flush() // out remembers the error
	for _, status := range []Status{Failed, Warning} {
		for _, c := range r.With(status) {
			writeRemedy(out, c)
		}
	}
	switch {
	case len(r.With(Failed)) > 0:
	case len(r.With(Warning)) > 0:
		fmt.Fprintln(out, "\nNothing failed, but read the warnings.")
	default:
		fmt.Fprintln(out, "\nNothing failed.")
	}
	return out.Err()
}

// String returns what WriteTable writes.
func (r *Report) String() string {
	var b strings.Builder
	_ = r.WriteTable(&b) // a Builder never fails
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// writeRemedy writes what to do about a failure or warning.
func writeRemedy(w io.Writer, c Result) {
	if c.Remedy == "" {
		return
	}
	about := string(c.Name)
	if c.Mailbox != "" {
		about += " " + c.Mailbox
	}
	fmt.Fprintf(w, "\n%s (%s): %s\n", display.Printable(about), c.Status, display.Printable(c.Remedy))
	for _, line := range c.Commands {
		fmt.Fprintf(w, "    %s\n", display.Printable(line))
	}
}
