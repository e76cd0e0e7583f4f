package graphmail

import (
	"context"
	"errors"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Answers of Graph name the object that they are about, and the client compares ids. What
// remains are answers that name something new, such as the result of a write, and lists.

// errOtherFolder is the error of a list that belongs to another folder.
var errOtherFolder = &driver.Error{
	Err:       errors.New("the answer lists what is in another folder: it is that to another request"),
	Untouched: true, Temporary: true,
}

// belongs returns an error for a row that comes from the list of another folder. A row
// that names an unknown folder is accepted if the message is in the mailbox.
func (f *finder) belongs(ctx context.Context, folder string, raw graph.Message, tree *folderTree) error {
	if raw.FolderID == "" || raw.FolderID == folder {
		return nil
	}
	if kept := f.m.kept(); tree.knows(raw.FolderID) || kept != nil && kept.knows(raw.FolderID) {
		return errOtherFolder
	}
	_, err := f.box.Message(ctx, raw.ID, []string{"id"}, nil)
	if errors.Is(asGone(err), driver.ErrGone) {
		return errOtherFolder
	}
	return err
}

// errOtherMessage is the error of a write that was answered with another message.
var errOtherMessage = doubtful{errors.New("the answer names another message: it is that to another request, and what became of this one is not known")}

// moved returns an error if the answer to a move is about another message.
func moved(to graph.Message, item driver.Item) error {
	a, b := driver.BareMessageID(to.MessageID), driver.BareMessageID(item.MessageID)
	if a != "" && b != "" && !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a) { // lists truncate long ones
		return errOtherMessage
	}
	return nil
}

// made returns an error if a message that was just made turns out to be another: it lacks
// the stamp that it was made with.
func made(ctx context.Context, box graph.Mailbox, id string, stamp driver.Stamp) error {
	now, err := box.Message(ctx, id, []string{"id"}, stampFields())
	if err != nil {
		return doubtful{err}
	}
	for name, want := range stamp.Values() {
		if v, _ := now.Value(stampField(name)); v != want {
			return errOtherMessage
		}
	}
	return nil
}

// drafted returns an error if a draft that was just made turns out to be another message:
// it is not a draft, or it already has a mark.
func drafted(ctx context.Context, box graph.Mailbox, id string) error {
	now, err := box.Message(ctx, id, []string{"id", "isDraft"}, []graph.Property{answerField})
	if err != nil {
		return doubtful{err}
	}
	if mark, _ := now.Value(answerField); mark != "" || !now.Draft.Yes {
		return errOtherMessage
	}
	return nil
}
