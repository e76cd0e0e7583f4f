package ews

import "time"

// FormatTime returns a time in the form that restrictions and properties use:
// UTC, to the second, or to the millisecond if it has a fraction.
func FormatTime(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/int(time.Millisecond) == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
