package quarantinetest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// bell is a call of Listen.
type bell struct {
	address, folder string
	ring            func()
}

// Listen implements driver.Belled.
func (m sampleMailbox) Listen(ctx context.Context, folder driver.Folder, ring func()) error {
	s := m.s
	if s.is("Listen/ReturnsAtOnce") {
		return nil
	}
	mine := &bell{m.address, folder.ID, ring}
	err := m.in(ctx, false, func(*sampleBox) error {
		s.bells = append(s.bells, mine)
		return nil
	})
	if err != nil && !s.is("Listen/ToNobody") {
		return err
	}
	if !s.is("Listen/NoFirstRing") {
		ring()
	}
	switch {
	case s.is("Listen/IgnoresContext"):
		<-make(chan struct{})
	case s.is("Listen/HoldsLock"):
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// rung rings the bells of a folder that something has come into.
func (s *sample) rung(address string, f *sampleFolder) {
	for _, b := range s.bells {
		if b.address == address && b.folder == f.id && !s.is("Listen/NeverRings") {
			b.ring()
		}
	}
}

// Draft implements driver.Answering.
func (m sampleMailbox) Draft(ctx context.Context, mark string, mime []byte) error {
	s := m.s
	return m.in(ctx, true, func(b *sampleBox) error {
		read, err := mail.ReadMessage(bytes.NewReader(mime))
		if err != nil {
			return err
		}
		text, err := io.ReadAll(read.Body)
		if err != nil {
			return err
		}
		l := &letter{
			version: 1, messageID: read.Header.Get("Message-Id"), subject: read.Header.Get("Subject"), sender: m.address, text: strings.TrimSpace(string(text)),
			received: time.Now(), importance: "Normal", mark: mark, properties: make(map[string]string),
			recipients: []driver.Member{{Address: strings.Trim(read.Header.Get("To"), "<>")}},
		}
		switch {
		case s.is("Draft/NoMark"):
			l.mark = ""
		case s.is("Draft/NoSubject"):
			l.subject = ""
		case s.is("Draft/NoText"):
			l.text = ""
		}
		s.put(b, l, s.folder(b, []string{"Drafts"}))
		if s.is("Draft/Sends") {
			s.post(l)
		}
		return nil
	})
}

// post delivers a letter to its recipients.
func (s *sample) post(l *letter) {
	for _, who := range l.recipients {
		if b := s.boxes[who.Address]; b != nil {
			sent := *l
			sent.mark, sent.properties, sent.recipients = "", make(map[string]string), nil
			s.put(b, &sent, b.named([]string{"Inbox"}))
		}
	}
}

// Answers implements driver.Answering.
func (m sampleMailbox) Answers(ctx context.Context, mark string) (found driver.Answers, err error) {
	s := m.s
	err = m.in(ctx, false, func(b *sampleBox) error {
		for _, l := range b.letters {
			if l.mark != mark && (!s.is("Answers/AnyMark") || l.mark == "") {
				continue
			}
			switch l.folder.names[0] {
			case "Drafts":
				found.Drafts = append(found.Drafts, m.item(l))
			case "Sent Items":
				found.Sent = append(found.Sent, m.item(l))
			}
		}
		return nil
	})
	switch {
	case err != nil && s.is("Answers/FailureIsEmpty"):
		return driver.Answers{}, nil
	case s.is("Answers/DraftIsSent"):
		found.Sent, found.Drafts = append(found.Sent, found.Drafts...), nil
	}
	return found, err
}

// Send implements driver.Answering.
func (m sampleMailbox) Send(ctx context.Context, draft driver.Item) error {
	s := m.s
	if s.is("Send/Again") {
		s.mu.Lock()
		l := s.sent[draft.ID]
		s.mu.Unlock()
		if l != nil {
			return s.request(ctx, true, func() error { s.post(l); return nil })
		}
	}
	return m.letter(ctx, draft.ID, true, func(b *sampleBox, l *letter) error {
		if l.folder.names[0] != "Drafts" || m.item(l).Version != draft.Version && !s.is("Send/IgnoresVersion") {
			switch {
			case s.is("Send/OtherError"):
				return errors.New("it is no draft, or another version")
			case s.is("Send/ConflictSends") && l.folder.names[0] == "Drafts":
				s.post(l)
			}
			return driver.ErrConflict
		}
		s.post(l)
		kept := *l
		s.sent[draft.ID] = &kept
		switch {
		case s.is("Send/Twice"):
			s.post(l)
		case s.is("Send/KeepsNothing"):
			b.drop(l)
			return nil
		case s.is("Send/KeepsDraft"):
			copied := *l
			s.put(b, &copied, b.named([]string{"Sent Items"}))
			return nil
		}
		s.put(b, l, b.named([]string{"Sent Items"}))
		return nil
	})
}
