package driver

import (
	"context"
	"errors"
	"io"
	"time"
)

// Watchable is a [Mailbox] whose folders can be watched for arriving messages, and whose
// items can carry a note: a text, separate from the stamp, that says who is working on a
// message and what became of it. Package reported needs it.
type Watchable interface {
	// Arrivals returns what has come into a folder and left it since a state, which comes
	// from [Arrivals.State] of an earlier call; without a state, it returns everything
	// that is there. The error matches [ErrStateExpired] if the state can no longer be
	// used, and [ErrGone] if the folder does not exist.
	Arrivals(ctx context.Context, folder Folder, state string) (Arrivals, error)

	// Noted reads an item and its note, which is empty if it has none. The error matches
	// [ErrGone] if the item no longer exists under this id.
	Noted(ctx context.Context, itemID string) (Item, string, error)

	// SetNote gives an item a note of at most [MaxNote] characters, without notifying
	// anyone, and returns the item as it is afterwards. The error matches [ErrConflict] if
	// the item has changed since it was read, so only one of two callers that have read
	// the same version succeeds; and [ErrGone] if it no longer exists.
	SetNote(ctx context.Context, item Item, note string) (Item, error)

	// Open opens the MIME form of an item for reading; it is not held in memory. Reading
	// ends with an error if the content is cut short. The error matches [ErrGone] if the
	// item no longer exists under this id.
	Open(ctx context.Context, item Item) (io.ReadCloser, error)
}

// Arrivals are changes to a folder.
type Arrivals struct {
	Items []Arrival // at most a few hundred, in no particular order
	State string    // for the next call; opaque
	More  bool      // there are more already
}

// Arrival is an item that came into a folder or changed there, or that left it.
type Arrival struct {
	ItemID   string
	Gone     bool // it is no longer in the folder under this id
	Received time.Time
	// Note is its note, or nil if the mail system does not provide it here. It may be
	// out of date.
	Note *string
}

// Assembling is a [Watchable] mailbox whose mail system may cut off the MIME form of a
// large item, or omit from it what is attached only by reference to its name.
type Assembling interface {
	// Assemble opens the MIME form of an item as [Watchable.Open] does. Where that is
	// not sufficient, it assembles it from the parts of the item; a file that is kept
	// elsewhere then becomes a part of type message/external-body without content.
	Assemble(ctx context.Context, item Item) (io.ReadCloser, error)
}

// Unguarded is a [Watchable] mailbox whose mail system may let SetNote succeed even
// though the item has changed since it was read.
type Unguarded interface {
	// NoteSettles returns for how long after a note was written it may still be replaced
	// by somebody who had read the item before that. Reading the note back after that
	// time shows whose it is.
	NoteSettles() time.Duration
}

// Belled is a [Watchable] mailbox that can report immediately when something arrives.
type Belled interface {
	// Listen calls ring each time something may have arrived in a folder, and once when
	// it begins to listen, because earlier arrivals are not reported. It returns when ctx
	// ends, when the mail system wants to be asked again (nil), or with an error. The
	// error matches [errors.ErrUnsupported] if the mail system or the account's rights do
	// not allow listening; arrivals are then found by looking. Rings may be lost.
	Listen(ctx context.Context, folder Folder, ring func()) error
}

// Answering is a [Mailbox] from which mail can be sent.
type Answering interface {
	// Draft saves a message in MIME form as a draft that carries a mark, and does not
	// send it. The message is a few KB long.
	Draft(ctx context.Context, mark string, mime []byte) error

	// Answers returns the messages that carry a mark: drafts, those on their way, and
	// those that were sent.
	Answers(ctx context.Context, mark string) (Answers, error)

	// Send sends a draft and keeps a copy in the folder of sent items. It sends only what
	// is a draft under this id and version, so the same draft cannot be sent twice: a
	// second call returns an error that matches [ErrConflict] or [ErrGone]. If the
	// account does not have the right to send, the error has [CauseNoPermission].
	Send(ctx context.Context, draft Item) error
}

// Answers is where messages with a mark are.
type Answers struct {
	Drafts  []Item
	Leaving []Item // in the Outbox
	Sent    []Item
}

// Where a note and the mark of an answer are kept: in named string properties, where a
// mail system has property sets, as MAPI and EWS do.
const (
	NoteSet    = "3c1e7a52-90b4-4d0e-8f6b-52d7e1a9c6f3"
	NoteName   = "ReportNote"
	AnswerName = "ReportAnswer"
)

// MaxNote is the maximum number of characters in a note: longer values are truncated in
// search results.
const MaxNote = CutLength - 1

// ErrStateExpired reports that the state passed to [Watchable.Arrivals] is too old,
// belongs to another folder, or is damaged: call it again without one.
var ErrStateExpired = errors.New("quarantine: the state of the folder has expired")
