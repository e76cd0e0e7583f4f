package quarantine

import "fmt"

// LimitError says which limit was exceeded. It matches [ErrTooManyHits] or
// [ErrTooManyMembers], whichever the call documents.
type LimitError struct {
	// Setting is the field that holds the limit, such as "MaxMembers" of
	// [ExpandOptions].
	Setting string
	// Limit is its value, and What is counted by it, such as "members".
	Limit int
	What  string

	kind error
}

// Error returns the whole message in one line.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%v: more than %d %s; raise the limit %s, or narrow what is asked", e.kind, e.Limit, e.What, e.Setting)
}

// Unwrap returns the sentinel that the error matches.
func (e *LimitError) Unwrap() error { return e.kind }
