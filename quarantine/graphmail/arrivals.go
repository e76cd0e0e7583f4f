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

// arrivalFields are the fields that a delta returns.
var arrivalFields = []string{"id", "receivedDateTime"}

// Arrivals returns a page of what has come into a folder, changed in it and left it.
// Graph offers neither streams nor long polling for this, and sends notifications only to
// a public address, so callers have to ask repeatedly. A message may be reported twice,
// or late, and one that is moved on within seconds may not be reported at all. Message
// deltas do not exist in the cloud of China.
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

// stateOf returns the prefix of a folder's states: a link alone does not show to which
// folder of which user it belongs, since Graph may spell both in several ways.
func (m *mailbox) stateOf(folder string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.user + " " + folder + " "
}

// Bounds for reading notes together: fewer than fewNotes messages are cheaper to read
// individually, and at most notesPages requests are made for a page.
const (
	fewNotes   = 8
	notesPages = 3
)

// notes reads the notes of a page of messages, which were received at about the same
// time. Some or all may be missing: a delta itself does not contain notes.
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
