package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Panic is what a call for many targets panics with if a driver, a hook or a journal has
// panicked in one of its goroutines: the value, and where it happened. It propagates to the
// caller's loop once everything else in progress has been yielded.
type Panic = driver.Panic
