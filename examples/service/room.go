package main

import (
	"fmt"
)

// leastRoom is how many bytes must be free on a disk for the service to be ready.
const leastRoom = 4 << 20

// shortOf returns why a disk cannot be written, or "" if it can, or if the system does not
// tell.
func shortOf(dir string, least uint64) string {
	free, readOnly, known := space(dir)
	switch {
	case !known:
		return ""
	case readOnly:
		return fmt.Sprintf("the disk of %s can only be read; mount it for writing", dir)
	case free < least:
		return fmt.Sprintf("the disk of %s is full: %d bytes are free, and %d are needed; make room", dir, free, least)
	}
	return ""
}
