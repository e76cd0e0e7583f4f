package understood

import (
	"regexp"
	"strings"
)

var (
	// separates matches the line that programs write above a forwarded message, such as
	// "---------- Forwarded message ---------". What follows its dashes is in the first
	// group.
	separates = regexp.MustCompile(`^-{3,}\s*\pL[^-]*(?:-{1,2}[^-]+)*(?:-{3,}(.*))?$`)
	// armoured matches lines of OpenPGP, which are alike (RFC 9580, section 6.2).
	armoured = regexp.MustCompile(`^-+ ?(?:BEGIN|END) PGP `)
)

// separator reports whether a line introduces a forwarded message, and returns what follows
// its dashes, if that has an address: some programs lose line ends.
func separator(line string) (rest string, ok bool) {
	line = trimMarks(line)
	if len(line) > 1000 || armoured.MatchString(line) {
		return "", false
	}
	m := separates.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	if !strings.Contains(m[1], "@") {
		return "", true
	}
	return clean(strings.TrimLeft(m[1], "- ")), true
}

// maxBelow is how many lines below a separator are read.
const maxBelow = 12

// withColons adds colons to the labels below a separator, for cutLabel: eM Client writes
// none.
func withColons(lines []string) []string {
	for i := range lines {
		if _, ok := separator(lines[i]); !ok {
			continue
		}
		var at []int
		var written []string
		var q quoted
		for j := i + 1; j < len(lines) && j <= i+maxBelow; j++ {
			line := trimMarks(lines[j])
			if line == "" && len(at) == 0 {
				continue
			}
			if kind, _ := cutLabel(line); kind != noLabel {
				break // this program writes colons
			}
			kind, name, value := cutBare(line)
			if kind == noLabel {
				if len(at) == 0 || !strings.Contains(line, "@") {
					break
				}
				continue // more recipients
			}
			q.set(kind, value)
			at, written = append(at, j), append(written, name+": "+value)
		}
		if !q.whole() || q.subject == "" || addressIn(q.from) == "" {
			continue // prose may begin with such words
		}
		for n, j := range at {
			lines[j] = written[n]
		}
	}
	return lines
}

// cutBare cuts a line into a label of up to three words, without a colon, and its value.
func cutBare(line string) (kind label, name, value string) {
	end := 0
	for range 3 {
		n := strings.IndexAny(line[end:], " \t")
		if n < 0 || end+n > maxLabel {
			break
		}
		end += n
		if k := labelOf(line[:end]); k != noLabel {
			kind, name, value = k, line[:end], trimValue(line[end:])
		}
		end++
	}
	return kind, name, value
}

// hidden reports whether the headers follow something that was not understood and may be
// the real headers of the forwarded message: then these are in its text.
func (p *parser) hidden(before []string, q quoted) bool {
	sender := addressIn(q.from)
	below := false // a separator
	for _, line := range before {
		rest, ok := separator(line)
		trimmed := trimMarks(line)
		kind, value := cutLabel(line)
		switch {
		case ok:
			if rest != "" {
				return true
			}
			below = true
		case kind == labelFrom:
			// Headers with another sender that end before they are whole.
			if from := addressIn(value); from != "" && !strings.EqualFold(from, sender) && !strings.EqualFold(from, p.report.By.Email) {
				return true
			}
		case kind != noLabel, trimmed == "", strings.HasSuffix(trimmed, "---"): // the end of a long separator
		case below:
			return true
		}
	}
	return false
}

// sentByReporter reports whether the reporter sent a quoted message. A message that only
// claims to be from the reporter is addressed to the reporter.
func (p *parser) sentByReporter(m Message) bool {
	by := p.report.By.Email
	if by == "" || len(m.From) == 0 || !strings.EqualFold(m.From[0].Email, by) || len(m.To) == 0 {
		return false
	}
	for _, to := range m.To {
		if strings.EqualFold(to.Email, by) || to.Email == "" {
			return false
		}
	}
	return true
}
