package driver

import "errors"

// ErrInvalid reports that an argument or a setting cannot be used (test with
// errors.Is). The error itself is an [*InvalidError], or several joined.
var ErrInvalid = errors.New("quarantine: invalid")

// InvalidError describes what is wrong with an argument or a setting. It
// matches [ErrInvalid].
type InvalidError struct {
	// What is the thing that was refused, such as target, criteria or
	// configuration "Head office", line 3, column 5.
	What string
	// Field is the field concerned, spelled as in JSON if it has a JSON name, such as
	// "messageId" or "authentication.username"; empty if the thing as a whole is meant.
	Field string
	// Problem says what is wrong and what to do. It continues a sentence that
	// begins with the field, and never contains a secret.
	Problem string
}

// Error returns the full message on one line.
func (e *InvalidError) Error() string {
	text := "quarantine: " + e.What + ": "
	if e.Field != "" {
		text += e.Field + " "
	}
	return text + e.Problem
}

// Is reports whether target is [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Invalid returns an [*InvalidError].
func Invalid(what, field, problem string) error {
	return &InvalidError{What: what, Field: field, Problem: problem}
}
