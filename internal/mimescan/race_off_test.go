//go:build !race

package mimescan_test

// raced reports whether the race detector is on.
const raced = false
