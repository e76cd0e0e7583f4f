//go:build !linux

package sealedfile

// release does nothing: other systems promise less about what happens to the pages.
func release(uintptr, int64) {}
