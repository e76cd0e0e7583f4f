package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// maxShown is how many bytes of a header or text a handler receives at most.
const maxShown = 256 << 10

// inner scans an attached message, and calls End when it ends.
func (s *scanner) inner(body io.Reader, depth int) error {
	br := bufio.NewReaderSize(body, bufSize)
	if s.h.Begin == nil {
		return s.entity(br, "text/plain", true, depth+1)
	}
	seen, report := s.seen, s.report
	s.seen, s.report = make(map[string]bool), Report{}
	err := s.entity(br, "text/plain", true, depth+1)
	found := s.report
	found.Quoted = s.within > 0
	s.seen, s.report = seen, report
	s.doubt(found.Links != "", false, found.Links)
	s.doubt(false, found.Attachments != "", found.Attachments)
	if found.Opaque != "" {
		s.report.Opaque = found.Opaque
	}
	if err != nil || s.h.End == nil {
		return err
	}
	return s.h.End(found)
}

// shown passes the beginning of a text to the handler, and returns the text.
func (s *scanner) shown(content io.Reader, p loosePart) (io.Reader, error) {
	attached := p.attached() && !p.describes()
	if s.h.Text == nil || attached && !strings.HasPrefix(p.kind, "text/") && p.kind != "application/json" {
		return content, nil
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, content, maxShown+1); err != nil && err != io.EOF {
		return nil, err
	}
	raw := head.Bytes()
	t := Text{Kind: p.kind, Page: p.isPage() || p.seems == "text/html", Cut: len(raw) > maxShown, Quoted: s.within > 0}
	if attached {
		t.Attached, t.Name = true, p.name
	}
	c := p.convert(bufio.NewReaderSize(bytes.NewReader(raw[:min(len(raw), maxShown)]), partBuf), t.Page)
	var text bytes.Buffer
	// The text ends where it cannot be decoded; the scan for links reads all of it.
	_, err := io.Copy(&text, io.LimitReader(c.Reader, maxShown))
	t.Cut = t.Cut || err != nil
	t.Text = strings.ToValidUTF8(text.String(), "\uFFFD")
	if err := s.h.Text(t); err != nil {
		return nil, err
	}
	return io.MultiReader(&head, content), nil
}

// describes reports whether an attachment describes a message.
func (p loosePart) describes() bool {
	switch p.kind {
	case "message/feedback-report", "message/delivery-status", "message/global-delivery-status",
		"text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
		return true
	}
	return false
}
