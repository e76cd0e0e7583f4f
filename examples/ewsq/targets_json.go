package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// maxLine is the maximum length of a line of a file, in bytes: enough for the receipt of a
// message with thousands of copies.
const maxLine = 16 << 20

// targetsFromJSON reads objects, one per line, with mailbox, message_id (messageId,
// internetMessageId) or criteria, and optionally reason and reference. Other members are
// ignored, so that results of ewsq can be used as targets.
func targetsFromJSON(in io.Reader, skipped int, list *targetList) error {
	for line, err := range jsonLines(in) {
		line.number += skipped
		if err != nil {
			return err
		}
		if !utf8.Valid(line.text) {
			return notUTF8(line.number)
		}
		t, outcome, err := targetFromJSON(line.text)
		if err == nil && isAside(outcome) {
			list.passed++
			continue
		}
		if err == nil {
			err = list.add(t)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line.number, err)
		}
	}
	return nil
}

func targetFromJSON(text []byte) (t quarantine.Target, outcome quarantine.Outcome, err error) {
	var raw struct {
		Mailbox   string             `json:"mailbox"`
		MessageID string             `json:"messageId"`
		Snake     string             `json:"message_id"`
		Internet  string             `json:"internetMessageId"`     // as in Microsoft's alerts
		Recipient string             `json:"recipientEmailAddress"` // likewise
		Reason    string             `json:"reason"`
		Reference string             `json:"reference"`
		Criteria  json.RawMessage    `json:"criteria"`
		Outcome   quarantine.Outcome `json:"outcome"`
		Exit      *int               `json:"exit"` // set in the line for an error that ended a run
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return t, "", fmt.Errorf("%s is a JSON %s, not a string; put it in quotes", wrong.Field, wrong.Value)
		}
		return t, "", fmt.Errorf(`is not a JSON object (%w); write it as {"mailbox":"alice@example.test","message_id":"<1@evil.example>"}`, err)
	}
	if raw.Exit != nil {
		return t, unknown, nil
	}
	if raw.MessageID, err = only(raw.MessageID, raw.Snake, raw.Internet); err != nil {
		return t, "", fmt.Errorf("names two Message-IDs, %w", err)
	}
	if raw.Mailbox, err = only(raw.Mailbox, raw.Recipient); err != nil {
		return t, "", fmt.Errorf("names two mailboxes, %w", err)
	}
	t = quarantine.Target{Mailbox: raw.Mailbox, MessageID: raw.MessageID, Reason: raw.Reason, Reference: raw.Reference}
	if raw.Criteria == nil || string(raw.Criteria) == "null" {
		return t, raw.Outcome, nil
	}
	if t.MessageID != "" {
		return t, "", errors.New("has both message_id and criteria; remove one")
	}
	t.Criteria, err = criteriaFromJSON(raw.Criteria)
	return t, raw.Outcome, err
}

// only returns the only text that is not empty; several may be given if they are equal.
func only(texts ...string) (one string, err error) {
	for _, s := range texts {
		if one != "" && s != "" && s != one {
			return "", fmt.Errorf("%q and %q; remove one", one, s)
		}
		one = cmp.Or(one, s)
	}
	return one, nil
}

// numberedLine is a non-blank line of a file.
type numberedLine struct {
	number int
	text   []byte
}

// jsonLines returns the non-blank lines. A line is valid only until the next one.
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
		err := scan.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("is longer than %d MiB; is it the right file?", maxLine>>20)
		}
		if err != nil {
			yield(numberedLine{n + 1, nil}, fmt.Errorf("line %d: %w", n+1, err))
		}
	}
}
