package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

// Formats of standard output.
const (
	asTable = "table" // text for people
	asJSON  = "json"  // lines of JSON
	asCSV   = "csv"
)

func formats() []string { return []string{asTable, asJSON, asCSV} }

// format returns the format of results: that of -output, or else text on a terminal and JSON
// anywhere else.
func (p *program) format() string {
	switch {
	case p.json:
		return asJSON
	case p.output == "" && p.both:
		return asTable
	}
	return cmp.Or(p.output, asJSON)
}

// checkFormat refuses flags for standard output that contradict each other, or that the
// command does not support.
func (p *program) checkFormat(c command) error {
	switch {
	case p.json && p.output != "" && p.output != asJSON:
		return usagef("-json and -output %s are both given; choose one format", p.output)
	case p.output == asCSV && !c.csv:
		return usagef("%s has no -output csv; choose table or json", c.name)
	}
	return nil
}

// rows is a result that can be written as CSV. The columns of a command are always the
// same, and new ones come last.
type rows interface {
	columns() []string
	rows() [][]string
}

// write writes a result to standard output in the requested format. If that format is for
// programs, its lines for people go to standard error.
func (s *session) write(result any, lines ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.format() {
	case asTable:
		return s.writeText(lines)
	case asCSV:
		s.sayAll(lines)
		return s.writeCSV(result)
	}
	s.sayAll(lines)
	return s.writeJSON(result)
}

// tell writes a line for people that is part of the results: on standard output if results
// are text.
func (s *session) tell(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.format() != asTable {
		s.say("%s", line)
		return
	}
	_ = s.writeText([]string{line}) // a write error was already reported with the results
}

func (s *session) sayAll(lines []string) {
	for _, line := range lines {
		s.say("%s", line)
	}
}

// writeText writes lines for people on standard output. They are escaped, because they may
// contain text written by an attacker.
func (s *session) writeText(lines []string) error {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(terminal.Escape(line) + "\n")
	}
	return s.put(text.String())
}

// writeJSON writes one line of JSON on standard output.
func (s *session) writeJSON(result any) error {
	line, err := terminal.JSONLine(result)
	if err != nil {
		return err
	}
	return s.putBytes(line)
}

// writeCSV writes the rows of a result on standard output, preceded by the column names the
// first time.
func (s *session) writeCSV(result any) error {
	of, ok := result.(rows)
	if !ok {
		return fmt.Errorf("a %T has no rows", result)
	}
	all := of.rows()
	if !s.headed {
		all = slices.Insert(all, 0, of.columns())
		s.headed = true
	}
	var text strings.Builder
	w := csv.NewWriter(&text)
	for _, row := range all {
		for i, cell := range row {
			row[i] = harmless(cell)
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return s.put(text.String())
}

// writeHead writes the column names if there was no row.
func (s *session) writeHead(of rows) error {
	if s.format() != asCSV || s.headed {
		return nil
	}
	s.headed = true
	return s.put(strings.Join(of.columns(), ",") + "\n")
}

// harmless makes the text of a cell safe: a spreadsheet does not take it for a formula, nor a
// terminal for anything but text. Senders control texts such as the subject.
func harmless(cell string) string {
	cell = terminal.Escape(cell)
	if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func (s *session) put(text string) error { return s.putBytes([]byte(text)) }

func (s *session) putBytes(text []byte) error {
	if len(text) == 0 {
		return nil // an empty write would redraw the status on a terminal
	}
	if _, err := s.stdout.Write(text); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

// yesNo returns a boolean as CSV has it.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
