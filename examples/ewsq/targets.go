package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// maxLine is how many bytes a line of a file may have: a receipt of a message
// with thousands of copies fits.
const maxLine = 16 << 20

// targetFlags are the flags that say which messages are meant.
type targetFlags struct {
	mailbox, messageID, file string
}

func (t *targetFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&t.mailbox, "mailbox", "", "SMTP `ADDRESS` of the mailbox")
	flags.StringVar(&t.messageID, "message-id", "", "`ID`, the value of the Message-ID header, with its brackets or without")
	flags.StringVar(&t.file, "targets", "", "`FILE` with many of them, CSV or JSON lines; - for standard input")
}

// read returns the targets, all of them checked.
func (t *targetFlags) read(s *session, reason string) ([]quarantine.Target, error) {
	switch {
	case t.file != "" && (t.mailbox != "" || t.messageID != ""):
		return nil, usagef("-targets and -mailbox or -message-id are both given; choose one way")
	case t.file == "" && t.mailbox == "" && t.messageID == "":
		return nil, usagef("no message is named; give -mailbox and -message-id, or -targets")
	case t.file == "" && t.mailbox == "":
		return nil, usagef("-mailbox ADDRESS is missing")
	case t.file == "" && t.messageID == "":
		return nil, usagef("-message-id ID is missing")
	case t.file == "":
		target := quarantine.Target{Mailbox: t.mailbox, MessageID: t.messageID, Reason: reason}
		if err := target.Validate(); err != nil {
			return nil, usageError{err}
		}
		return []quarantine.Target{target}, nil
	}
	in, err := s.input(t.file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	targets, err := readTargets(in)
	if err != nil {
		return nil, usagef("%s: %w", t.file, err)
	}
	for i := range targets {
		if targets[i].Reason == "" {
			targets[i].Reason = reason
		}
	}
	return targets, nil
}

// input opens a file, or standard input for "-".
func (s *session) input(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(s.stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// readTargets reads JSON lines if the first character is a brace, else CSV.
func readTargets(in io.Reader) ([]quarantine.Target, error) {
	r := bufio.NewReader(in)
	if mark, _ := r.Peek(3); bytes.Equal(mark, []byte("\xEF\xBB\xBF")) {
		_, _ = r.Discard(3)
	}
	for {
		b, err := r.Peek(1)
		if err == io.EOF {
			return nil, errors.New("is empty; it must name at least one message")
		}
		if err != nil {
			return nil, err
		}
		if strings.IndexByte(" \t\r\n", b[0]) < 0 {
			break
		}
		_, _ = r.Discard(1)
	}
	read := targetsFromCSV
	if b, _ := r.Peek(1); b[0] == '{' {
		read = targetsFromJSON
	}
	targets, err := read(r)
	if err == nil && len(targets) == 0 {
		err = errors.New("names no message")
	}
	return targets, err
}

// targetsFromCSV reads a table whose first line names its columns: mailbox and
// message_id, and optionally reason; others are passed over.
func targetsFromCSV(in io.Reader) ([]quarantine.Target, error) {
	r := csv.NewReader(in)
	r.TrimLeadingSpace = true
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))] = i
	}
	mailbox, hasMailbox := columns["mailbox"]
	messageID, hasID := columns["messageid"]
	reason, hasReason := columns["reason"]
	if !hasMailbox || !hasID {
		return nil, errors.New("the first line must name the columns mailbox and message_id, separated by a comma")
	}
	var targets []quarantine.Target
	for {
		record, err := r.Read()
		if err == io.EOF {
			return targets, nil
		}
		if err != nil {
			return nil, err
		}
		t := quarantine.Target{Mailbox: strings.TrimSpace(record[mailbox]), MessageID: strings.TrimSpace(record[messageID])}
		if hasReason {
			t.Reason = strings.TrimSpace(record[reason])
		}
		if err := t.Validate(); err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		targets = append(targets, t)
	}
}

// targetsFromJSON reads objects, one a line, with mailbox and message_id (or
// messageId), and optionally reason; others are passed over, so that results of
// ewsq are targets, too.
func targetsFromJSON(in io.Reader) ([]quarantine.Target, error) {
	var targets []quarantine.Target
	for line, err := range jsonLines(in) {
		if err != nil {
			return nil, err
		}
		var t struct {
			Mailbox   string `json:"mailbox"`
			MessageID string `json:"messageId"`
			Snake     string `json:"message_id"`
			Reason    string `json:"reason"`
		}
		if err := json.Unmarshal(line.text, &t); err != nil {
			return nil, fmt.Errorf("line %d: %w", line.number, err)
		}
		if t.MessageID == "" {
			t.MessageID = t.Snake
		}
		target := quarantine.Target{Mailbox: t.Mailbox, MessageID: t.MessageID, Reason: t.Reason}
		if err := target.Validate(); err != nil {
			return nil, fmt.Errorf("line %d: %w", line.number, err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// numberedLine is a line of a file that is not blank.
type numberedLine struct {
	number int
	text   []byte
}

// jsonLines returns the lines that are not blank. A line is good until the next.
func jsonLines(in io.Reader) func(func(numberedLine, error) bool) {
	return func(yield func(numberedLine, error) bool) {
		scan := bufio.NewScanner(in)
		scan.Buffer(nil, maxLine)
		n := 0
		for scan.Scan() {
			n++
			if text := bytes.TrimSpace(scan.Bytes()); len(text) > 0 && !yield(numberedLine{n, text}, nil) {
				return
			}
		}
		if err := scan.Err(); err != nil {
			yield(numberedLine{n + 1, nil}, fmt.Errorf("line %d: %w", n+1, err))
		}
	}
}
