package ews

import "time"

// NotSent reports whether no byte of the request can have reached the server.
func NotSent(err error) bool { return false }

// NotExecuted reports whether the server surely did not do what was asked, so
// that asking again cannot do it twice. In doubt it reports false.
func NotExecuted(err error) bool { return false }

// Ambiguous reports whether a write may or may not have happened: look at the
// state before asking again.
func Ambiguous(err error) bool { return false }

// IsThrottled reports whether the server asked the caller to slow down.
func IsThrottled(err error) bool { return false }

// IsTransient reports whether the same request may succeed later. It says
// nothing about whether a write may be repeated: see [NotExecuted].
func IsTransient(err error) bool { return false }

// BackOff returns how long the server asked to wait, and whether it did.
func BackOff(err error) (time.Duration, bool) { return 0, false }
