package main

import "time"

// clock returns a time for people: in UTC, which flags such as -received-after are in,
// too.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
