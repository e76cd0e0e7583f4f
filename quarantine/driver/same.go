package driver

import "time"

// SameTime reports whether two times are the same to the second, which is the
// precision of mail systems.
func SameTime(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }
