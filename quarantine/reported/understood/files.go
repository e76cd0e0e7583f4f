package understood

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// maxFiles is how many files that a button may have written are kept.
const maxFiles = 4

// file keeps a file that a button may have written: the message or its header as text, or
// JSON.
func (p *parser) file(t mimescan.Text) {
	name := strings.ToLower(t.Name)
	if len(p.files) < maxFiles && (strings.Contains(name, "header") || strings.HasSuffix(name, ".eml.txt") || strings.HasSuffix(name, ".json") || t.Kind == "application/json") {
		p.files = append(p.files, t)
	}
}

// addFiles adds the message that such files name if nothing else names one. Files of a
// forwarded message are the attacker's.
func (p *parser) addFiles(q quoted) {
	r := &p.report
	if p.sentOn || q.headers || slices.ContainsFunc(r.Messages, func(m Message) bool { return m.Form != FormOpaque }) {
		return
	}
	for _, t := range p.files {
		m := Message{Form: FormHeaders}
		if lines, ok := jsonLines(t.Text); ok {
			m = Message{Form: FormButton}
			for _, line := range lines {
				if kind, value := cutLabel(line); kind == labelID && (m.MessageID == "" || p.isOwn(m.MessageID)) {
					m.MessageID = p.keep(idIn(value), maxField)
				}
			}
		} else {
			p.describe(&m, newHeader([]byte(strings.TrimLeft(t.Text, " \t\r\n\uFEFF"))))
		}
		if m.MessageID != "" && !slices.ContainsFunc(r.Messages, func(known Message) bool { return known.MessageID == m.MessageID }) {
			m.Confidence, m.Name = Medium, p.keep(clean(t.Name), maxField)
			r.Messages = append(r.Messages, m)
		}
	}
}
