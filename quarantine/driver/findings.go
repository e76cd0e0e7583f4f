package driver

import "fmt"

// Findings are the result of a [Query].
type Findings struct {
	Items []Item
	// Near are items whose Message-ID is nearly the one in the query: see
	// [NearMessageID]. They are not among Items.
	Near []Item
	// Searched lists the folders that were searched completely; Unsearched lists
	// those that could not be, and items that could not be examined.
	Searched   []Searched
	Unsearched []Unsearched
	// Examined is how many messages a search by criteria had to read because the mail
	// system could not decide on them. The engine counts them; a driver leaves it zero.
	Examined int

	bytes int64 // approximate size of the items
}

// Limits on what one search may find, which is held in memory: Exchange Online allows as
// many messages in a folder.
const (
	// MaxFound is the maximum number of items.
	MaxFound = 1_000_000
	// MaxFoundBytes is the maximum size of their texts.
	MaxFoundBytes = 1 << 30
)

// Keep adds items to Items, as long as there are no more than [MaxFound] and
// [MaxFoundBytes] allow, including those in Near. Otherwise the error matches [ErrTooMany].
// A driver that uses Keep for what a server lists does not grow without bound if a list
// never ends.
func (f *Findings) Keep(items ...Item) error {
	for _, it := range items {
		if err := f.counts(it); err != nil {
			return err
		}
		f.Items = append(f.Items, it)
	}
	return nil
}

// KeepNear is [Findings.Keep] for Near.
func (f *Findings) KeepNear(it Item) error {
	err := f.counts(it)
	if err == nil {
		f.Near = append(f.Near, it)
	}
	return err
}

// counts counts an item, or returns an error if it is one too many.
func (f *Findings) counts(it Item) error {
	size := len(it.ID) + len(it.Version) + len(it.MessageID) + len(it.Class) + len(it.Subject) + len(it.Sender) + len(it.Folder.ID)
	for _, c := range it.Categories {
		size += len(c)
	}
	if len(f.Items)+len(f.Near) >= MaxFound || f.bytes+int64(size) > MaxFoundBytes {
		return &Error{
			Err: fmt.Errorf("%w: one search may find %d items, or %d MB of them, and there are more: search a smaller part, such as one folder or a shorter time",
				ErrTooMany, MaxFound, MaxFoundBytes>>20),
			Untouched: true, Answered: true,
		}
	}
	f.bytes += int64(size)
	return nil
}

// Searched is a folder that was searched completely.
type Searched struct {
	Folder Folder `json:"folder"`
	Pages  int    `json:"pages"` // result pages, including the last
	Hits   int    `json:"hits"`
}

// Unsearched is a folder that could not be searched, or a message in it that
// could not be examined.
type Unsearched struct {
	Folder Folder `json:"folder"`
	// Mailbox is the mailbox that has the folder, if it is not the one that was asked
	// about: the quarantine mailbox, which is searched for messages taken earlier.
	// Drivers leave it empty.
	Mailbox string `json:"mailbox,omitempty"`
	Cause   Cause  `json:"cause"`
	Reason  string `json:"reason"`
}

// Cause is the reason why a call failed or a folder could not be searched.
type Cause string

// Causes. Only the first five appear in a receipt.
const (
	CauseNotFound     Cause = "notFound"     // gone, or not visible to the account
	CauseNoPermission Cause = "noPermission" // the account may not read it
	CauseUnreachable  Cause = "unreachable"  // the server did not answer
	CauseRefused      Cause = "refused"      // the server answered with another error, which the reason quotes
	CauseUndecided    Cause = "undecided"    // the folder was searched, but a message in it could not be examined
	CauseNoMailbox    Cause = "noMailbox"    // the server does not have the mailbox, or no longer has it
	CauseMoving       Cause = "moving"       // the mailbox is being moved to another server
	CauseSignIn       Cause = "signIn"       // the server refused the credentials
)

// NotSearched describes a folder whose search failed. It is described as refused only
// if the error says that the server has answered (see [Error]).
func NotSearched(f Folder, err error) Unsearched {
	u := Unsearched{Folder: f, Cause: CauseUnreachable, Reason: err.Error()}
	switch cause := CauseOf(err); cause {
	case CauseNoPermission, CauseNotFound:
		u.Cause = cause
	case CauseNoMailbox:
		u.Cause = CauseNotFound
	default:
		if Answered(err) && cause != CauseUnreachable {
			u.Cause = CauseRefused
		}
	}
	return u
}
