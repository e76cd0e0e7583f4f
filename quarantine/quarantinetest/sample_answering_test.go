package quarantinetest_test

import (
	"context"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// outgoing is a draft, or what was sent.
type outgoing struct {
	id, version     int
	mark, messageID string
	sent            bool
}

func (o *outgoing) item() driver.Item {
	return driver.Item{ID: strconv.Itoa(o.id), Version: strconv.Itoa(o.version)}
}

// Draft is what driver.Answering asks for.
func (m sampleMailbox) Draft(ctx context.Context, mark string, mime []byte) error {
	s := m.s
	return m.in(ctx, true, func(b *sampleBox) error {
		_, rest, _ := strings.Cut(string(mime), "Message-ID: ")
		id, _, _ := strings.Cut(rest, "\r\n")
		s.next++
		o := &outgoing{id: s.next, version: 1, mark: mark, messageID: id}
		if s.is("Draft/Unmarked") {
			o.mark = ""
		}
		b.outgoing = append(b.outgoing, o)
		if s.is("Draft/Sends") {
			s.arrives(o)
		}
		return nil
	})
}

// arrives delivers what was sent.
func (s *sample) arrives(o *outgoing) {
	b := s.boxes[vault]
	s.put(b, &letter{version: 1, messageID: o.messageID}, b.folders[0])
}

// Answers is what driver.Answering asks for.
func (m sampleMailbox) Answers(ctx context.Context, mark string) (found driver.Answers, err error) {
	s := m.s
	err = m.in(ctx, false, func(b *sampleBox) error {
		for _, o := range b.outgoing {
			switch {
			case o.mark != mark && !s.is("Answers/AnyMark"):
			case !o.sent:
				found.Drafts = append(found.Drafts, o.item())
			case !s.is("Answers/NoSent"):
				found.Sent = append(found.Sent, o.item())
			}
		}
		return nil
	})
	return found, err
}

// Send is what driver.Answering asks for.
func (m sampleMailbox) Send(ctx context.Context, draft driver.Item) error {
	s := m.s
	return m.in(ctx, true, func(b *sampleBox) error {
		for _, o := range b.outgoing {
			switch now := o.item(); {
			case now.ID != draft.ID, o.sent && !s.is("Send/Twice"):
				continue
			case now.Version != draft.Version && !s.is("Send/IgnoresVersion"):
				return driver.ErrConflict
			}
			if !s.is("Send/NoCopy") {
				o.sent = true
			}
			if !s.is("Send/Nothing") {
				s.arrives(o)
			}
			return nil
		}
		if s.is("Send/GoneIsSent") {
			return nil
		}
		return gone()
	})
}
