package sealedfile

import "syscall"

// release unmaps the pages of a mapped file. They stay in the system's cache. If the call
// is refused, only a figure is different.
func release(address uintptr, size int64) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, address, uintptr(size), syscall.MADV_DONTNEED)
}
