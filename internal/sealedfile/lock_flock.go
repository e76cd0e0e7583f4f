//go:build unix && !aix && !android && !illumos && !solaris

package sealedfile

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lock takes the lock that bbolt takes: it belongs to the open file, so bbolt finds that
// it already holds it.
func lock(file *os.File, wait time.Duration) (locked bool, err error) {
	for deadline := time.Now().Add(wait); ; time.Sleep(wait / 20) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "lock", Path: file.Name(), Err: err}
		case time.Now().After(deadline):
			return false, ErrInUse
		}
	}
}

// unlock releases the lock, which would otherwise last as long as a mapping of the
// file.
func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
