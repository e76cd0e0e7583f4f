package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// targetColumns are the columns of a table of targets.
type targetColumns struct {
	names     []string // as the first line spells them
	mailbox   int
	message   int // -1: none
	reason    int // -1: none
	reference int // -1: none
	criteria  []int
	misspelt  []string // messages about ignored columns with names close to a known one
}

// targetsFromCSV reads a table whose first line names its columns: mailbox, message_id or
// criteria or both, and optionally reason and reference. Other columns are ignored, unless
// there are criteria: ignoring a misspelt one would match more than intended. The separator
// is zero if the file does not declare it.
func targetsFromCSV(in *bufio.Reader, comma rune, skipped int, list *targetList) error {
	r := csv.NewReader(in)
	if r.Comma = comma; comma == 0 {
		r.Comma, list.separator = separator(in)
	}
	r.TrimLeadingSpace = true
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return csvError(err, skipped, 0)
	}
	columns, err := newTargetColumns(header)
	if err != nil {
		return err
	}
	list.misspelt = columns.misspelt
	for {
		record, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return csvError(err, skipped, len(columns.names))
		}
		if i := slices.IndexFunc(record, func(field string) bool { return !utf8.ValidString(field) }); i >= 0 {
			line, _ := r.FieldPos(i)
			return notUTF8(line + skipped)
		}
		t, err := columns.target(record)
		if err == nil {
			err = list.add(t)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line+skipped, err)
		}
	}
}

// separator returns the separator used in the first line, and its name if it is not a comma.
func separator(in *bufio.Reader) (rune, string) {
	first, _ := in.Peek(4096)
	first, _, _ = bytes.Cut(first, []byte("\n"))
	switch {
	case bytes.ContainsRune(first, ','):
	case bytes.ContainsRune(first, ';'):
		return ';', "semicolon"
	case bytes.ContainsRune(first, '\t'):
		return '\t', "tab"
	}
	return ',', ""
}

// notUTF8 refuses a line in another encoding: it would ask for a different message.
func notUTF8(line int) error {
	return fmt.Errorf("line %d is not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8; in PowerShell: -Encoding utf8)", line)
}

// maxColumns is more than the number of columns of any export.
const maxColumns = 1000

func newTargetColumns(header []string) (*targetColumns, error) {
	if len(header) > maxColumns {
		return nil, fmt.Errorf("the first line names %d columns, more than %d; is it the right file?", len(header), maxColumns)
	}
	c := &targetColumns{mailbox: -1, message: -1, reason: -1, reference: -1}
	seen := make(map[string]bool)
	var strange []string
	for i, name := range header {
		c.names = append(c.names, strings.TrimSpace(name))
		plain := plainName(name)
		if seen[plain] && plain != "" {
			return nil, fmt.Errorf("the first line names the column %q twice; remove one", strings.TrimSpace(name))
		}
		seen[plain] = true
		var unused quarantine.Criteria
		known, _ := setCriterion(&unused, name, "")
		switch {
		case plain == "mailbox", plain == "recipientemailaddress": // as in exports of Microsoft Defender
			if c.mailbox >= 0 {
				return nil, fmt.Errorf("the first line names the mailbox twice, as %q and %q; remove one", c.names[c.mailbox], c.names[i])
			}
			c.mailbox = i
		case plain == "messageid", plain == "internetmessageid":
			if c.message >= 0 {
				return nil, fmt.Errorf("the first line names the Message-ID twice, as %q and %q; remove one", c.names[c.message], c.names[i])
			}
			c.message = i
		case plain == "reason":
			c.reason = i
		case plain == "reference":
			c.reference = i
		case known:
			c.criteria = append(c.criteria, i)
		default:
			strange = append(strange, strings.TrimSpace(name))
		}
	}
	switch {
	case c.mailbox < 0 || c.message < 0 && len(c.criteria) == 0:
		return nil, errors.New("the first line must name the columns mailbox and message_id, or mailbox and criteria (" + columnNames() + "), separated by commas")
	case len(c.criteria) > 0 && len(strange) > 0:
		return nil, fmt.Errorf("the first line names the column %q, which is not a criterion%s, and next to criteria no column is ignored; remove or correct it: the criteria are %s",
			strange[0], nearest.DidYouMean(strange[0], criteriaNames()), columnNames())
	}
	for _, name := range strange {
		if near := nearest.DidYouMean(name, []string{"reason", "reference"}); near != "" {
			c.misspelt = append(c.misspelt, fmt.Sprintf("the column %q is not read%s", name, near))
		}
	}
	return c, nil
}

// target returns the target of a line.
func (c *targetColumns) target(record []string) (quarantine.Target, error) {
	field := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(record[i])
	}
	t := quarantine.Target{Mailbox: field(c.mailbox), MessageID: field(c.message), Reason: field(c.reason), Reference: field(c.reference)}
	for _, i := range c.criteria {
		value := field(i)
		if value == "" {
			continue
		}
		if t.MessageID != "" {
			return t, fmt.Errorf("has both message_id and %s; leave one of them empty", c.names[i])
		}
		if _, err := setCriterion(&t.Criteria, c.names[i], value); err != nil {
			return t, err
		}
	}
	if t.MessageID == "" && t.Criteria.IsZero() {
		return t, errors.New("names no message; fill in message_id or criteria")
	}
	return t, nil
}

// csvError explains what is wrong with a table, where, and what to do.
func csvError(err error, skipped, columns int) error {
	bad, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	line, start := bad.Line+skipped, bad.StartLine+skipped
	switch {
	case errors.Is(bad.Err, csv.ErrFieldCount):
		return fmt.Errorf("line %d does not have %d fields, one for each column in the first line; put a field that contains a comma in quotes",
			start, columns)
	case errors.Is(bad.Err, csv.ErrBareQuote):
		return fmt.Errorf("line %d, column %d: there is a quote in an unquoted field; put the whole field in quotes, and double the quote inside it", line, bad.Column)
	case errors.Is(bad.Err, csv.ErrQuote):
		return fmt.Errorf("line %d, column %d: a quoted field, in the record that begins in line %d, does not end properly; close it with a quote before the comma or the end of the line, and double any quotes inside it",
			line, bad.Column, start)
	}
	return fmt.Errorf("line %d, column %d: %w", line, bad.Column, bad.Err)
}
