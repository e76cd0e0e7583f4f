package quarantinetest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Content implements driver.Reader.
func (m sampleMailbox) Content(ctx context.Context, item driver.Item) (c driver.Content, err error) {
	s := m.s
	err = m.letter(ctx, item.ID, false, func(_ *sampleBox, l *letter) error {
		part := func(kind driver.PartKind, text string) {
			if !s.is(mutant("Content/No/" + string(kind))) {
				c.Parts = append(c.Parts, driver.ContentPart{Kind: kind, SHA256: sha256.Sum256([]byte(text)), Size: int64(len(text))})
			}
		}
		text := strings.TrimSpace(l.text) // a rebuilt copy has another line ending
		switch {
		case s.is("Content/OfTheStamp"):
			text += l.properties[driver.StampOperation]
		case s.is("Content/NotNormal"):
			text = l.text
		case s.is("Content/OfTheID"):
			text += item.ID
		case s.is("Content/Truncated"):
			c.Truncated = true
		}
		part(driver.PartSubject, l.subject)
		part(driver.PartText, text)
		if l.attachment != "" {
			part(driver.PartAttachment, l.attachment)
		}
		return nil
	})
	if errors.Is(err, driver.ErrGone) && s.is("Content/GoneIsEmpty") {
		return driver.Content{}, nil
	}
	return c, err
}

// Open implements driver.Searcher.
func (m sampleMailbox) Open(ctx context.Context, item driver.Item) (r io.ReadCloser, err error) {
	err = m.letter(ctx, item.ID, false, func(_ *sampleBox, l *letter) error {
		id := l.messageID
		if m.s.is("Open/Headless") {
			id = ""
		}
		r = io.NopCloser(strings.NewReader("Message-ID: " + id + "\r\nFrom: " + l.sender + "\r\nSubject: " + l.subject + "\r\n\r\n" + l.text))
		return nil
	})
	if errors.Is(err, driver.ErrGone) && m.s.is("Open/GoneIsEmpty") {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return r, err
}

func (m sampleMailbox) Candidates(ctx context.Context, filter driver.Criteria, q driver.Query, visit func(driver.Candidate) error) (driver.Findings, error) {
	s := m.s
	type hit struct {
		it     driver.Item
		letter letter
	}
	var hits []hit
	var found driver.Findings
	err := m.in(ctx, false, func(b *sampleBox) error {
		found = m.find(b, q)
		for _, it := range found.Items {
			l := b.letter(it.ID)
			whole := m.item(l)
			if !s.is("Search/NoAttachments") && filter.AttachmentName != "" {
				it.Attachments = whole.Attachments
			}
			hits = append(hits, hit{it, *l})
		}
		return nil
	})
	found.Items, found.Near = nil, nil
	if err != nil {
		return found, err
	}
	if s.is("Search/HoldsLock") {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	for _, h := range hits {
		may := filter.MayMatch(h.it)
		switch s.mutant {
		case "Search/ExactSubject":
			may = may && (filter.Subject == "" || h.it.Subject == filter.Subject)
		case "Search/PrefixOnly":
			may = may && strings.HasPrefix(strings.ToLower(h.it.Subject), strings.ToLower(filter.Subject))
		case "Search/EndInclusiveOnly":
			may = may && (filter.ReceivedAfter.IsZero() || h.it.Received.After(filter.ReceivedAfter))
		case "Search/NoSender":
			may = may && filter.Sender == ""
		case "Search/LeavesOutLinks":
			may = may && filter.URL == ""
		}
		if !may {
			continue
		}
		c := driver.Candidate{Item: h.it}
		if (filter.Sender != "" || filter.Recipient != "") && !s.is("Search/NoPeople") {
			c.Senders = []driver.Party{{Addresses: []string{h.letter.sender}}}
			c.Recipients = []driver.Party{{Addresses: []string{m.address}}}
			c.Header = "From: " + h.letter.sender + "\r\nTo: " + m.address + "\r\n"
		}
		err := visit(c)
		switch {
		case err != nil && s.is("Search/GoesOn"):
		case err != nil && s.is("Search/WrapsError"):
			return found, &driver.Error{Err: err}
		case err != nil && s.is("Search/SwallowsError"):
			return found, nil
		case err != nil:
			return found, err
		}
	}
	return found, nil
}

func (m sampleMailbox) Leftovers(ctx context.Context, operation string) (left []driver.Item, err error) {
	s := m.s
	err = m.in(ctx, false, func(b *sampleBox) error {
		for _, l := range b.letters {
			it := m.item(l)
			if l.folder.recoverable != s.is("Sweep/Elsewhere") && it.Stamp != nil && (it.Stamp.Operation == operation || s.is("Sweep/AllOperations")) && !s.is("Sweep/Nothing") {
				left = append(left, it)
			}
		}
		return nil
	})
	if err == nil && left == nil && s.is("Sweep/NoneIsGone") {
		return nil, driver.ErrGone
	}
	return left, err
}

func (m sampleMailbox) Shelve(ctx context.Context, item driver.Item, to *driver.Folder) (it driver.Item, err error) {
	s := m.s
	err = m.letter(ctx, item.ID, true, func(b *sampleBox, l *letter) error {
		if s.is("Shelve/Removes") {
			b.drop(l)
			it = m.item(l)
			return nil
		}
		f := b.named([]string{"Deleted Items"})
		if s.is("Shelve/DefaultIsInbox") {
			f = b.named([]string{"Inbox"})
		}
		if to != nil && !s.is("Shelve/IgnoresFolder") {
			if f = b.folderByID(to.ID); f == nil {
				return gone()
			}
		}
		if s.is("Shelve/Copies") {
			twin := *l
			l = &twin
		}
		if s.is("Shelve/Reads") {
			l.read = true
		}
		s.put(b, l, f)
		if s.is("Shelve/LosesStamp") {
			clear(l.properties)
		}
		it = m.item(l)
		return nil
	})
	switch {
	case err == nil && s.is("Shelve/ReturnsOld"):
		return item, nil
	case errors.Is(err, driver.ErrGone) && s.is("Shelve/GoneIsDone"):
		return item, nil
	}
	return it, err
}

func (m sampleMailbox) Probe(ctx context.Context) error {
	err := m.in(ctx, false, func(*sampleBox) error { return nil })
	switch s := m.s; {
	case s.is("Probe/AlwaysThere"):
		return nil
	case s.is("Probe/NeverThere"):
		return driver.ErrUnreachable
	case err != nil && s.is("Probe/IsAnother"):
		return errors.New("no such mailbox")
	case driver.CauseOf(err) == driver.CauseUnreachable && s.is("Probe/FailureIsAbsence"):
		return driver.ErrUnreachable
	}
	return err
}

func (m sampleMailbox) Members(ctx context.Context, address string) (members []driver.Member, complete bool, err error) {
	s := m.s
	err = m.in(ctx, false, func(*sampleBox) error {
		group, ok := s.groups[address]
		switch {
		case !ok && s.is("Members/GoneIsEmpty"):
		case !ok && s.is("Members/GoneIsAnother"):
			return errors.New("no such group")
		case !ok:
			return gone()
		}
		members = slices.Clone(group)
		for _, member := range group {
			if s.is("Members/AllLevels") {
				members = append(members, s.groups[member.Address]...)
			}
		}
		if s.is("Members/FirstOnly") && len(members) > 1 {
			members = members[:1]
		}
		for i := range members {
			switch {
			case s.is("Members/NoKind"):
				members[i].Kind = driver.MemberOther
			case s.is("Members/NoAddress"):
				members[i].Address = ""
			}
		}
		return nil
	})
	return members, err == nil && !s.is("Members/NeverComplete"), err
}

func (m sampleMailbox) Lookup(ctx context.Context, address string) (who driver.Member, err error) {
	s := m.s
	err = m.in(ctx, false, func(*sampleBox) error {
		if s.boxes[address] == nil && s.groups[address] == nil && !s.is("Lookup/Anyone") {
			return gone()
		}
		who = s.entry(address)
		if s.is("Lookup/NoKind") {
			who.Kind = driver.MemberOther
		}
		if s.is("Lookup/NoAddress") {
			who.Address = ""
		}
		return nil
	})
	return who, err
}

func (m sampleMailbox) Forwarded(ctx context.Context, messageID string, limit int) (all []driver.Forwarded, err error) {
	s := m.s
	err = m.in(ctx, false, func(b *sampleBox) error {
		for _, l := range b.letters {
			if l.parent == "" || !driver.SameMessageID(l.parent, messageID) && !s.is("Forwarded/Everything") {
				continue
			}
			f := driver.Forwarded{MessageID: l.messageID, Sent: l.sent, Recipients: l.recipients, By: driver.ByInReplyTo}
			switch {
			case s.is("Forwarded/NoRecipients"):
				f.Recipients = nil
			case s.is("Forwarded/FirstRecipient"):
				f.Recipients = f.Recipients[:1]
			case s.is("Forwarded/ParentID"):
				f.MessageID = messageID
			case s.is("Forwarded/NoTrace"):
				f.By = ""
			}
			all = append(all, f)
		}
		if len(all) > limit && !s.is("Forwarded/IgnoresLimit") {
			if s.is("Forwarded/CutsAtLimit") {
				all = all[:limit]
				return nil
			}
			return driver.ErrTooMany
		}
		return nil
	})
	if errors.Is(err, driver.ErrUnreachable) && s.is("Forwarded/UnreachableIsEmpty") {
		return nil, nil
	}
	return all, err
}
