package main

import "runtime/debug"

// A campaign allocates several hundred KB per message but holds only a few MB. With Go's
// default, which collects whenever the heap has doubled, garbage collection takes up to a
// third of the CPU time; letting the heap grow fivefold avoids most of that. The limit keeps
// the program below 96 MB, including memory outside Go's heap: as the heap approaches it,
// collections become as frequent as necessary, and live memory may exceed it. GOGC and
// GOMEMLIMIT in the environment take precedence. This is up to programs; the packages of the
// SDK never set it.
const (
	heapGrowth = 400      // percent
	heapLimit  = 64 << 20 // bytes
)

// collect sets when garbage is collected, unless the environment does.
func collect(lookup func(string) (string, bool)) {
	growth, limit := collection(lookup)
	if growth > 0 {
		debug.SetGCPercent(growth)
	}
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
}

// collection returns what collect sets; 0 means that a setting stays as it is. The heap grows
// as it does by default unless there is a limit, from here or from the environment.
func collection(lookup func(string) (string, bool)) (growth int, limit int64) {
	if value, ok := lookup("GOGC"); ok && value != "" {
		return 0, 0
	}
	if value, ok := lookup("GOMEMLIMIT"); !ok || value == "" {
		limit = heapLimit
	}
	return heapGrowth, limit
}
