package understood

import (
	"strings"
	"unicode"
)

// maxForeign is how many lines of a text are searched for headers in an unknown language.
const maxForeign = 400

// foreign looks for headers of a forwarded message whose labels are in an unknown language,
// and for the line that programs write above a quotation, such as "On 24 November Billing
// <billing@evil.example> wrote:". Headers are recognised by the subject, which is that of
// the report. Whatever follows them is the attacker's, no matter what it looks like.
func (p *parser) foreign(lines []string) (q quoted, ok bool) {
	subject := bare(p.report.Subject)
	for i, line := range lines[:min(len(lines), maxForeign)] {
		if _, value, ok := cutAny(line); ok && subject != "" && sameSubject(value, subject) {
			if q := p.around(lines, i, value); q.from != "" {
				return q, true
			}
		}
		if q, ok := p.attribution(lines, i); ok {
			return q, true
		}
		if rest, ok := separator(line); ok {
			if q, ok := p.below(rest, lines[i+1:]); ok {
				return q, true
			}
		}
	}
	return quoted{}, false
}

// around reads the headers around a subject.
func (p *parser) around(lines []string, at int, subject string) quoted {
	q := quoted{subject: subject, headers: true, foreign: true, own: p.report.MessageID}
	first, last := at, at
	for last-first < 8 && first > 0 && isField(lines[first-1]) {
		first--
	}
	for last-first < 12 && last+1 < len(lines) && isField(lines[last+1]) {
		last++
	}
	for i := first; i <= last; i++ {
		_, value, _ := cutAny(lines[i])
		switch mailed := strings.Contains(addressIn(value), "@"); {
		case i == at:
		case mailed && q.from == "":
			q.from = value
		case mailed:
			q.to = append(q.to, value)
		case q.date == "" && !moment(value, p.report.At).at.IsZero():
			q.date = value
		}
	}
	return q
}

func isField(line string) bool {
	_, _, ok := cutAny(line)
	return ok
}

// cutAny cuts a line into what may be a label, in whatever language, and its value.
func cutAny(line string) (name, value string, ok bool) {
	line = trimMarks(line)
	at := strings.IndexAny(line, labelEnds)
	if at <= 0 || at > maxLabel {
		return "", "", false
	}
	name, value = strings.TrimSpace(line[:at]), trimValue(line[at:])
	return name, value, value != "" && !strings.Contains(name, "@") && strings.ContainsFunc(name, unicode.IsLetter)
}

// below reads who wrote a forwarded message from the text below its separator: headers
// without their line ends, or the line with which old Lotus programs begin.
func (p *parser) below(rest string, lines []string) (q quoted, ok bool) {
	for i, text := range append([]string{rest}, lines[:min(len(lines), 6)]...) {
		text = clean(trimMarks(text))
		first := pointed.FindStringSubmatch(text)
		if len(text) > 1000 || first == nil {
			continue
		}
		if kind, _ := cutLabel(text); i > 0 && kind != noLabel {
			break // headers with line ends
		}
		date := strings.ReplaceAll(text, first[1], " ")
		if i > 0 && moment(date, p.report.At).at.IsZero() {
			continue
		}
		return quoted{from: "<" + first[1] + ">", date: date, subject: bare(p.report.Subject), headers: true, foreign: true, own: p.report.MessageID}, true
	}
	return q, false
}

// attribution reads the line above a quoted text, which ends in a colon, and has the
// address and a date. It may continue on the next lines.
func (p *parser) attribution(lines []string, at int) (q quoted, ok bool) {
	for n := 1; n <= 3 && at+n <= len(lines); n++ {
		text := clean(strings.Join(lines[at:at+n], " "))
		if text == "" || len(text) > 400 {
			return q, false
		}
		trimmed := trimMarks(text)
		if !strings.HasSuffix(trimmed, ":") && !strings.HasSuffix(trimmed, "：") {
			continue
		}
		from := addressIn(text)
		if from == "" || strings.EqualFold(from, p.report.By.Email) {
			continue
		}
		rest := strings.ReplaceAll(strings.ReplaceAll(text, from, " "), "mailto:", " ")
		if moment(rest, p.report.At).at.IsZero() {
			continue
		}
		return quoted{from: "<" + from + ">", date: rest, subject: bare(p.report.Subject), headers: true, foreign: true, own: p.report.MessageID}, true
	}
	return q, false
}
