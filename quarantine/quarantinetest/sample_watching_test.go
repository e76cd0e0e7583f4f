package quarantinetest_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Arrivals implements driver.Watchable. A state lists what was reported.
func (m sampleMailbox) Arrivals(ctx context.Context, folder driver.Folder, state string) (a driver.Arrivals, err error) {
	s := m.s
	told, ours := strings.CutPrefix(state, "told ")
	if state != "" && !ours && !s.is("Arrivals/AnyState") {
		return a, driver.ErrStateExpired
	}
	before := strings.Fields(told)
	if s.is("Arrivals/Everything") {
		before = nil
	}
	err = m.in(ctx, false, func(b *sampleBox) error {
		var now []string
		for _, l := range b.letters {
			name := fmt.Sprintf("%d:%d", l.id, l.version)
			if l.folder.id != folder.ID && !s.is("Arrivals/OfAllFolders") {
				continue
			}
			now = append(now, name)
			if slices.Contains(before, name) {
				continue
			}
			next := driver.Arrival{ItemID: strconv.Itoa(l.id), Received: l.received, Note: &l.note}
			if s.is("Arrivals/ReceivedIsSent") {
				next.Received = l.sent
			}
			a.Items = append(a.Items, next)
		}
		for _, name := range before {
			id, _, _ := strings.Cut(name, ":")
			if !slices.ContainsFunc(now, func(n string) bool { return strings.HasPrefix(n, id+":") }) && !s.is("Arrivals/NobodyLeaves") {
				a.Items = append(a.Items, driver.Arrival{ItemID: id, Gone: true})
			}
		}
		a.State = "told " + strings.Join(now, " ")
		return nil
	})
	return a, err
}

// Noted implements driver.Watchable.
func (m sampleMailbox) Noted(ctx context.Context, itemID string) (it driver.Item, note string, err error) {
	err = m.letter(ctx, itemID, false, func(_ *sampleBox, l *letter) error {
		it, note = m.item(l), l.note
		it.Sender = l.sender
		return nil
	})
	if err != nil && m.s.is("Noted/GoneIsEmpty") {
		return driver.Item{ID: itemID}, "", nil
	}
	return it, note, err
}

// SetNote implements driver.Watchable.
func (m sampleMailbox) SetNote(ctx context.Context, item driver.Item, note string) (driver.Item, error) {
	s := m.s
	err := m.letter(ctx, item.ID, true, func(_ *sampleBox, l *letter) error {
		if m.item(l).Version != item.Version && !s.is("SetNote/IgnoresVersion") {
			if s.is("SetNote/ConflictWrites") {
				l.note = note
			}
			return driver.ErrConflict
		}
		l.note = note
		switch {
		case s.is("SetNote/Cuts"):
			l.note = note[:min(len(note), 100)]
		case s.is("SetNote/Reads"):
			l.read = true
		case s.is("SetNote/Notifies"):
			s.notices++
		}
		l.version++
		if !s.is("SetNote/ReturnsOld") {
			item.Version = m.item(l).Version
		}
		return nil
	})
	return item, err
}
