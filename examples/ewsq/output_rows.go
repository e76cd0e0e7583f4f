package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func (result) columns() []string {
	return []string{"server", "mailbox", "message_id", "criteria", "outcome", "folder", "read", "received", "size", "way", "left_behind", "error"}
}

// rows returns a row for each copy, or a single one if there is no copy.
func (r result) rows() [][]string {
	criteria := ""
	if !r.Criteria.IsZero() {
		criteria = r.Criteria.String()
	}
	row := func(id string, outcome quarantine.Outcome, rest ...string) []string {
		return append([]string{r.Server, r.Mailbox, id, criteria, string(outcome)}, rest...)
	}
	if r.Receipt == nil || len(r.Receipt.Items) == 0 {
		return [][]string{row(r.MessageID, r.Outcome, "", "", "", "", "", "", r.Error)}
	}
	var all [][]string
	for i, it := range r.Receipt.Items {
		problem := ""
		if i == 0 {
			problem = r.Error
		}
		all = append(all, row(it.MessageID, it.Outcome, it.Folder, yesNo(it.WasRead), stamp(it.Received),
			strconv.FormatInt(it.Size, 10), string(it.Way), it.Residue, problem))
	}
	return all
}

// stamp returns a time for CSV, or an empty cell for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// held is the result line for a message in quarantine.
type held struct{ quarantine.Held }

func (held) columns() []string {
	return []string{"server", "mailbox", "folder", "read", "received", "quarantined", "message_id", "sender", "subject", "reason", "reference", "class", "size"}
}

func (h held) rows() [][]string {
	return [][]string{{
		h.Server, h.Mailbox, h.Folder, yesNo(h.WasRead), stamp(h.Received), stamp(h.Quarantined), h.MessageID, h.Sender, h.Subject,
		h.Reason, h.Reference, h.Class, strconv.FormatInt(h.Size, 10),
	}}
}

func (member) columns() []string {
	return []string{"server", "group", "address", "name", "kind", "via", "error"}
}

func (m member) rows() [][]string {
	return [][]string{{m.Server, m.Group, m.Address, m.Name, string(m.Kind), m.Via, m.Error}}
}

// checkLine is the result line of check.
type checkLine struct{ *selftest.Report }

func (checkLine) columns() []string {
	return []string{"server", "status", "check", "mailbox", "seen", "remedy", "commands"}
}

func (c checkLine) rows() [][]string {
	var all [][]string
	for _, r := range c.Checks {
		all = append(all, []string{c.Server, string(r.Status), string(r.Name), r.Mailbox, r.Seen, r.Remedy, strings.Join(r.Commands, "; ")})
	}
	return all
}
