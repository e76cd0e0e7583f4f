package ews

import (
	"errors"
	"fmt"
)

// Result is the server's response for one member of a batch: a value, or the error of
// that member. Err is a [*ResponseError] if the server refused the member, and matches
// [ErrNotProcessed] if the server did not answer for it.
type Result[T any] struct {
	Value T
	Err   error
}

// Results has one [Result] per requested member, in the order requested.
type Results[T any] []Result[T]

// Err joins the errors of all members, each with its position. It is nil if every member
// succeeded.
func (rs Results[T]) Err() error {
	var errs []error
	for i, r := range rs {
		if r.Err != nil {
			errs = append(errs, fmt.Errorf("item %d: %w", i, r.Err))
		}
	}
	return errors.Join(errs...)
}
