package reported

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"text/template"
	"time"
)

// Limits of what is read and written for an answer, in bytes.
const (
	maxHeader     = 256 << 10 // of a report
	maxAnswer     = 64 << 10
	maxSubject    = 500
	maxIdentifier = 900 // a Message-ID
)

// compose returns the MIME form of an answer.
func (s *answering) compose(ctx context.Context, data AnswerData) ([]byte, error) {
	w := s.hold.run.w
	head, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	if why := s.unanswerable(head, data.From); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrNotAnswerable, why)
	}
	to, err := mail.ParseAddress(data.From)
	if err != nil {
		return nil, fmt.Errorf("%w: the reporter has no address", ErrNotAnswerable)
	}
	text, err := fill(w.opts.Answer.Text, data, maxAnswer)
	if err != nil {
		return nil, err
	}
	subject := "Re: " + data.Subject
	if w.opts.Answer.Subject != nil {
		if subject, err = fill(w.opts.Answer.Subject, data, maxSubject); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	from := w.mailbox.Address()
	_, domain, _ := strings.Cut(from, "@")
	field("From", (&mail.Address{Address: from}).String())
	field("To", (&mail.Address{Address: to.Address}).String())
	field("Subject", mime.QEncoding.Encode("utf-8", oneLine(subject)))
	field("Date", time.Now().UTC().Format(time.RFC1123Z))
	field("Message-ID", "<answer-"+data.ID+"@"+domain+">")
	if id := head.Get("Message-ID"); identifier(id) {
		field("In-Reply-To", id)
		field("References", id)
	}
	// RFC 3834, section 5, and [MS-OXCMAIL]: these keep programs from answering it.
	field("Auto-Submitted", "auto-replied")
	field("X-Auto-Response-Suppress", "All")
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(q, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")); err != nil {
		return nil, err
	}
	if err := q.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// head reads the header of the report.
func (s *answering) head(ctx context.Context) (mail.Header, error) {
	message, err := s.hold.run.w.watched.Open(ctx, s.hold.item)
	if err != nil {
		return nil, err
	}
	defer message.Close()
	parsed, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(message, maxHeader)))
	if err != nil {
		// The parser's text may quote the header.
		return nil, fmt.Errorf("%w: its header cannot be read", ErrNotAnswerable)
	}
	return parsed.Header, nil
}

// unanswerable returns why a report must not be answered, or "" if it may be.
func (s *answering) unanswerable(head mail.Header, from string) string {
	w := s.hold.run.w
	automatic := strings.TrimSpace(head.Get("Auto-Submitted"))
	switch {
	case !w.opts.Answer.answerable(from):
		return "the domain of the reporter is not one of Answer.Domains"
	case strings.EqualFold(from, w.mailbox.Address()):
		return "it is from the mailbox itself"
	case automatic != "" && !strings.EqualFold(automatic, "no"):
		return "a program has sent it"
	case head.Get("List-Id") != "", head.Get("List-Unsubscribe") != "":
		return "it comes from a mailing list"
	case strings.TrimSpace(head.Get("Return-Path")) == "<>":
		return "it has no return path"
	}
	switch strings.ToLower(strings.TrimSpace(head.Get("Precedence"))) {
	case "bulk", "list", "junk":
		return "it was sent to many"
	}
	return ""
}

// fill executes a template.
func fill(t *template.Template, data AnswerData, limit int) (string, error) {
	b := &boundedBuffer{left: limit}
	if err := t.Execute(b, data); err != nil {
		return "", fmt.Errorf("the template of the answer: %w", err)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

// boundedBuffer accepts a limited number of bytes.
type boundedBuffer struct {
	bytes.Buffer
	left int
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("it makes too long a text")
	}
	return b.Buffer.Write(p)
}

// oneLine replaces characters that would end a header field, and cuts a text that is too
// long.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), maxSubject)], "")
}

// identifier reports whether a text can be used in a header as a Message-ID.
func identifier(id string) bool {
	if len(id) < 3 || len(id) > maxIdentifier || id[0] != '<' || id[len(id)-1] != '>' {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7F })
}
