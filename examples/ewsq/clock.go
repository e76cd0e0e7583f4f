package main

import "time"

// clock formats a time for people. It is in UTC, as are flags such as -received-after.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
