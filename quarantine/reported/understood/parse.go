package understood

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
)

// Limits of what is kept of a report.
const (
	maxMessages    = 200     // attached ones
	maxLinks       = 1000    // of a message
	maxAttachments = 1000    // of a message
	maxPeople      = 2000    // of a message
	maxKept        = 2 << 20 // bytes of all texts that are kept
	maxLink        = 2 << 10 // bytes of a link
	maxField       = 4 << 10 // bytes of a text of a header
	maxTexts       = 8       // texts of the report that are read
)

// Parse reads a report: the MIME form of the mail that a user sent. It accepts anything,
// and returns no error but the reader's. It reads once from beginning to end, and keeps no
// more than a few megabytes, whatever the size of the report.
func Parse(r io.Reader) (Report, error) {
	p := &parser{left: maxKept}
	_, err := mimescan.Scan(r, mimescan.Handler{
		Begin: p.begin, End: p.end, Text: p.text, Link: p.link, Attachment: p.attachment,
	})
	if errors.Is(err, mimescan.ErrTooComplex) {
		p.incomplete("the report has too many parts, or nests them too deeply, to be read completely")
		err = nil
	}
	if err != nil {
		return Report{}, err
	}
	for len(p.open) > 1 { // it was too complex
		_ = p.end(mimescan.Report{})
	}
	return p.finish(), nil
}

// parser gathers what a report contains.
type parser struct {
	report Report
	own    header     // of the report
	open   []*Message // the report itself first, then the messages that are being read
	texts  []mimescan.Text
	files  []mimescan.Text // attached files that a button may have written
	inText []bool          // of the messages attached to the report: found within a text
	ended  *Message        // the attached message that has just been read
	count  int             // attached messages
	left   int             // bytes that may still be kept
	heads  []Message       // headers without their message
	sentOn bool            // the report seems to be a forwarded message
	feed   header          // of an abuse report as in RFC 5965
}

// incomplete records what could not be understood, once.
func (p *parser) incomplete(format string, args ...any) {
	if why := fmt.Sprintf(format, args...); len(p.report.Incomplete) < 50 && !slices.Contains(p.report.Incomplete, why) {
		p.report.Incomplete = append(p.report.Incomplete, why)
	}
}

// keep returns the part of a text that fits, and counts it as kept.
func (p *parser) keep(s string, most int) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
		p.incomplete("a text longer than %d bytes was cut", most)
	}
	if len(s) > p.left {
		p.incomplete("the report names more than can be kept")
		s = ""
	}
	p.left -= len(s)
	return strings.Clone(s)
}

func (p *parser) begin(raw []byte) error {
	h := newHeader(raw)
	if len(p.open) == 0 {
		p.own = h
		p.open = append(p.open, new(Message))
		return nil
	}
	if p.count++; p.count > maxMessages {
		p.incomplete("more than %d messages are attached", maxMessages)
	}
	m := &Message{Form: FormAttached}
	p.describe(m, h)
	p.open = append(p.open, m)
	return nil
}

func (p *parser) end(found mimescan.Report) error {
	m := p.open[len(p.open)-1]
	p.open = p.open[:len(p.open)-1]
	m.Opaque = p.keep(found.Opaque, maxField)
	if found.Links != "" || found.Attachments != "" {
		p.incomplete("links or attachments of an attached message may be missing: %s", firstOf(found.Links, found.Attachments))
	}
	p.ended = nil
	if p.count <= maxMessages {
		over := p.top()
		over.Within = append(over.Within, *m)
		if len(p.open) == 1 {
			p.inText = append(p.inText, found.Quoted)
		}
		p.ended = &over.Within[len(over.Within)-1]
	}
	return nil
}

// top returns the message that is being read.
func (p *parser) top() *Message { return p.open[len(p.open)-1] }

func (p *parser) text(t mimescan.Text) error {
	p.ended = nil
	if len(p.open) != 1 || t.Quoted { // what is within a text is not the reporter's
		return nil
	}
	if t.Attached {
		p.file(t)
		return nil
	}
	switch t.Kind {
	case "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
		if p.count++; p.count <= maxMessages {
			m := Message{Form: FormHeaders}
			p.describe(&m, newHeader([]byte(t.Text)))
			p.heads = append(p.heads, m)
		}
	case "message/feedback-report", "message/delivery-status", "message/global-delivery-status":
		p.feed = newHeader([]byte(t.Text))
	default:
		if len(p.texts) < maxTexts {
			p.texts = append(p.texts, t)
		}
	}
	return nil
}

func (p *parser) link(link string) error {
	m := p.top()
	scheme, _, ok := strings.Cut(link, ":")
	switch {
	case !ok && !strings.HasPrefix(strings.ToLower(link), "www."), strings.EqualFold(scheme, "mailto"), strings.EqualFold(scheme, "cid"):
		return nil
	case len(m.Links) == maxLinks:
		p.incomplete("a message has more than %d links", maxLinks)
		return nil
	case len(link) > maxLink:
		p.incomplete("a link is longer than %d bytes", maxLink)
		return nil
	}
	link = strings.ToValidUTF8(linkunwrap.Tidy(link), "\uFFFD")
	if slices.ContainsFunc(m.Links, func(l Link) bool { return l.URL == link }) {
		return nil
	}
	l := Link{URL: p.keep(link, maxLink)}
	if l.URL == "" {
		return nil
	}
	for range 5 { // services wrap each other's links
		target, ok := linkunwrap.Unwrap(firstOf(l.Target, l.URL))
		if !ok || len(target.URL) > maxLink {
			break
		}
		l.Target, l.DomainOnly = p.keep(strings.ToValidUTF8(target.URL, "\uFFFD"), maxLink), target.DomainOnly
		if l.DomainOnly {
			break
		}
	}
	m.Links = append(m.Links, l)
	return nil
}

func (p *parser) attachment(a mimescan.Attachment) error {
	m := p.top()
	sum := hex.EncodeToString(a.SHA256[:])
	isMessage := p.ended != nil
	if isMessage {
		p.ended.Name, p.ended.Size, p.ended.SHA256 = p.keep(clean(a.Name), maxField), a.Size, sum
		if a.Type != "message/rfc822" && a.Type != "message/global" {
			p.ended.Form = FormFile
		}
		if a.Type == elsewhere {
			// It is declared as a message, but contains at most a note about one.
			*p.ended = Message{Form: FormOpaque, Opaque: elsewhere, Name: p.ended.Name, Size: p.ended.Size, SHA256: p.ended.SHA256}
			p.incomplete("an attachment of type %s was not opened", elsewhere)
		}
		p.ended = nil
	}
	switch {
	case isMessage && len(p.open) == 1, describes(a.Type):
		return nil // it is the reported message, or describes it
	case len(m.Attachments) == maxAttachments:
		p.incomplete("a message has more than %d attachments", maxAttachments)
		return nil
	}
	one := Attachment{Name: p.keep(clean(a.Name), maxField), Type: p.keep(clean(a.Type), maxField), Size: a.Size, SHA256: sum}
	if len(p.open) == 1 && (a.Opaque != "" || a.Type == elsewhere || isArchive(one)) {
		p.opaque(one, firstOf(a.Opaque, one.Type))
		return nil
	}
	m.Attachments = append(m.Attachments, one)
	return nil
}

// opaque adds a container that is not opened: the reported message may be in it.
func (p *parser) opaque(a Attachment, what string) {
	if p.count++; p.count > maxMessages {
		p.incomplete("more than %d messages are attached", maxMessages)
		return
	}
	p.heads = append(p.heads, Message{Form: FormOpaque, Confidence: Low, Name: a.Name, Size: a.Size, SHA256: a.SHA256, Opaque: what})
	p.incomplete("an attachment of type %s was not opened: ask for the message itself, forwarded as an attachment", what)
}

// elsewhere is the type of a file of which only the name was sent (RFC 2046, section
// 5.2.3).
const elsewhere = "message/external-body"

// describes reports whether a part describes a message.
func describes(kind string) bool {
	switch kind {
	case "text/rfc822-headers", "message/rfc822-headers", "message/global-headers",
		"message/feedback-report", "message/delivery-status", "message/global-delivery-status":
		return true
	}
	return false
}

// isArchive reports whether a file is a container that some buttons put messages into.
func isArchive(a Attachment) bool {
	name := strings.ToLower(a.Name)
	return slices.ContainsFunc([]string{".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".cab", ".iso", ".pst", ".ost", ".mbox", ".mht", ".mhtml"}, func(end string) bool { return strings.HasSuffix(name, end) }) ||
		a.Type == "application/zip" || a.Type == "application/x-zip-compressed" || a.Type == "application/gzip" || a.Type == "application/x-gzip"
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// clean returns a text in UTF-8 on one line.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
}
