package filetest

import "syscall"

func redirect(n, to int) error { return syscall.Dup3(to, n, syscall.O_CLOEXEC) }
