package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
)

// targets is the file of -targets: the delivered messages in the format that ewsq accepts
// (ewsq help quarantine). The zero value writes nothing.
type targets struct {
	file    *os.File
	text    *bufio.Writer
	csv     *csv.Writer
	n       int
	unnamed int // messages without a Message-ID, which cannot be targets
}

// newTargets creates the file; an empty name means none.
func newTargets(name string) (*targets, error) {
	if name == "" {
		return &targets{}, nil
	}
	if inUse(name) {
		return nil, fmt.Errorf("-targets %s: there is such a file; remove it, or give another name; %w", name, errUsage)
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("-targets: %w", err)
	}
	t := &targets{file: file, text: bufio.NewWriter(file)}
	t.csv = csv.NewWriter(t.text)
	if err := t.csv.Write([]string{"mailbox", "message_id"}); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return t, nil
}

// inUse reports whether a file has content that somebody may want to keep. Devices and pipes
// have none.
func inUse(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// add adds a message.
func (t *targets) add(mailbox, messageID string) error {
	switch {
	case t.file == nil:
		return nil
	case messageID == "":
		t.unnamed++
		return nil
	}
	t.n++
	return t.csv.Write([]string{mailbox, messageID})
}

// close finishes the file, and returns a line about it.
func (t *targets) close() ([]string, error) {
	if t.file == nil {
		return nil, nil
	}
	t.csv.Flush()
	if err := errors.Join(t.csv.Error(), t.text.Flush(), t.file.Close()); err != nil {
		return nil, fmt.Errorf("-targets: %w", err)
	}
	line := fmt.Sprintf("%d targets are in %s", t.n, t.file.Name())
	if t.unnamed > 0 {
		line += fmt.Sprintf("; %d messages have no Message-ID, and are not", t.unnamed)
	}
	return []string{line}, nil
}
