package driver

import "context"

// As returns m as a T, an optional capability such as [Sweeper]. If m does not
// implement T, As tries the mailbox that m wraps, which its method Unwrap()
// Mailbox returns, and so on, so decorators need not know about capabilities.
// The second result reports whether a T was found.
func As[T any](m Mailbox) (T, bool) {
	for depth := 0; m != nil && depth < maxWrapped; depth++ {
		if capable, ok := m.(T); ok {
			return capable, true
		}
		wrapper, ok := m.(interface{ Unwrap() Mailbox })
		if !ok {
			break
		}
		m = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// maxWrapped is how many decorators [As] looks through: a decorator that wraps
// itself must not make it hang.
const maxWrapped = 100

// Prober is a [Mailbox] that can check cheaply whether it can be opened. For a
// mailbox that is not a Prober, quarantine.Router looks up the Inbox with
// [Mailbox.Home] instead.
type Prober interface {
	// Probe returns nil if the mailbox exists and can be opened. The error matches
	// [ErrUnreachable] if the server does not have the mailbox or does not let the
	// account open it. Any other error means that the answer is not known.
	Probe(ctx context.Context) error
}

// Reader is a [Mailbox] that can read the content of an item in a form that stays
// the same when the item is rebuilt from the message. The engine then compares the
// content of original and copy before it removes the original, unless the way
// keeps every property: see [Carried.Faithful]. Without it, such a copy is compared
// by its size and the names and sizes of its attachments.
type Reader interface {
	// Content reads an item completely; it does not hold it in memory. The form is
	// the driver's own, and the same for both mailboxes of a [Carriage]. Content
	// that cannot be decoded is used as it is. The error matches [ErrGone] if the
	// item no longer exists under this id.
	Content(ctx context.Context, item Item) (Content, error)
}

// Sweeper is a [Mailbox] that can find what moving an item away has left behind
// in Recoverable Items, where its owner could recover it.
type Sweeper interface {
	// Leftovers returns the items in Recoverable Items that carry the stamp of an
	// operation and that their owner could recover. Finding none is not an error.
	Leftovers(ctx context.Context, operation string) ([]Item, error)
}

// Shelver is a [Mailbox] that can put aside an item that nobody needs, where
// people can find it: nothing but an original is ever removed permanently.
type Shelver interface {
	// Shelve moves an item to a folder of its mailbox, or to the folder of deleted
	// items if none is given, and returns the item as it is there. The error
	// matches [ErrGone] if the item no longer exists under this id.
	Shelve(ctx context.Context, item Item, to *Folder) (Item, error)
}
