package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/nearest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// criterion is a search criterion, as a flag. CSV columns and JSON members have the
// same name; case, hyphens, underscores and spaces do not matter.
type criterion struct {
	flag, def, usage string
	set              func(*quarantine.Criteria, string) error
}

// criteria returns all criteria.
func criteria() []criterion {
	plain := func(field func(*quarantine.Criteria) *string) func(*quarantine.Criteria, string) error {
		return func(c *quarantine.Criteria, s string) error {
			*field(c) = s
			return nil
		}
	}
	moment := func(field func(*quarantine.Criteria) *time.Time) func(*quarantine.Criteria, string) error {
		return func(c *quarantine.Criteria, s string) (err error) {
			*field(c), err = parseMoment(s)
			return err
		}
	}
	return []criterion{
		{"sender", "", "`ADDRESS` in From, Sender or Return-Path", plain(func(c *quarantine.Criteria) *string { return &c.Sender })},
		{"recipient", "", "`ADDRESS` in To, Cc or Bcc", plain(func(c *quarantine.Criteria) *string { return &c.Recipient })},
		{"reply-to", "", "`ADDRESS` in Reply-To", plain(func(c *quarantine.Criteria) *string { return &c.ReplyTo })},
		{"subject", "", "`TEXT` of the subject; case is ignored", plain(func(c *quarantine.Criteria) *string { return &c.Subject })},
		{"subject-match", string(quarantine.SubjectExact), "`HOW` to compare the subject: exact, prefix or contains",
			func(c *quarantine.Criteria, s string) error {
				c.SubjectMatch = driver.SubjectMatch(s)
				return nil
			}},
		{"received-after", "", "received at or after this `TIME`", moment(func(c *quarantine.Criteria) *time.Time { return &c.ReceivedAfter })},
		{"received-before", "", "received before this `TIME`", moment(func(c *quarantine.Criteria) *time.Time { return &c.ReceivedBefore })},
		{"attachment-name", "", "full `NAME` of an attachment; case is ignored", plain(func(c *quarantine.Criteria) *string { return &c.AttachmentName })},
		{"attachment-sha256", "", "SHA-256 of an attachment's content, in 64 hexadecimal `DIGITS`",
			plain(func(c *quarantine.Criteria) *string { return &c.AttachmentSHA256 })},
		{"url", "", "`URL` that the text links to, even if rewritten by link protection; hxxps://evil[.]example and evil.example are understood", plain(func(c *quarantine.Criteria) *string { return &c.URL })},
	}
}

// criteriaFlags adds a flag for each criterion.
func criteriaFlags(flags *flag.FlagSet, c *quarantine.Criteria) {
	for _, one := range criteria() {
		addTextFunc(flags, one.flag, one.usage, one.def, func(s string) error { return one.set(c, s) })
		if one.flag == "subject-match" { // for completion; the target is checked as a whole
			flags.Lookup(one.flag).Value.(*textFlag).values = []string{string(quarantine.SubjectExact), string(quarantine.SubjectPrefix), string(quarantine.SubjectContains)}
		}
	}
}

func criteriaNames() []string {
	var names []string
	for _, one := range criteria() {
		names = append(names, one.flag)
	}
	return names
}

// plainName normalises the name of a column or member: case, hyphens, underscores and spaces
// do not matter.
func plainName(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
}

// setCriterion sets the criterion with the given name and reports whether it exists.
func setCriterion(c *quarantine.Criteria, name, value string) (known bool, err error) {
	all := criteria()
	i := slices.IndexFunc(all, func(one criterion) bool { return plainName(one.flag) == plainName(name) })
	if i < 0 {
		return false, nil
	}
	if err := all[i].set(c, value); err != nil {
		return true, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// criteriaFromJSON reads a JSON object. An unknown member is refused: ignoring it
// would match more than intended.
func criteriaFromJSON(text json.RawMessage) (quarantine.Criteria, error) {
	var c quarantine.Criteria
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return c, fmt.Errorf(`criteria is not a JSON object; write it as {"sender":"mallory@evil.example"}`)
	}
	if len(members) == 0 {
		return c, fmt.Errorf(`criteria is empty; write it as {"sender":"mallory@evil.example"}`)
	}
	seen := make(map[string]bool)
	for name, raw := range members {
		var value string
		if err := json.Unmarshal(raw, &value); err != nil || value == "" {
			return c, fmt.Errorf("criteria: %s must be a non-empty string; put it in quotes, or leave it out", name)
		}
		if seen[plainName(name)] {
			return c, fmt.Errorf("criteria: %s is given twice; remove one", name)
		}
		seen[plainName(name)] = true
		switch known, err := setCriterion(&c, name, value); {
		case err != nil:
			return c, fmt.Errorf("criteria: %w", err)
		case !known:
			return c, fmt.Errorf("criteria: %s is not a criterion%s; the criteria are %s", name, nearest.DidYouMean(name, criteriaNames()), columnNames())
		}
	}
	return c, nil
}

// columnNames returns the names of the criteria as CSV columns.
func columnNames() string {
	return strings.ReplaceAll(strings.Join(criteriaNames(), ", "), "-", "_")
}

// parseMoment parses a time. A date means midnight UTC.
func parseMoment(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		switch t, err := time.Parse(layout, s); {
		case err == nil && t.IsZero():
			// It would not be a bound at all: more would match than intended.
			return t, fmt.Errorf("%q is what some programs write for no time; leave it out", s)
		case err == nil:
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it as 2026-11-24T10:00:00Z, or as a date such as 2026-11-24, which means midnight UTC", s)
}

// inFlags rewrites an error about a target so that it names flags instead of fields.
func inFlags(err error) error {
	var lines []string
	for _, p := range quarantine.Problems(err) {
		lines = append(lines, fmt.Sprintf("-%s %s", flagOf(p.Field), p.Problem))
	}
	if len(lines) == 0 {
		return err
	}
	return errors.New(strings.Join(lines, "\n"))
}

// flagOf returns the flag for a field of a target or of criteria.
func flagOf(field string) string {
	all := append([]string{"mailbox", "message-id"}, criteriaNames()...)
	i := slices.IndexFunc(all, func(name string) bool { return plainName(name) == plainName(field) })
	if i < 0 {
		return field
	}
	return all[i]
}

// checkAddress checks that an address can belong to a mailbox.
func checkAddress(address string) error {
	err := quarantine.Target{Mailbox: address, MessageID: "any"}.Validate()
	for _, p := range quarantine.Problems(err) {
		return errors.New(p.Problem)
	}
	return err
}
