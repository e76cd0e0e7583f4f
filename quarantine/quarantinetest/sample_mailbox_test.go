package quarantinetest_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func (m sampleMailbox) Find(ctx context.Context, q driver.Query) (found driver.Findings, err error) {
	err = m.in(ctx, false, func(b *sampleBox) error {
		found = m.find(b, q)
		return nil
	})
	if err != nil && driver.CauseOf(err) == driver.CauseUnreachable && m.s.is("Find/FailureIsEmpty") {
		return driver.Findings{}, nil
	}
	return found, err
}

func (m sampleMailbox) find(b *sampleBox, q driver.Query) (found driver.Findings) {
	s := m.s
	if q.In != nil && b.folderByID(q.In.ID) == nil && !s.is("Find/GoneFolderIsEmpty") {
		return driver.Findings{Unsearched: []driver.Unsearched{{Folder: *q.In, Cause: driver.CauseNotFound, Reason: "it is gone"}}}
	}
	for _, f := range b.folders {
		if !m.covers(b, q, f) {
			continue
		}
		hits := 0
		for _, l := range b.letters {
			if l.folder != f {
				continue
			}
			it := m.item(l)
			it.Attachments = nil
			switch {
			case m.matches(q, it):
				found.Items = append(found.Items, it)
				hits++
			case driver.NearMessageID(q.MessageID, it.MessageID) && !s.is("Find/NoNear"):
				found.Near = append(found.Near, it)
			}
		}
		if !s.is("Find/NoSearched") {
			found.Searched = append(found.Searched, driver.Searched{Folder: f.as(), Pages: 1, Hits: hits})
		}
	}
	if s.is("Find/FirstOnly") && len(found.Items) > 1 {
		found.Items = found.Items[:1]
	}
	return found
}

// covers reports whether a query covers a folder.
func (m sampleMailbox) covers(b *sampleBox, q driver.Query, f *sampleFolder) bool {
	s := m.s
	if q.In == nil || s.is("Find/IgnoresIn") {
		if s.is("Find/InboxOnly") {
			return f.names[0] == "Inbox" && len(f.names) == 1
		}
		if f.recoverable {
			return s.is("Item/NotRecoverable")
		}
		if q.Except != nil && s.is("Find/ExceptIsAll") {
			return false
		}
		if q.Except != nil && s.is("Find/ExceptIsOnly") {
			return f.id == q.Except.ID
		}
		return q.Except == nil || b.folderByID(q.Except.ID) == nil || !f.within(b.folderByID(q.Except.ID))
	}
	top := b.folderByID(q.In.ID)
	if top == nil {
		return false
	}
	switch {
	case s.is("Find/AlwaysBelow"), q.Below && !s.is("Find/IgnoresBelow"):
		return f.within(top)
	}
	return f == top
}

// matches is driver.Query.Matches, with the mistakes of mutants.
func (m sampleMailbox) matches(q driver.Query, it driver.Item) bool {
	s := m.s
	switch s.mutant {
	case "Find/IgnoresMessageID":
		q.MessageID = ""
	case "Find/ExactMessageID":
		if q.MessageID != "" && q.MessageID != it.MessageID {
			return false
		}
	case "Find/BareMessageID":
		if q.MessageID != "" && !driver.SameMessageID(q.MessageID, it.MessageID) {
			return false
		}
	case "Find/AnyCase":
		if strings.EqualFold(q.MessageID, it.MessageID) {
			q.MessageID = ""
		}
	case "Find/IgnoresOperation":
		q.Operation, q.Stamped = "", q.Stamped || q.Operation != ""
	case "Find/IgnoresOrigin":
		q.Origin, q.Stamped = "", q.Stamped || q.Origin != ""
	case "Find/OriginByCase":
		if q.Origin != "" && (it.Stamp == nil || it.Stamp.Mailbox != q.Origin) {
			return false
		}
	case "Find/IgnoresReceived":
		q.Received = driver.Query{}.Received
	case "Find/ReceivedExactly":
		if !q.Received.IsZero() && !q.Received.Equal(it.Received) {
			return false
		}
	case "Find/IgnoresStamped":
		q.Stamped = false
	case "Find/StampedAlone":
		if q.Stamped {
			q = driver.Query{Stamped: true}
		}
	case "Find/AnyCondition":
		return q.MessageID != "" && driver.MeansMessageID(q.MessageID, it.MessageID) ||
			it.Stamp != nil && (q.Operation == it.Stamp.Operation || q.Operation == "" && q.Stamped) || q.Matches(it)
	}
	return q.Matches(it)
}

// letter carries out one request to a letter.
func (m sampleMailbox) letter(ctx context.Context, id string, write bool, act func(*sampleBox, *letter) error) error {
	return m.in(ctx, write, func(b *sampleBox) error {
		l := b.letter(id)
		if l == nil {
			return gone()
		}
		return act(b, l)
	})
}

func (m sampleMailbox) Inspect(ctx context.Context, id string) (it driver.Item, err error) {
	err = m.letter(ctx, id, false, func(_ *sampleBox, l *letter) error {
		it = m.item(l)
		return nil
	})
	switch s := m.s; {
	case err != nil && errors.Is(err, driver.ErrGone) && s.is("Inspect/GoneIsAnother"):
		return it, errors.New("no such item")
	case err != nil && errors.Is(err, driver.ErrGone) && s.is("Inspect/GoneIsEmpty"):
		return driver.Item{ID: id}, nil
	case s.is("Inspect/OtherID"):
		it.ID += " "
	case s.is("Inspect/NoAttachments"):
		it.Attachments = nil
	case s.is("Inspect/NoAttachmentSize") && it.Attachments != nil:
		it.Attachments[0].Size = 0
	case s.is("Inspect/NoAttachmentName") && it.Attachments != nil:
		it.Attachments[0].Name = ""
	case s.is("Inspect/NoImportance"):
		it.Importance = ""
	case s.is("Inspect/NoCategories"):
		it.Categories = nil
	case s.is("Inspect/NoStamp"):
		it.Stamp = nil
	case s.is("Inspect/NoSubject"):
		it.Subject = ""
	}
	return it, err
}

func (m sampleMailbox) Mark(ctx context.Context, item driver.Item, c driver.Change) (it driver.Item, err error) {
	s := m.s
	err = m.letter(ctx, item.ID, true, func(_ *sampleBox, l *letter) error {
		conflict := m.item(l).Version != item.Version
		if conflict && !s.is("Mark/IgnoresVersion") {
			if s.is("Mark/ConflictWrites") {
				maps.Copy(l.properties, cmp.Or(c.Stamp, &driver.Stamp{}).Values())
			}
			return &driver.Error{Err: driver.ErrConflict, Untouched: true, Answered: true}
		}
		m.mark(l, c)
		it = m.item(l)
		return nil
	})
	switch {
	case err != nil && errors.Is(err, driver.ErrGone) && s.is("Mark/GoneIsConflict"):
		return it, driver.ErrConflict
	case s.is("Mark/ReturnsOld"):
		return item, err
	case s.is("Mark/ReturnsNoStamp"):
		it.Stamp = nil
	}
	return it, err
}

func (m sampleMailbox) mark(l *letter, c driver.Change) {
	s := m.s
	l.version++
	if c.Clear && !s.is("Mark/IgnoresClear") {
		clear(l.properties)
		if s.is("Mark/ClearsPartly") {
			l.properties[driver.StampPath] = "x"
		}
	}
	if c.Stamp != nil && !s.is("Mark/IgnoresStamp") {
		values := c.Stamp.Values()
		switch s.mutant {
		case "Mark/CutsValues":
			for name, v := range values {
				values[name] = v[:min(len(v), 128)]
			}
		case "Mark/LowersValues":
			for name, v := range values {
				values[name] = strings.ToLower(v)
			}
		case "Mark/ASCIIOnly":
			for name, v := range values {
				values[name] = strings.ToValidUTF8(strings.Map(func(r rune) rune { return min(r, '?'+64) }, v), "?")
			}
		case "Mark/NoIDs":
			values[driver.StampState] = strings.Replace(values[driver.StampState], "|"+c.Stamp.IDs+"|", "||", 1)
		case "Mark/NoLease":
			delete(values, driver.StampLease)
			delete(values, driver.StampAttempt)
		}
		l.properties = values
		if s.is("Mark/StampReads") {
			l.read = true
		}
		if s.is("Mark/StampAlone") {
			return
		}
	}
	if c.Read != nil && !s.is("Mark/IgnoresRead") {
		if l.receipt && s.is("Mark/Notifies") {
			s.notices++
		}
		l.read = *c.Read
		if s.is("Mark/ReadClears") {
			clear(l.properties)
		}
	}
	if c.DropHeader != "" && !s.is("Mark/KeepsHeader") {
		l.header = ""
	}
	if c.SetHeader.Name != "" && !s.is("Mark/IgnoresHeader") {
		if s.is("Mark/AddsHeader") && l.header != "" {
			l.header += ", " + c.SetHeader.Value
		} else {
			l.header = c.SetHeader.Value
		}
	}
}

func (m sampleMailbox) Remove(ctx context.Context, item driver.Item) error {
	s := m.s
	err := m.letter(ctx, item.ID, true, func(b *sampleBox, l *letter) error {
		if m.item(l).Version != item.Version {
			if s.is("Remove/ConflictRemoves") {
				b.drop(l)
			}
			return &driver.Error{Err: driver.ErrConflict, Untouched: true, Answered: true}
		}
		if s.is("Remove/Notifies") && l.receipt {
			s.notices++
		}
		switch {
		case s.is("Remove/Recoverable"):
			s.put(b, l, b.named([]string{"Recoverable Items"}))
		case s.is("Remove/EveryCopy"):
			b.letters = slices.DeleteFunc(b.letters, func(o *letter) bool { return o.messageID == l.messageID })
		default:
			b.drop(l)
		}
		return nil
	})
	if errors.Is(err, driver.ErrGone) && s.is("Remove/Follows") {
		_ = m.in(ctx, true, func(b *sampleBox) error {
			b.letters = slices.DeleteFunc(b.letters, func(o *letter) bool { return o.messageID == item.MessageID })
			return nil
		})
	}
	if errors.Is(err, driver.ErrGone) && s.is("Remove/GoneIsDone") {
		return nil
	}
	return err
}

func (m sampleMailbox) Folder(ctx context.Context, want driver.FolderRequest) (f driver.Folder, err error) {
	s := m.s
	err = m.in(ctx, want.Create, func(b *sampleBox) error {
		names := want.Names
		if s.is("Folder/SlashSplits") {
			names = strings.Split(strings.Join(names, "/"), "/")
		}
		if s.is("Folder/LastOnly") && len(names) > 0 {
			names = names[len(names)-1:]
		}
		found := b.named(names)
		switch {
		case found != nil && !(want.Create && s.is("Folder/CreatesAgain")):
		case len(names) == 0 && s.is("Folder/NoNameIsTop"):
			found = b.folders[0]
		case len(names) == 0, !want.Create && !s.is("Folder/AlwaysCreates"):
			if s.is("Folder/GoneIsAnother") {
				return errors.New("no such folder")
			}
			return gone()
		case s.is("Folder/CreatesAgain"):
			found = &sampleFolder{id: "again-" + strings.Repeat("x", len(b.folders)), names: slices.Clone(names)}
			b.folders = slices.Insert(b.folders, 0, found)
		default:
			found = s.folder(b, names)
		}
		f = found.as()
		if s.is("Item/FolderIsPath") {
			f.Path = strings.ReplaceAll(f.Path, "%2F", "/")
		}
		return nil
	})
	return f, err
}

func (m sampleMailbox) Home(ctx context.Context, was driver.Folder) (f driver.Folder, err error) {
	s := m.s
	err = m.in(ctx, false, func(b *sampleBox) error {
		inbox := b.named([]string{"Inbox"})
		found := b.folderByID(was.ID)
		switch {
		case s.is("Home/AlwaysInbox"):
			found = inbox
		case s.is("Home/IgnoresID"):
			found = nil
		case found != nil && found.recoverable && !s.is("Home/Recoverable"):
			found = b.named([]string{"Deleted Items"})
		}
		if found == nil && was.Below != "" && !s.is("Home/IgnoresPath") {
			names := strings.Split(was.Below, "/")
			if found = b.named(names); found == nil || s.is("Home/CreatesAgain") {
				s.next++
				found = s.folder(b, names)
				if s.is("Home/CreatesAgain") {
					found.id += "x"
				}
			}
		}
		f = cmp.Or(found, inbox).as()
		return nil
	})
	return f, err
}
