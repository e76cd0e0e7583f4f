package graphmail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// answerField is the property that holds the mark of an answer.
var answerField = graph.Property{Type: "String", Set: driver.NoteSet, Name: driver.AnswerName}

// Draft saves a message in Drafts and marks it. This takes two requests: properties
// cannot be combined with MIME, and without MIME not all header fields can be set. If
// only the first request succeeds, it leaves an unmarked draft, which nobody will send.
func (m *mailbox) Draft(ctx context.Context, mark string, mime []byte) error {
	return translate(m.draft(ctx, mark, mime))
}

func (m *mailbox) draft(ctx context.Context, mark string, mime []byte) error {
	box, err := m.open(ctx)
	if err != nil {
		return err
	}
	made, err := box.CreateDraft(ctx, mime)
	if err != nil {
		return m.unreachable(err)
	}
	// Whoever finds the mark will send the message that has it.
	if err := drafted(ctx, box, made.ID); err != nil {
		return fmt.Errorf("a draft was saved that was not marked: %w", err)
	}
	for range conflicts {
		// Repeating the request does no harm, and Graph has been seen to report conflicts
		// shortly after a message was written.
		if _, err = box.Update(ctx, made.ID, "", properties(answerField.With(mark))); !errors.Is(err, graph.ErrConflict) {
			break
		}
	}
	if err != nil {
		return doubtful{fmt.Errorf("a draft was saved that could not be marked: %w", err)}
	}
	return nil
}

// conflicts is the maximum number of attempts to mark a draft.
const conflicts = 3

// Answers looks for a mark in Drafts, the Outbox and Sent Items, in the order in which a
// message passes through them: one that is sent meanwhile is seen at least once.
func (m *mailbox) Answers(ctx context.Context, mark string) (driver.Answers, error) {
	found, err := m.answers(ctx, mark)
	return found, translate(err)
}

func (m *mailbox) answers(ctx context.Context, mark string) (driver.Answers, error) {
	var found driver.Answers
	box, err := m.open(ctx)
	if err != nil {
		return found, err
	}
	places := []struct {
		folder string
		items  *[]driver.Item
	}{{drafts, &found.Drafts}, {outbox, &found.Leaving}, {sentItems, &found.Sent}}
	var queries []graph.Query
	for _, p := range places {
		queries = append(queries, graph.Query{
			Folder: p.folder, Filter: graph.HasProperty(answerField, "eq "+graph.Quote(mark)),
			Select: []string{"id", "changeKey", "parentFolderId", "subject"}, Properties: []graph.Property{answerField},
		})
	}
	lists, err := box.Search(ctx, queries)
	if err != nil {
		return found, m.unreachable(err)
	}
	for i, p := range places {
		for page, err := range lists[i] {
			if err != nil {
				return found, m.unreachable(err)
			}
			for _, raw := range page {
				if has, _ := raw.Value(answerField); has == mark {
					*p.items = append(*p.items, m.item(raw, &folderTree{}))
				}
			}
		}
	}
	return found, nil
}

// Send sends a draft, which moves it to Sent Items under another id, so it cannot be sent
// twice. It checks the version beforehand, because the request itself does not.
func (m *mailbox) Send(ctx context.Context, draft driver.Item) error {
	return translate(m.send(ctx, draft))
}

func (m *mailbox) send(ctx context.Context, draft driver.Item) error {
	box, err := m.open(ctx)
	if err != nil {
		return err
	}
	now, err := box.Message(ctx, draft.ID, []string{"id", "changeKey", "isDraft"}, nil)
	switch {
	case err != nil:
		return readOnly{asGone(err)}
	case !now.Draft.Yes, draft.Version != "" && now.Version() != draft.Version:
		return readOnly{fmt.Errorf("%w: it is another version of the draft, or was sent", driver.ErrConflict)}
	}
	switch err := box.Send(ctx, draft.ID); {
	case errors.Is(err, graph.ErrDenied):
		return fmt.Errorf("sending mail as %s, which needs the right Mail.Send (with admin consent, or the role \"Application Mail.Send\" in a scope with this mailbox): %w", m.address, err)
	case err != nil:
		return asConflict(asGone(err))
	}
	m.leaves(ctx, box, draft.ID)
	return nil
}

// leaves waits a few seconds for a sent draft to leave Drafts: Graph may move it after it
// has answered.
func (m *mailbox) leaves(ctx context.Context, box graph.Mailbox, id string) {
	for pause := leaving; pause <= 8*leaving; pause *= 2 {
		if _, err := box.Message(ctx, id, []string{"id"}, nil); err != nil {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// leaving is the length of the first wait.
const leaving = time.Second
