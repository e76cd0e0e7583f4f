package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Panic is what a call for many panics with when a driver, a hook or a journal has panicked
// in a goroutine of that call: the value, and where it was. It goes on to the caller's loop,
// when what else is in progress has been yielded.
type Panic = driver.Panic
