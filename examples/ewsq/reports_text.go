package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// reportTexts returns the lines for people.
func reportTexts(line reportLine) []string {
	u := line.Understood
	head := fmt.Sprintf("%s  %s  %s  %s", line.ID, clock(line.Received), u.By.Email, u.Subject)
	switch {
	case line.Action == string(quarantine.NotFound):
		head += ": done, but what it means was not found in any mailbox"
	case line.Action != "":
		head += ": " + line.Action
	}
	if line.Answered {
		head += ", and answered"
	}
	lines := []string{head}
	for _, m := range u.Messages {
		what := cmp.Or(m.MessageID, m.Criteria.String(), m.Name, "nothing to search for")
		lines = append(lines, fmt.Sprintf("    %s confidence, %s: %s", m.Confidence, m.Form, what))
	}
	for _, why := range u.Incomplete {
		lines = append(lines, "    note: "+why)
	}
	return lines
}

// maxDetails is how many links and how many files of a message are shown to people.
const maxDetails = 10

// reportDetails returns the details that help decide whether to take the messages of a
// report.
func reportDetails(u *understood.Report) (lines []string) {
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf("    %-12s %s", name, value))
		}
	}
	more := func(name string, n int) {
		if n > maxDetails {
			add(name, fmt.Sprintf("and %d more: see -output json", n-maxDetails))
		}
	}
	for _, m := range u.Messages {
		lines = append(lines, cmp.Or(m.MessageID, m.Name, "a message without a Message-ID"))
		add("from", people(m.From))
		add("to", people(m.To))
		add("subject", m.Subject)
		if !m.Sent.IsZero() {
			add("sent", clock(m.Sent))
		}
		for _, a := range m.Authentication[:min(len(m.Authentication), maxDetails)] {
			add("checked", strings.TrimSpace(a.Method+" "+a.Result+" "+a.Domain))
		}
		for _, l := range m.Links[:min(len(m.Links), maxDetails)] {
			add("link", cmp.Or(l.Target, l.URL))
		}
		more("link", len(m.Links))
		for _, a := range m.Attachments[:min(len(m.Attachments), maxDetails)] {
			add("file", strings.TrimSpace(fmt.Sprintf("%s (%d bytes, SHA-256 %s)", a.Name, a.Size, a.SHA256)))
		}
		more("file", len(m.Attachments))
		if m.Form == understood.FormOpaque {
			add("not opened", m.Opaque)
		}
	}
	return lines
}

// people joins addresses for a line.
func people(all []understood.Address) string {
	var shown []string
	for _, a := range all[:min(len(all), maxDetails)] {
		shown = append(shown, cmp.Or(a.Email, a.Name))
	}
	text := strings.Join(shown, ", ")
	if n := len(all) - len(shown); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
