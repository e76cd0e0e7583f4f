//go:build race

package mimescan_test

// raced says that the race detector is on.
const raced = true
