package ews

import (
	"errors"
	"fmt"
)

// Result is what a server answered for one member of a batch: a value, or the
// error of that member. Err is a [*ResponseError] when the server refused it,
// and matches [ErrNotProcessed] when the server gave no answer for it.
type Result[T any] struct {
	Value T
	Err   error
}

// Results has one [Result] for each thing asked, in the order asked.
type Results[T any] []Result[T]

// Err joins the errors of all members, each with its position; it is nil if
// every member succeeded.
func (rs Results[T]) Err() error {
	var errs []error
	for i, r := range rs {
		if r.Err != nil {
			errs = append(errs, fmt.Errorf("item %d: %w", i, r.Err))
		}
	}
	return errors.Join(errs...)
}
