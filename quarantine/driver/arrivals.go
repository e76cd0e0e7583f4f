package driver

import (
	"context"
	"errors"
	"io"
	"time"
)

// Watchable is a [Mailbox] whose folders can be watched for messages that arrive, and whose
// items can carry a note: one text, apart from the stamp, that says who works on a message
// and what became of it. Package reported needs it.
type Watchable interface {
	// Arrivals returns what has come into a folder and left it since a state, which
	// [Arrivals.State] of an earlier call was; without a state, all that is there. The
	// error matches [ErrStateExpired] if the state is of no use any more, and [ErrGone] if
	// the folder does not exist.
	Arrivals(ctx context.Context, folder Folder, state string) (Arrivals, error)

	// Noted reads an item and its note, which is empty if it has none. The error matches
	// [ErrGone] if the item no longer exists under this id.
	Noted(ctx context.Context, itemID string) (Item, string, error)

	// SetNote gives an item a note of at most [MaxNote] characters, without notifying
	// anyone, and returns the item as it is afterwards. The error matches [ErrConflict] if
	// the item has changed since it was read, so that of two callers who have read the
	// same version only one succeeds; and [ErrGone] if it no longer exists.
	SetNote(ctx context.Context, item Item, note string) (Item, error)

	// Open opens the MIME form of an item for reading; it is not held in memory. Reading
	// ends in an error if the content is cut short. The error matches [ErrGone] if the item
	// no longer exists under this id.
	Open(ctx context.Context, item Item) (io.ReadCloser, error)
}

// Arrivals are changes of a folder.
type Arrivals struct {
	Items []Arrival // at most some hundreds, in no certain order
	State string    // to be asked for next; opaque
	More  bool      // there is more already
}

// Arrival is an item that came into a folder or changed there, or that left it.
type Arrival struct {
	ItemID   string
	Gone     bool // it is no longer in the folder under this id
	Received time.Time
	// Note is its note, nil if the mail system does not tell that here. It may be out of
	// date.
	Note *string
}

// Assembling is a [Watchable] mailbox whose mail system may break off the MIME form of a large
// item, or leave out of it what is attached by its name only.
type Assembling interface {
	// Assemble opens the MIME form of an item as [Watchable.Open] does. Where that would
	// not do, it is put together from its parts: then a file that is kept elsewhere is a
	// part of type message/external-body without content.
	Assemble(ctx context.Context, item Item) (io.ReadCloser, error)
}

// Unguarded is a [Watchable] mailbox whose mail system may let SetNote succeed though the
// item has changed since it was read.
type Unguarded interface {
	// NoteSettles returns how long after a note was written somebody may still replace it
	// who had read the item before that. Who then reads the note back knows whose it is.
	NoteSettles() time.Duration
}

// Belled is a [Watchable] mailbox that can tell at once when something comes.
type Belled interface {
	// Listen calls ring each time that something may have come into a folder, and once
	// when it begins to listen: what came before that is not told. It returns when ctx
	// ends, when the mail system wants to be asked anew (nil), or with an error. The
	// error matches [errors.ErrUnsupported] if the mail system or the account's rights
	// allow no such thing; what comes is then found by looking. Rings may be lost.
	Listen(ctx context.Context, folder Folder, ring func()) error
}

// Answering is a [Mailbox] from which mail can be sent.
type Answering interface {
	// Draft saves a message in MIME form as a draft that carries a mark, and does not
	// send it. The message is a few KB long.
	Draft(ctx context.Context, mark string, mime []byte) error

	// Answers returns what carries a mark: drafts, what is on its way, and what was sent.
	Answers(ctx context.Context, mark string) (Answers, error)

	// Send sends a draft and keeps a copy in the folder of sent items. It sends only what
	// is a draft under this id and version, so that the same draft cannot be sent twice:
	// the error then matches [ErrConflict] or [ErrGone]. That of an account without the
	// right to send has [CauseNoPermission].
	Send(ctx context.Context, draft Item) error
}

// Answers is where messages with a mark are.
type Answers struct {
	Drafts  []Item
	Leaving []Item // in the Outbox
	Sent    []Item
}

// Where a note, and the mark of an answer, are kept: as named properties, each a string,
// where a mail system has property sets, as MAPI and EWS do.
const (
	NoteSet    = "3c1e7a52-90b4-4d0e-8f6b-52d7e1a9c6f3"
	NoteName   = "ReportNote"
	AnswerName = "ReportAnswer"
)

// MaxNote is how many characters a note has at most: longer values are truncated in search
// results.
const MaxNote = CutLength - 1

// ErrStateExpired reports that the state of [Watchable.Arrivals] is too old, of another
// folder, or damaged: ask without one.
var ErrStateExpired = errors.New("quarantine: the state of the folder has expired")
