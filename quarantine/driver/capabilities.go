package driver

import "context"

// As returns a mailbox as one that has a capability: a further interface, such as
// [Sweeper]. If the mailbox itself does not have it, what it wraps is looked at,
// by its method Unwrap() Mailbox, and so on: a decorator needs to know of none.
// It reports whether one of them has it.
func As[T any](m Mailbox) (T, bool) {
	for m != nil {
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

// Prober is a [Mailbox] that can tell cheaply whether it can be opened. Of one
// that cannot, a [quarantine.Router] looks up the Inbox by [Mailbox.Home] instead.
type Prober interface {
	// Probe returns nil if the mailbox is there and can be opened. The error
	// matches [ErrUnreachable] if the server does not have it, or does not let
	// the account in; any other says that it is not known.
	Probe(ctx context.Context) error
}

// Sweeper is a [Mailbox] that can remove what moving an item away has left in
// Recoverable Items, from where its owner could recover it.
type Sweeper interface {
	// Sweep removes for good the items there that carry the stamp of an
	// operation, and returns how many there were. That there are none is no
	// error.
	Sweep(ctx context.Context, operation string) (int, error)
}
