package understood

import (
	"regexp"
	"strings"
)

var (
	guid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	// isNetworkID matches the names of the id that Exchange gives a message in all
	// mailboxes.
	isNetworkID = regexp.MustCompile(`(?i)network[- _]?message([- _]?id(entifier)?)?$`)
)

// confirmed returns the Message-ID in the header that a button quotes after its own lines,
// which end before lines[end]. The text of the reported message may be in between, and may
// contain such a header, too. So the id counts only if the same header has the id that
// Exchange gave the message on its arrival, which no sender can know, and the report names
// that as well.
func (p *parser) confirmed(lines []string, end int) string {
	known := p.networkIDs(lines[:end])
	if len(known) == 0 {
		return ""
	}
	id, confirmed := "", false
	for i := end; i < len(lines); i++ {
		line := lines[i]
		if trimMarks(line) == "" {
			id, confirmed = "", false // the header ends
			continue
		}
		for i+1 < len(lines) && folded(lines[i+1]) {
			i++
			if len(line) < maxField {
				line += " " + strings.TrimSpace(lines[i])
			}
		}
		switch name, value, _ := cutAny(line); {
		case isNetworkID.MatchString(name):
			confirmed = confirmed || known[strings.ToLower(value)]
		case strings.EqualFold(name, "Message-ID"):
			next := idIn(value)
			if id != "" && next != id {
				return "" // it has two
			}
			id = next
		}
		if id != "" && confirmed && !p.isOwn(id) {
			return id
		}
	}
	return ""
}

// networkIDs returns the ids of Exchange that the report names in its subject, its header
// and the lines of the button.
func (p *parser) networkIDs(lines []string) map[string]bool {
	known := make(map[string]bool)
	if m := outlookReport.FindStringSubmatch(p.report.Subject); m != nil {
		known[strings.ToLower(m[1])] = true
	}
	for _, f := range p.own.fields {
		if value := strings.TrimSpace(f.Value); isNetworkID.MatchString(f.Name) && guid.MatchString(value) {
			known[strings.ToLower(value)] = true
		}
	}
	for _, line := range lines {
		if name, value, ok := cutAny(line); ok && isNetworkID.MatchString(name) && guid.MatchString(value) {
			known[strings.ToLower(value)] = true
		}
	}
	return known
}

// folded reports whether a line continues the field above it.
func folded(line string) bool {
	return line != "" && (line[0] == ' ' || line[0] == '\t') && strings.TrimSpace(line) != ""
}
