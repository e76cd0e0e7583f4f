package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Errors of any driver; test with errors.Is.
var (
	// ErrInvalid reports that an argument or a setting cannot be used. The error
	// itself is an [*InvalidError], or several joined: see [Problems].
	ErrInvalid = driver.ErrInvalid
	// ErrGone reports that an item, a folder or an address book entry no longer
	// exists, or is not visible to the account.
	ErrGone = driver.ErrGone
	// ErrUnreachable reports that a mailbox does not exist, that the account may not open
	// it, or that no service of a [Router] has it, or several have. In the last two cases
	// the error is also a [*RouteError].
	ErrUnreachable = driver.ErrUnreachable
	// ErrNoDirectory reports that the account cannot search the address book.
	ErrNoDirectory = driver.ErrNoDirectory
)

// InvalidError describes what is wrong with an argument or a setting: What was
// refused, which Field of it, and the Problem, including what to do. It matches
// [ErrInvalid].
type InvalidError = driver.InvalidError
