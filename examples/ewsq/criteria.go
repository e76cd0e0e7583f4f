package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// criterion is one of the criteria, as a flag. Columns of CSV files and members
// of JSON objects have the same name, with any hyphens, underscores and
// capitals.
type criterion struct {
	flag, def, usage string
	set              func(*quarantine.Criteria, string) error
}

// criteria returns all of them.
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
		{"sender", "", "`ADDRESS` that the message is from, or was sent for", plain(func(c *quarantine.Criteria) *string { return &c.Sender })},
		{"recipient", "", "`ADDRESS` among To, Cc and Bcc", plain(func(c *quarantine.Criteria) *string { return &c.Recipient })},
		{"subject", "", "`TEXT` of the subject, in any case", plain(func(c *quarantine.Criteria) *string { return &c.Subject })},
		{"subject-match", string(quarantine.SubjectExact), "`HOW` the subject is compared: exact, prefix or contains",
			func(c *quarantine.Criteria, s string) error {
				c.SubjectMatch = driver.SubjectMatch(s)
				return nil
			}},
		{"received-after", "", "received at this `TIME` or after it", moment(func(c *quarantine.Criteria) *time.Time { return &c.ReceivedAfter })},
		{"received-before", "", "received before this `TIME`", moment(func(c *quarantine.Criteria) *time.Time { return &c.ReceivedBefore })},
		{"attachment-name", "", "whole `NAME` of an attachment, in any case", plain(func(c *quarantine.Criteria) *string { return &c.AttachmentName })},
		{"attachment-sha256", "", "SHA-256 of an attachment's content, 64 hexadecimal `DIGITS`",
			plain(func(c *quarantine.Criteria) *string { return &c.AttachmentSHA256 })},
		{"url", "", "`URL` that the text leads to, also as rewritten by link protection", plain(func(c *quarantine.Criteria) *string { return &c.URL })},
	}
}

// criteriaFlags adds a flag for each.
func criteriaFlags(flags *flag.FlagSet, c *quarantine.Criteria) {
	for _, one := range criteria() {
		addTextFunc(flags, one.flag, one.usage, one.def, func(s string) error { return one.set(c, s) })
	}
}

func criteriaNames() []string {
	var names []string
	for _, one := range criteria() {
		names = append(names, one.flag)
	}
	return names
}

// plainName returns the name of a column or member without what makes no
// difference.
func plainName(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
}

// setCriterion sets the one of a name. It reports whether there is one.
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

// criteriaFromJSON reads an object. One with a member that is not known is
// refused: without it more would match than was wanted.
func criteriaFromJSON(text json.RawMessage) (quarantine.Criteria, error) {
	var c quarantine.Criteria
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return c, fmt.Errorf(`criteria is no JSON object; write it as {"sender":"mallory@evil.example"}`)
	}
	if len(members) == 0 {
		return c, fmt.Errorf(`criteria is empty; write it as {"sender":"mallory@evil.example"}`)
	}
	seen := make(map[string]bool)
	for name, raw := range members {
		var value string
		if err := json.Unmarshal(raw, &value); err != nil || value == "" {
			return c, fmt.Errorf("criteria: %s is no text; put it in quotes, or leave it out", name)
		}
		if seen[plainName(name)] {
			return c, fmt.Errorf("criteria: %s is given twice; leave one out", name)
		}
		seen[plainName(name)] = true
		switch known, err := setCriterion(&c, name, value); {
		case err != nil:
			return c, fmt.Errorf("criteria: %w", err)
		case !known:
			return c, fmt.Errorf("criteria: %s is none; there are %s", name, columnNames())
		}
	}
	return c, nil
}

// columnNames returns the names of the criteria as columns.
func columnNames() string {
	return strings.ReplaceAll(strings.Join(criteriaNames(), ", "), "-", "_")
}

// parseMoment reads a time. A date stands for its beginning in UTC.
func parseMoment(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; give it as 2026-11-24T10:00:00Z, or as a date like 2026-11-24, which begins at midnight UTC", s)
}

// inFlags returns an error about a target that names flags in place of fields.
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

// checkAddress reports whether an address can be that of a mailbox.
func checkAddress(address string) error {
	err := quarantine.Target{Mailbox: address, MessageID: "any"}.Validate()
	for _, p := range quarantine.Problems(err) {
		return errors.New(p.Problem)
	}
	return err
}
