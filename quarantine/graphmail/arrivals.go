package graphmail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// arrivalFields are those that a delta returns.
var arrivalFields = []string{"id", "receivedDateTime"}

// Arrivals returns a page of what has come into a folder, changed in it and left it. Graph
// has neither streams nor a way to wait for that, and sends notifications only to a public
// address: so who watches asks again. A message may come twice, or late, and one that is
// moved on within seconds not at all. Not in the cloud of China.
// See https://learn.microsoft.com/en-us/graph/api/message-delta.
func (m *mailbox) Arrivals(ctx context.Context, folder driver.Folder, state string) (driver.Arrivals, error) {
	a, err := m.arrivals(ctx, folder, state)
	return a, translate(err)
}

func (m *mailbox) arrivals(ctx context.Context, folder driver.Folder, state string) (driver.Arrivals, error) {
	box, err := m.open(ctx)
	if err != nil {
		return driver.Arrivals{}, err
	}
	id := folder.ID
	if id == "" {
		id = inbox
	}
	begins := m.stateOf(id)
	link, ok := strings.CutPrefix(state, begins)
	if state != "" && (!ok || link == "") {
		return driver.Arrivals{}, readOnly{fmt.Errorf("%w: it is not one of this folder", driver.ErrStateExpired)}
	}
	page, err := box.Changes(ctx, id, link, arrivalFields)
	switch {
	case errors.Is(err, graph.ErrStateLost):
		return driver.Arrivals{}, fmt.Errorf("%w: %w", driver.ErrStateExpired, err)
	case err != nil:
		return driver.Arrivals{}, asGone(m.unreachable(err))
	}
	a := driver.Arrivals{State: begins + page.State, More: !page.Last}
	notes := m.notes(ctx, box, id, page.Messages)
	for _, raw := range page.Messages {
		one := driver.Arrival{ItemID: raw.ID, Received: raw.Received.Time}
		if note, ok := notes[raw.ID]; ok {
			one.Note = &note
		}
		a.Items = append(a.Items, one)
	}
	for _, id := range page.Removed {
		a.Items = append(a.Items, driver.Arrival{ItemID: id, Gone: true})
	}
	return a, nil
}

// stateOf returns what the states of a folder begin with: a link alone does not tell to
// which folder of which user it belongs, since Graph may spell both in several ways.
func (m *mailbox) stateOf(folder string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.user + " " + folder + " "
}

// Bounds of the look at notes: fewer messages than that are cheaper to read singly, and as
// many requests are made at most for a page.
const (
	fewNotes   = 8
	notesPages = 3
)

// notes reads the notes of a page of messages, those that were received at about the same
// time. Some or all may be missing: a delta itself tells none.
func (m *mailbox) notes(ctx context.Context, box graph.Mailbox, folder string, page []graph.Message) map[string]string {
	if len(page) < fewNotes {
		return nil
	}
	var first, last time.Time
	for _, raw := range page {
		at := raw.Received.Time
		if at.IsZero() {
			return nil
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	notes, pages := make(map[string]string), 0
	for found, err := range box.Messages(ctx, graph.Query{
		Folder: folder, Select: []string{"id"}, Properties: []graph.Property{noteField},
		Filter: "receivedDateTime ge " + graph.Instant(first) + " and receivedDateTime lt " + graph.Instant(last.Add(time.Second)) +
			" and " + graph.HasProperty(noteField, "ne null"),
	}) {
		if pages++; err != nil || pages > notesPages {
			break
		}
		for _, raw := range found {
			if note, ok := raw.Value(noteField); ok {
				notes[raw.ID] = note
			}
		}
	}
	return notes
}
