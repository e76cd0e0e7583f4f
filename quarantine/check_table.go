package quarantine

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
)

// WriteTable writes the report for people: a table of the checks, and below it
// what to do about those that are not well. What could control a terminal, or
// turn the direction of the text, is escaped.
func (r *CheckReport) WriteTable(w io.Writer) error {
	out := &stickyWriter{w: w}
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "STATUS\tCHECK\tMAILBOX\tSEEN")
	for _, c := range r.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", printableText(string(c.Status)), printableText(string(c.Name)), dash(printableText(c.Mailbox)), dash(printableText(c.Seen)))
	}
	table.Flush() // out keeps the error
	for _, status := range []CheckStatus{CheckFailed, CheckWarning} {
		for _, c := range r.With(status) {
			out.remedy(c)
		}
	}
	if len(r.With(CheckFailed)) == 0 {
		fmt.Fprintln(out, "\nNothing failed.")
	}
	return out.err
}

// String returns what WriteTable writes.
func (r *CheckReport) String() string {
	var b strings.Builder
	_ = r.WriteTable(&b) // a Builder takes everything
	return b.String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// stickyWriter keeps the first error.
type stickyWriter struct {
	w   io.Writer
	err error
}

// Write writes unless an error came before.
func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	s.err = err
	return n, err
}

func (s *stickyWriter) remedy(c CheckResult) {
	if c.Remedy == "" {
		return
	}
	about := string(c.Name)
	if c.Mailbox != "" {
		about += " " + c.Mailbox
	}
	fmt.Fprintf(s, "\n%s (%s): %s\n", printableText(about), c.Status, printableText(c.Remedy))
	for _, line := range c.Commands {
		fmt.Fprintf(s, "    %s\n", printableText(line))
	}
}

// printableText returns a text with everything escaped that is not to be seen:
// control characters, marks of direction, bytes that are not UTF-8.
func printableText(s string) string {
	plain := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if plain(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return b.String()
}
