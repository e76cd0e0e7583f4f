package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// maxLine is the maximum length of a line in a file of targets, in bytes.
const maxLine = 1 << 20

// readTargets reads JSON lines if the first character is a brace, otherwise CSV with the
// columns mailbox and message_id, and optionally reason and reference. All targets are
// checked, and the error names the line.
func readTargets(in io.Reader) ([]quarantine.Target, error) {
	r := bufio.NewReader(in)
	if mark, _ := r.Peek(3); bytes.Equal(mark, []byte("\xEF\xBB\xBF")) {
		_, _ = r.Discard(3)
	}
	first, err := r.Peek(1)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("is empty; it must name at least one message")
		}
		return nil, err
	}
	read := targetsFromCSV
	if first[0] == '{' {
		read = targetsFromJSON
	}
	all, err := read(r)
	if err == nil && len(all) == 0 {
		err = errors.New("names no message")
	}
	return all, err
}

// targetsFromJSON reads an object on each line.
func targetsFromJSON(in io.Reader) (all []quarantine.Target, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		t, err := targetFromJSON(text)
		if err == nil {
			err = t.Validate()
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, t)
	}
	return all, lines.Err()
}

// targetFromJSON reads a target. An unknown member is refused: it may be a misspelt
// criterion, without which more would match.
func targetFromJSON(text []byte) (quarantine.Target, error) {
	var raw struct {
		quarantine.Target
		Snake string `json:"message_id"`
	}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	err := in.Decode(&raw)
	if err == nil {
		if _, more := in.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object; write each target on a line of its own")
		}
	}
	if err != nil {
		return raw.Target, fmt.Errorf(`is not a target (%w); write it as {"mailbox":"alice@example.test","message_id":"<1@evil.example>"}`, err)
	}
	if raw.MessageID == "" {
		raw.MessageID = raw.Snake
	}
	return raw.Target, nil
}

// targetsFromCSV reads a table, whose first line names the columns. Criteria need JSON lines.
func targetsFromCSV(in io.Reader) (all []quarantine.Target, err error) {
	table := csv.NewReader(in)
	table.TrimLeadingSpace, table.ReuseRecord = true, true
	header, err := table.Read()
	if err != nil {
		return nil, err
	}
	var t quarantine.Target
	known := map[string]*string{"mailbox": &t.Mailbox, "messageid": &t.MessageID, "reason": &t.Reason, "reference": &t.Reference}
	columns := make([]*string, len(header))
	for i, name := range header {
		columns[i] = known[strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))]
		if columns[i] == nil {
			return nil, fmt.Errorf("the first line has the column %q; the columns are mailbox, message_id, reason and reference, and criteria need JSON lines", name)
		}
	}
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		t = quarantine.Target{}
		for i, field := range record {
			*columns[i] = strings.TrimSpace(field)
		}
		if err := t.Validate(); err != nil {
			line, _ := table.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		all = append(all, t)
	}
}
