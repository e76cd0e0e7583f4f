package understood

import (
	"regexp"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// quoted are headers quoted in a text.
type quoted struct {
	from     string
	to       []string
	subject  string
	date     string
	id       string
	reporter string

	headers bool     // they are headers of a forwarded message: more than an id
	foreign bool     // their labels are in an unknown language, or there is only one line
	doubted bool     // they follow something that was not understood, which may be other headers
	wrapped []string // the lines after the subject, which may continue it
	own     string   // the Message-ID of the report
}

// Limits for reading a text.
const (
	maxLines = 5000
	maxGap   = 4 // lines between two lines of the same headers
)

// quotedIn returns the first headers in a text, and an id that a button wrote before them.
// The text that follows belongs to the message that the headers describe.
func (p *parser) quotedIn(t mimescan.Text) (q quoted, ok bool) {
	lines := linesOf(t)
	button := quoted{own: p.report.MessageID}
	for i := 0; i < len(lines); i++ {
		kind, value := cutLabel(lines[i])
		switch kind {
		case noLabel, otherLabel:
			continue
		case labelReporter:
			button.reporter = firstOf(button.reporter, addressIn(value))
			continue
		}
		block, end := p.blockAt(lines, i, t.Page)
		block.reporter = firstOf(button.reporter, block.reporter)
		if block.headers {
			if before, ok := p.foreign(lines[:i]); ok && p.sentOn && !strings.EqualFold(addressIn(before.from), addressIn(block.from)) {
				block = before
			}
			block.subject = unfold(block.subject, block.wrapped, p.report.Subject)
			block.doubted = !block.foreign && p.hidden(lines[:i], block)
			block.id = firstOf(block.id, button.id)
			if block.id == "" && !p.sentOn {
				block.id = p.confirmed(lines, end)
			}
			return block, true
		}
		if button.id == "" || p.isOwn(button.id) && block.id != "" {
			button.id = block.id
		}
		button.reporter = block.reporter
		i = max(i, end-1)
	}
	if q, ok := p.foreign(lines); ok && (p.sentOn || button.id == "") {
		q.id, q.reporter = button.id, button.reporter
		return q, true
	}
	return button, button.id != "" || button.reporter != ""
}

// isOwn reports whether an id is that of the report itself.
func (p *parser) isOwn(id string) bool {
	return id != "" && driver.SameMessageID(id, p.report.MessageID)
}

// blockAt reads headers that begin at a line, and returns the line after them. The attacker
// wrote whatever follows, so a button cannot have written it. In plain text, that is
// everything after the next empty line. In a page, nothing separates the headers from the
// text: there they end once they are whole or, if a button made them, at the next line that
// is not a header.
func (p *parser) blockAt(lines []string, at int, page bool) (q quoted, end int) {
	q.own, end = p.report.MessageID, at
	var last label
	empty, over := false, false // the line has no value; the text may follow
	for i := at; i < len(lines) && i-end <= maxGap; i++ {
		kind, value := cutLabel(lines[i])
		over = over || q.whole() && (page && (p.sentOn || i > end) || trimMarks(lines[i]) == "")
		if over && (kind == labelID || kind == labelReporter) {
			break
		}
		if kind == noLabel {
			// A long list of recipients continues, or the value is on the next line.
			if more := trimMarks(lines[i]); i == end && more != "" && (last == labelTo || empty) {
				q.set(last, more)
				end, empty = i+1, false
			}
			continue
		}
		if i > at && (kind == labelFrom && q.from != "" || kind == labelSubject && q.subject != "") {
			break // of another message
		}
		if kind == labelSubject && q.subject == "" {
			q.wrapped = lines[i+1 : min(i+4, len(lines))]
		}
		q.set(kind, value)
		last, end, empty = kind, i+1, value == ""
	}
	q.headers = q.whole()
	return q, end
}

// whole reports whether there are enough fields for the headers of a message.
func (q quoted) whole() bool {
	known := 0
	for _, text := range []string{q.subject, q.date, strings.Join(q.to, "")} {
		if text != "" {
			known++
		}
	}
	return q.from != "" && known >= 2
}

func (q *quoted) set(kind label, value string) {
	if len(value) > maxField {
		value = strings.ToValidUTF8(value[:maxField], "")
	}
	switch kind {
	case labelFrom:
		q.from = firstOf(q.from, value)
	case labelSubject:
		q.subject = firstOf(q.subject, value)
	case labelDate:
		if !strings.HasPrefix(value, "from ") && !strings.HasPrefix(value, "by ") { // a field Received
			q.date = firstOf(q.date, value)
		}
	case labelTo:
		q.to = append(q.to, value)
	case labelID:
		if id := idIn(value); q.id == "" || driver.SameMessageID(q.id, q.own) && id != "" {
			q.id = id
		}
	case labelReporter:
		q.reporter = firstOf(q.reporter, addressIn(value))
	}
}

var (
	// angled matches a Message-ID as in RFC 5322, alone one without its brackets.
	angled = regexp.MustCompile(`<[^<>\s]{3,998}>`)
	alone  = regexp.MustCompile(`^[^\s<>"',;]{1,500}@[^\s<>"',;]{1,500}`)
)

// idIn returns the Message-ID that a button wrote after a label.
func idIn(value string) string {
	value = strings.ReplaceAll(strings.Trim(value, "\"'`, \t"), "mailto:", "")
	if id := angled.FindString(value); id != "" && driver.BareMessageID(id) != "" {
		return id
	}
	if id := alone.FindString(value); id != "" {
		return "<" + strings.TrimRight(id, ".}") + ">"
	}
	return ""
}

// message returns the message that quoted headers describe.
func (p *parser) message(q quoted) Message {
	m := Message{Form: FormButton, Confidence: Medium, MessageID: p.keep(q.id, maxField)}
	if !q.headers {
		return m
	}
	if m.MessageID == "" {
		m.Form, m.Confidence = FormQuoted, Low
	}
	if from := personIn(q.from); from != (Address{}) {
		m.From = []Address{{p.keep(from.Name, maxField), p.keep(from.Email, maxField)}}
	}
	seen := make(map[string]bool)
	for _, list := range q.to {
		for piece := range strings.SplitSeq(strings.ReplaceAll(list, ";", ","), ",") {
			to := personIn(piece)
			if key := strings.ToLower(to.Email); to.Email != "" && !seen[key] && len(m.To) < maxPeople {
				seen[key] = true
				m.To = append(m.To, Address{p.keep(to.Name, maxField), p.keep(to.Email, maxField)})
			}
		}
	}
	m.Subject = p.keep(clean(q.subject), maxField)
	w := moment(q.date, p.report.At)
	m.Sent, m.SentAbout = w.at, w.about
	switch {
	case q.foreign:
		m.Confidence = Low
		p.incomplete("the quoted headers are in a language that is not known, or one line: they were read as well as can be")
	case q.doubted && m.MessageID == "":
		m.Confidence = Low
		p.incomplete("what stands where the headers of a forwarded message begin was not understood: those behind it may have been written by its sender")
	case p.sentByReporter(m):
		m.Confidence = Low
		p.incomplete("the quoted headers are those of a message that the reporter sent to others: what was reported may be one that it quotes")
	case p.otherSubject(q):
		m.Confidence = Low
		p.incomplete("the quoted headers have another subject than the report: its sender may have written them")
	case strings.Contains(m.Subject, damaged):
		m.Confidence = Low
		p.incomplete("letters of the quoted subject were damaged on the way")
	case m.MessageID == "" && len(m.From) > 0 && m.From[0].Email != "" && m.Subject != "" && !m.Sent.IsZero():
		m.Confidence = Medium
	}
	if q.date != "" && m.Sent.IsZero() {
		p.incomplete("the date of the quoted message could not be read, or could mean two days")
	}
	return m
}

// agrees reports whether quoted headers are those of a message that is attached as well.
func (q quoted) agrees(m Message) bool {
	if q.id != "" {
		return driver.SameMessageID(q.id, m.MessageID)
	}
	sender := addressIn(q.from)
	for _, a := range m.From {
		if sender != "" && strings.EqualFold(a.Email, sender) && sameSubject(q.subject, m.Subject) {
			return true
		}
	}
	return false
}

// instant is a time of which only the wall-clock reading may be known.
type instant struct {
	at    time.Time
	about bool
}
