package main

import "runtime/debug"

// A campaign allocates some hundred KB for each message, and holds a few MB. Collected
// whenever that has doubled, as is Go's default, the garbage takes up to a third of the
// processor; five times as much heap takes most of that away. The limit keeps the program
// below 96 MB, with what is not Go's: once the heap comes near it, collections are as
// frequent as they must be, and what is held may exceed it. GOGC and GOMEMLIMIT of the
// environment come first. Programs choose this; the packages of the SDK never do.
const (
	heapGrowth = 400      // percent
	heapLimit  = 64 << 20 // bytes
)

// collect sets when garbage is collected, as far as the environment does not say it.
func collect(lookup func(string) (string, bool)) {
	growth, limit := collection(lookup)
	if growth > 0 {
		debug.SetGCPercent(growth)
	}
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
}

// collection returns what collect sets; 0 stands for what stays. Without a limit from here
// or from the environment the heap grows as ever.
func collection(lookup func(string) (string, bool)) (growth int, limit int64) {
	if value, ok := lookup("GOGC"); ok && value != "" {
		return 0, 0
	}
	if value, ok := lookup("GOMEMLIMIT"); !ok || value == "" {
		limit = heapLimit
	}
	return heapGrowth, limit
}
