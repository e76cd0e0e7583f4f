package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// receiptList is the content of a file of receipts.
type receiptList struct {
	receipts []*quarantine.Receipt
	skipped  int   // lines without a receipt
	cut      []int // lines of which a part is missing
}

// errCut returns an error that names the lines that could not be read, and says what to do,
// or nil if there are none.
func (l *receiptList) errCut() error {
	if len(l.cut) == 0 {
		return nil
	}
	var which []string
	for _, n := range l.cut {
		which = append(which, fmt.Sprintf("line %d is not a whole line", n))
	}
	return fmt.Errorf("%s: nothing was put back for what is missing; ewsq list shows what is still in quarantine, and restore accepts -mailbox and -message-id", strings.Join(which, ", "))
}

// readReceipts reads results of quarantine, or plain receipts, one per line. A full disk or a
// killed run can leave a line that begins like one and is cut off: it is skipped if there are
// others.
func readReceipts(in io.Reader) (*receiptList, error) {
	l := &receiptList{}
	for line, err := range jsonLines(in) {
		if err != nil {
			return nil, err
		}
		if err := l.add(line); err != nil {
			return nil, err
		}
	}
	switch {
	case len(l.receipts)+l.skipped > 0:
		return l, nil
	case len(l.cut) > 0:
		return nil, fmt.Errorf("line %d is cut off, and no other holds a receipt; give the lines that quarantine wrote", l.cut[0])
	}
	return nil, errors.New("is empty; it must contain the lines that quarantine wrote")
}

func (l *receiptList) add(line numberedLine) error {
	if line.text[0] == '{' && !json.Valid(line.text) {
		l.cut = append(l.cut, line.number)
		return nil
	}
	var r struct {
		Outcome quarantine.Outcome  `json:"outcome"`
		Receipt *quarantine.Receipt `json:"receipt"`
		Action  string              `json:"action"`
		Exit    *int                `json:"exit"` // set in the line for an error that ended a run
	}
	if err := json.Unmarshal(line.text, &r); err != nil {
		return fmt.Errorf("line %d is not a result of quarantine: %w", line.number, err)
	}
	if r.Receipt == nil && r.Action != "" {
		r.Receipt = new(quarantine.Receipt)
		if err := json.Unmarshal(line.text, r.Receipt); err != nil {
			return fmt.Errorf("line %d is not a receipt: %w", line.number, err)
		}
	}
	switch {
	case r.Receipt == nil && (r.Outcome != "" || r.Exit != nil):
		l.skipped++
	case r.Receipt == nil:
		return fmt.Errorf("line %d is neither a result of quarantine nor a receipt; give the lines that quarantine wrote", line.number)
	case r.Receipt.Action != "quarantine":
		return fmt.Errorf("line %d is a receipt of %q, which takes nothing; give the lines that quarantine wrote", line.number, r.Receipt.Action)
	case r.Receipt.DryRun:
		return fmt.Errorf("line %d is from a dry run, which takes nothing; give the lines of a run without -dry-run", line.number)
	default:
		if err := r.Receipt.Target.Validate(); err != nil {
			return fmt.Errorf("line %d: %w", line.number, err)
		}
		l.receipts = append(l.receipts, r.Receipt)
	}
	return nil
}
