//go:build linux || darwin || freebsd

package main

import "syscall"

// readOnlyFlag is ST_RDONLY of Linux and MNT_RDONLY of the BSDs.
const readOnlyFlag = 1

// space returns how many bytes this account may still write to the disk of a directory.
func space(dir string) (free uint64, readOnly, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false, false
	}
	return uint64(max(0, int64(s.Bavail))) * uint64(s.Bsize), s.Flags&readOnlyFlag != 0, true
}
