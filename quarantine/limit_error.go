package quarantine

import "fmt"

// LimitError reports which limit was exceeded. It matches [ErrTooManyHits] or
// [ErrTooManyMembers], as the call documents.
type LimitError struct {
	// Setting is the name of the field that holds the limit, such as "MaxMembers"
	// of [ExpandOptions].
	Setting string
	// Limit is its value, and What is the thing it counts, such as "members".
	Limit int
	What  string

	kind error
}

// Error returns the full message on one line.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%v: more than %d %s; raise the limit %s or narrow the request", e.kind, e.Limit, e.What, e.Setting)
}

// Unwrap returns the sentinel error that e matches.
func (e *LimitError) Unwrap() error { return e.kind }
