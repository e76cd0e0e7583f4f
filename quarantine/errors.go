package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Errors of any driver that a caller tells apart; test with errors.Is.
var (
	// ErrInvalid reports that an argument or a setting cannot be used. The error
	// itself is an [*InvalidError], or several joined: see [Problems].
	ErrInvalid = driver.ErrInvalid
	// ErrGone reports that an item, a folder or an entry of the address book no
	// longer exists, or is not visible to the account.
	ErrGone = driver.ErrGone
	// ErrUnreachable reports that a mailbox does not exist, or that the account
	// may not open it.
	ErrUnreachable = driver.ErrUnreachable
	// ErrNoDirectory reports that the account cannot look into the address book.
	ErrNoDirectory = driver.ErrNoDirectory
)

// InvalidError says what is wrong with an argument or a setting: what it is
// (What), which field of it (Field), what is wrong and what to do (Problem). It
// matches [ErrInvalid].
type InvalidError = driver.InvalidError
