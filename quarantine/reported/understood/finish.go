package understood

import (
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// finish makes the report from what was gathered.
func (p *parser) finish() Report {
	r := &p.report
	root := p.open[0]
	r.MessageID = p.keep(clean(p.own.first("Message-ID")), maxField)
	r.Subject = p.keep(p.own.text("Subject"), maxField)
	if r.At = p.own.received(); r.At.IsZero() {
		r.At = dated(p.own.first("Date"))
	}
	if from := p.people(p.own, "From", "Sender"); len(from) > 0 {
		r.By = from[0]
	}
	p.sentOn = p.forwarded()
	q, inText := p.inTexts()
	p.doubtID(&q)
	p.reporter(q)

	attached := root.Within
	// A message alongside headers of another one came with that, or its sender wrote the
	// headers.
	beside := func(m Message) bool { return inText && q.headers && (p.otherSubject(q) || !q.agrees(m)) }
	for i := range attached {
		p.judge(&attached[i], beside(attached[i]))
		if m := attached[i]; m.MessageID == "" && len(m.From) == 0 && m.Subject == "" {
			p.incomplete("what is attached as a message has no header of one: it may be another file, or damaged")
		}
		if p.inText[i] && attached[i].Confidence != Low {
			attached[i].Confidence = Low
			p.incomplete("a message was found within a text of the report: the sender of that may have written it")
		}
	}
	r.Messages = attached
	for _, m := range p.heads {
		if m.Form == FormHeaders {
			p.judge(&m, beside(m))
		}
		r.Messages = append(r.Messages, m)
	}
	p.addQuoted(q, inText, root)
	p.addButton()
	p.addFiles(q)
	p.addNetwork()
	for i := range r.Messages {
		m := &r.Messages[i]
		p.refuseOwn(m)
		m.Criteria = criteriaOf(*m)
	}
	if original := p.feed.all("Original-Rcpt-To"); len(r.Messages) == 1 && r.Messages[0].Confidence == High {
		for _, to := range original {
			a := addressIn(to)
			if a != "" && !slices.ContainsFunc(r.Messages[0].To, func(known Address) bool { return strings.EqualFold(known.Email, a) }) {
				r.Messages[0].To = append(r.Messages[0].To, Address{Email: p.keep(a, maxField)})
			}
		}
	}
	if len(r.Messages) == 0 {
		p.incomplete("no message was recognised in the report")
		if p.own.first("Resent-From") != "" {
			p.incomplete("the report was redirected, so it is itself what was reported, if anything: forward it as an attachment instead")
		}
	}
	rank := map[Confidence]int{High: 0, Medium: 1, Low: 2}
	slices.SortStableFunc(r.Messages, func(a, b Message) int { return rank[a.Confidence] - rank[b.Confidence] })
	return *r
}

// all returns the fields with a name; there are none without a header.
func (h header) all(name string) []string {
	if h.Message == nil {
		return nil
	}
	return h.raw(name)
}

// inTexts searches the texts of the report, beginning with plain text, which is easier.
func (p *parser) inTexts() (best quoted, ok bool) {
	slices.SortStableFunc(p.texts, func(a, b mimescan.Text) int {
		switch {
		case a.Page == b.Page:
			return 0
		case b.Page:
			return -1
		}
		return 1
	})
	for _, t := range p.texts {
		q, found := p.quotedIn(t)
		if found && (!ok || q.better(best)) {
			best, ok = q, true
		}
	}
	return best, ok
}

// better reports whether quoted headers contain more than others: an HTML text may have the
// address where the plain one has only a name.
func (q quoted) better(than quoted) bool {
	if q.headers != than.headers {
		return q.headers
	}
	return addressIn(than.from) == "" && addressIn(q.from) != ""
}

// reporter sets who reported, if a button names somebody other than From.
func (p *parser) reporter(q quoted) {
	named := q.reporter
	if p.sentOn {
		named = "" // the forwarded message may claim it
	}
	for _, f := range p.own.fields {
		if name := strings.ToLower(f.Name); strings.HasPrefix(name, "x-") && (strings.HasSuffix(name, "reporter") || strings.HasSuffix(name, "reported-by")) {
			named = firstOf(addressIn(f.Value), named)
		}
	}
	if !strings.Contains(named, "@") {
		return
	}
	if !strings.EqualFold(named, p.report.By.Email) {
		p.report.By, p.report.Via = Address{Email: p.keep(named, maxField)}, p.report.By
	}
}

// judge sets the confidence of a message that is attached, or whose header is.
func (p *parser) judge(m *Message, beside bool) {
	switch {
	case beside:
		m.Confidence = Low
		p.incomplete("a message is attached to a report that quotes another one: it may be an attachment of that")
	case m.Confidence == Low: // it has several ids
	case len(angled.FindAllString(m.MessageID, 2)) > 1:
		m.Confidence = Medium
		p.incomplete("an attached message has several Message-IDs in one field")
	case m.MessageID != "":
		m.Confidence = High
	case len(m.From) > 0 && m.Subject != "":
		m.Confidence = Medium
	default:
		m.Confidence = Low
	}
}

// addQuoted adds the message that the texts name, unless it is attached.
func (p *parser) addQuoted(q quoted, ok bool, root *Message) {
	r := &p.report
	if !ok || q.id == "" && !q.headers {
		return
	}
	readable := slices.ContainsFunc(r.Messages, func(m Message) bool { return m.Form != FormOpaque })
	if slices.ContainsFunc(r.Messages, func(m Message) bool { return m.Form != FormOpaque && q.agrees(m) }) {
		return
	}
	if !q.headers && readable {
		p.incomplete("the text names another Message-ID than that of the attached message; it was left alone")
		return
	}
	m := p.message(q)
	if !q.headers && p.sentOn && !p.answers(q.id) {
		m.Confidence = Low
		p.incomplete("a Message-ID stands in the text of what seems to be a forwarded message: its sender may have written it")
	}
	if q.headers {
		m.Links, m.Attachments = root.Links, root.Attachments
		m.InReplyTo = p.keep(idIn(p.own.first("In-Reply-To")), maxField)
	}
	r.Messages = append(r.Messages, m)
}

// forwarded reports whether the report seems to be a forwarded message, and not one that a
// button made.
func (p *parser) forwarded() bool {
	return p.own.first("In-Reply-To") != "" || p.own.first("References") != "" || isForward(p.report.Subject)
}

// answers reports whether the report answers, or forwards, the message with an id,
// according to the program that wrote it.
func (p *parser) answers(id string) bool {
	return id != "" && driver.SameMessageID(id, idIn(p.own.first("In-Reply-To")))
}

// otherSubject reports whether quoted headers have a different subject from the report,
// although a program made its subject from theirs.
func (p *parser) otherSubject(q quoted) bool {
	subject := clean(q.subject)
	return subject != "" && isForward(p.report.Subject) && !sameSubject(subject, p.report.Subject)
}

// doubtID removes a Message-ID from headers that a mail program quotes: programs write none
// there, so the sender of the quoted message did.
func (p *parser) doubtID(q *quoted) {
	if !q.headers || q.id == "" || !p.sentOn || p.answers(q.id) {
		return
	}
	p.incomplete("a Message-ID stands in the text of what seems to be a forwarded message: its sender may have written it, so it was left alone")
	q.id = ""
}

// addButton adds the message whose id an add-in wrote into a field of the report.
func (p *parser) addButton() {
	r := &p.report
	for _, f := range p.own.fields {
		if !namesReported(f.Name) {
			continue
		}
		id := idIn(f.Value)
		if id == "" {
			continue
		}
		switch i := slices.IndexFunc(r.Messages, func(m Message) bool { return driver.SameMessageID(m.MessageID, id) }); {
		case i >= 0:
		case len(r.Messages) == 1 && r.Messages[0].MessageID == "" && r.Messages[0].Form != FormOpaque:
			m := &r.Messages[0]
			m.MessageID, m.Confidence = p.keep(id, maxField), Medium
			if m.Form == FormQuoted {
				m.Form = FormButton
			}
		case slices.ContainsFunc(r.Messages, func(m Message) bool { return m.MessageID != "" && m.Confidence != Low }):
			p.incomplete("the field %s names another Message-ID than that of the message in the report; it was left alone", p.keep(f.Name, 100))
		default:
			r.Messages = append(r.Messages, Message{Form: FormButton, Confidence: Medium, MessageID: p.keep(id, maxField)})
		}
	}
}

var withoutDashes = strings.NewReplacer("-", "", "_", "")

// namesReported reports whether a field of a report holds the Message-ID of the reported
// message. Servers write similar fields that hold the report's own.
func namesReported(field string) bool {
	name := withoutDashes.Replace(strings.ToLower(field))
	if !strings.HasPrefix(name, "x") || !strings.Contains(name, "messageid") || strings.Contains(name, "network") {
		return false
	}
	for _, server := range []string{"xmicrosoft", "xgoogle", "xms", "xoutlook", "xgm"} {
		if strings.HasPrefix(name, server) {
			return false
		}
	}
	for _, word := range []string{"report", "phish", "suspicious", "spam", "abuse", "submi", "original", "internetmessageid", "hoxhunt", "knowbe4", "cofense", "ironscales", "wombat"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// refuseOwn removes the Message-ID of the report from a message.
func (p *parser) refuseOwn(m *Message) {
	if m.MessageID == "" || !driver.SameMessageID(m.MessageID, p.report.MessageID) {
		return
	}
	p.incomplete("a reported message has the Message-ID of the report itself, which was not taken")
	m.MessageID = ""
	m.Confidence = Low
}

// How far from the time given in a report a server may have received the message.
const (
	aboutZone  = 15 * time.Hour // for a clock whose zone is not known
	inTransit  = 24 * time.Hour
	inDelivery = 2 * time.Hour // after the last Received field
)

// criteriaOf returns criteria for a message whose Message-ID is not known: sender and
// subject, or one of them and the time. It returns none if that is not enough for a search.
func criteriaOf(m Message) quarantine.Criteria {
	if m.MessageID != "" || m.Form == FormOpaque {
		return quarantine.Criteria{}
	}
	c := quarantine.Criteria{Subject: m.Subject}
	for _, a := range m.From {
		if c.Sender == "" && strings.Contains(a.Email, "@") {
			c.Sender = a.Email
		}
	}
	switch {
	case !m.Received.IsZero():
		c.ReceivedAfter, c.ReceivedBefore = m.Received.Add(-inDelivery), m.Received.Add(inDelivery)
	case !m.Sent.IsZero() && m.SentAbout:
		c.ReceivedAfter, c.ReceivedBefore = m.Sent.Add(-aboutZone), m.Sent.Add(aboutZone+inTransit)
	case !m.Sent.IsZero():
		c.ReceivedAfter, c.ReceivedBefore = m.Sent.Add(-inDelivery), m.Sent.Add(inTransit)
	}
	if c.Sender == "" && (c.Subject == "" || c.ReceivedAfter.IsZero()) || c.Subject == "" && c.ReceivedAfter.IsZero() {
		return quarantine.Criteria{}
	}
	if c.Validate() != nil {
		return quarantine.Criteria{}
	}
	return c
}
