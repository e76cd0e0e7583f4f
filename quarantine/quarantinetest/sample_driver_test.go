package quarantinetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

type sampleStrategy struct{ s *sample }

func (t sampleStrategy) Name() string {
	if t.s.is("Name/Empty") {
		return ""
	}
	return "sample"
}

func (t sampleStrategy) System() string {
	switch t.s.mutant {
	case "System/Empty":
		return ""
	case "System/Capital":
		return "Sample"
	case "System/Changes":
		t.s.mu.Lock()
		defer t.s.mu.Unlock()
		return "sample" + strconv.Itoa(t.s.next) // the number of the last message
	}
	return "sample"
}

func (t sampleStrategy) Mailbox(address string) driver.Mailbox {
	m := sampleMailbox{t.s, strings.ToLower(address)}
	if t.s.is("Mailbox/OtherAddress") {
		return otherAddress{m}
	}
	return m
}

type otherAddress struct{ sampleMailbox }

func (otherAddress) Address() string { return "" }
func (m otherAddress) Unwrap() driver.Mailbox {
	return m.sampleMailbox
}

// request carries out one request to the sample.
func (s *sample) request(ctx context.Context, write bool, act func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil && (!write || !s.is("Ended/StillSends")) {
		return &driver.Error{Err: context.Cause(ctx), Untouched: true}
	}
	if s.countdown > 0 {
		s.countdown--
	} else if s.countdown == 0 {
		s.countdown, s.struck = -1, true
		if s.acted {
			_ = act()
		}
		if write && s.is("Lost/Repeats") {
			return act()
		}
		return &driver.Error{
			Err: errors.New("the connection broke"), Temporary: true, Cause: driver.CauseUnreachable,
			Untouched: s.is("Lost/SaysUntouched"), Answered: s.is("Lost/SaysAnswered"),
		}
	}
	return act()
}

func gone() error { return &driver.Error{Err: driver.ErrGone, Untouched: true, Answered: true} }

var sampleWays = []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}

func (t sampleStrategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	s := t.s
	for _, way := range sampleWays {
		if c.Only != "" && c.Only != way && !s.is("Carry/IgnoresOnly") || slices.Contains(c.Except, way) && !s.is("Carry/IgnoresExcept") {
			continue
		}
		carried := driver.Carried{Way: way, Faithful: way != driver.WayMIME, Once: way == driver.WayMove}
		err := s.request(ctx, true, func() error { return s.carry(&carried, c) })
		s.misreport(&carried, way)
		return carried, err
	}
	return driver.Carried{}, &driver.Error{Err: errors.New("there is no other way"), Untouched: !s.is("Carry/NoWayIsNotUntouched"), Answered: true}
}

func (s *sample) carry(carried *driver.Carried, c driver.Carriage) error {
	from, to := s.boxes[c.From.Address()], s.boxes[c.To.Address()]
	if s.is("Mailbox/OtherAddress") {
		from, to = s.boxes[c.Item.Mailbox], s.boxes[vault]
		if c.Item.Mailbox == vault {
			to = s.boxes[alice]
		}
	}
	was := from.letter(c.Item.ID)
	folder := to.folderByID(c.Folder.ID)
	if was == nil {
		if s.is("Carry/GoneIsAnother") {
			return &driver.Error{Err: errors.New("no such item"), Untouched: true, Answered: true}
		}
		return gone()
	}
	if folder == nil || s.is("Carry/OtherFolder") {
		if !s.is("Carry/OtherFolder") && !s.is("Carry/GoneFolderIsInbox") && !s.is("Carry/GoneFolderLoses") {
			return gone()
		}
		if s.is("Carry/GoneFolderLoses") {
			from.drop(was)
			return gone()
		}
		folder = to.named([]string{"Inbox"})
	}
	made := *was
	made.properties = maps.Clone(was.properties)
	s.miscopy(&made)
	if carried.Way == driver.WayMIME && c.Item.Stamp != nil {
		rebuilt := *c.Item.Stamp
		rebuilt.Rebuilt = !s.is("Carry/RebuiltUnsaid")
		made.properties = rebuilt.Values()
		made.text += "\r\n"
	}
	if s.is("Carry/LosesStamp") {
		clear(made.properties)
	}
	if s.is("Carry/Notifies") && was.receipt {
		s.notices++
	}
	if s.is("Carry/Twice") {
		twin := made
		s.put(to, &twin, folder)
	}
	s.put(to, &made, folder)
	if carried.Way == driver.WayMove {
		s.put(from, was, from.named([]string{"Recoverable Items"}))
		carried.Moved = true
	} else {
		carried.ItemID = strconv.Itoa(made.id)
	}
	if s.is("Carry/TakesOthers") {
		from.letters = slices.DeleteFunc(from.letters, func(l *letter) bool { return !l.folder.recoverable })
	}
	return nil
}

// miscopy changes a copy, as mutants do.
func (s *sample) miscopy(made *letter) {
	switch {
	case s.is("Carry/MarksRead"):
		made.read = true
	case s.is("Carry/MarksUnread"):
		made.read = false
	case s.is("Carry/ReceivedNow"):
		made.received = time.Now()
	case s.is("Carry/SentNow"):
		made.sent = time.Now()
	case s.is("Carry/LosesImportance"):
		made.importance = "Normal"
	case s.is("Carry/LosesCategory"):
		made.category = ""
	case s.is("Carry/LosesAttachment"):
		made.attachment = ""
	case s.is("Carry/LosesText"):
		made.text = ""
	case s.is("Carry/ChangesSubject"):
		made.subject = "[moved] " + made.subject
	case s.is("Carry/LosesHeader"):
		made.header = ""
	case s.is("Carry/CutsStamp"):
		delete(made.properties, driver.StampLease)
		delete(made.properties, driver.StampAttempt)
	}
}

// misreport changes what is reported about a carriage, as mutants do.
func (s *sample) misreport(carried *driver.Carried, way driver.Way) {
	switch {
	case s.is("Carry/NoWay"):
		carried.Way = ""
	case s.is("Carry/OtherID") && carried.ItemID != "":
		carried.ItemID += "0"
	case s.is("Carry/SaysMoved"):
		carried.Moved = true
	case s.is("Carry/SaysNotMoved"):
		carried.Moved = false
	case s.is("Carry/SaysOnce"):
		carried.Once = true
	case s.is("Carry/SaysFaithful") && way == driver.WayMIME:
		carried.Faithful = true
	}
}

type sampleMailbox struct {
	s       *sample
	address string
}

func (m sampleMailbox) Address() string { return m.address }

// in carries out one request to the mailbox.
func (m sampleMailbox) in(ctx context.Context, write bool, act func(*sampleBox) error) error {
	return m.s.request(ctx, write, func() error {
		b := m.s.boxes[m.address]
		if b == nil {
			if m.s.is("Unreachable/IsEmpty") {
				return act(&sampleBox{})
			}
			if m.s.is("Unreachable/IsAnother") {
				return errors.New("no such mailbox")
			}
			return &driver.Error{Err: driver.ErrUnreachable, Untouched: true, Answered: true, Cause: driver.CauseNoMailbox}
		}
		return act(b)
	})
}

// item describes a letter.
func (m sampleMailbox) item(l *letter) driver.Item {
	it := driver.Item{
		ID: strconv.Itoa(l.id), Version: strconv.Itoa(l.version), Kind: "letter", Mailbox: m.address, Folder: l.folder.as(),
		MessageID: l.messageID, Class: "IPM.Note", Subject: l.subject, Sender: l.sender, Size: int64(1000 + len(l.text)), Received: l.received, Sent: l.sent, Read: l.read,
		HasAttachments: l.attachment != "", Importance: l.importance, Stamp: driver.ParseStamp(l.properties),
	}
	if l.category != "" {
		it.Categories = []string{l.category}
	}
	if l.attachment != "" {
		it.Attachments = []driver.Attachment{{Name: l.attachment, Size: 5}}
	}
	m.s.misdescribe(&it)
	return it
}

// misdescribe leaves out or changes a field, as mutants do.
func (s *sample) misdescribe(it *driver.Item) {
	var none driver.Item
	switch s.mutant {
	case "Item/NoVersion":
		it.Version = "1"
	case "Item/NoMailbox":
		it.Mailbox = ""
	case "Item/NoFolderID":
		it.Folder.ID = ""
	case "Item/NoFolderPath":
		it.Folder.Path = ""
	case "Item/NotRecoverable":
		it.Folder.Recoverable = false
	case "Item/NoMessageID":
		it.MessageID = ""
	case "Item/BareMessageID":
		it.MessageID = strings.Trim(it.MessageID, "<>")
	case "Item/NoClass":
		it.Class = ""
	case "Item/NoSender":
		it.Sender = ""
	case "Item/NoSubject":
		it.Subject = ""
	case "Item/NoSize":
		it.Size = 0
	case "Item/NoReceived":
		it.Received = none.Received
	case "Item/ReceivedIsSent":
		it.Received = it.Sent
	case "Item/NoSent":
		it.Sent = none.Sent
	case "Item/NeverRead":
		it.Read = false
	case "Item/HasNoAttachments":
		it.HasAttachments = false
	case "Item/NoStamp":
		it.Stamp = nil
	case "Item/FolderIsPath":
		it.Folder.Path = strings.ReplaceAll(it.Folder.Path, "%2F", "/")
	}
}
