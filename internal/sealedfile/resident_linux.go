package sealedfile

import "syscall"

// release unmaps the pages of a mapped file. They stay in the cache of the system. That
// it may be refused changes nothing but a figure.
func release(address uintptr, size int64) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, address, uintptr(size), syscall.MADV_DONTNEED)
}
