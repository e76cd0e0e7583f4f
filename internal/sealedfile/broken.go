package sealedfile

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"syscall"
)

// Errors of [File.Update]; test with errors.Is.
var (
	// ErrBroken reports that a change could not be written or synced. It is not known
	// whether the change is on disk, and what is in memory may not be on disk either:
	// after fsync has failed, the system counts pages as written that are not
	// (https://lwn.net/Articles/752063/). From then on every call fails with this error.
	ErrBroken = errors.New("writing the file failed, and it is not used any more")
	// ErrFull reports that there was no room for a change. No part of it is written, and
	// the file remains usable.
	ErrFull = errors.New("no room left on the disk")
)

// breakOff ends the use of a file after an error.
func (f *File) breakOff(err error) error {
	err = fmt.Errorf("%w: %w; close it and open it again, which checks all of it", ErrBroken, err)
	f.broken.Store(&err)
	return err
}

// Broken returns the error with which every call fails, or nil if the file is usable. It
// matches [ErrBroken] or [ErrDamaged].
func (f *File) Broken() error {
	if err := f.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// failed returns the error of a transaction that could not be committed. Everything is as
// it was only if the disk was full before either head was written: what was written until
// then is in pages that nothing refers to. If it is fsync that reports a full disk, it is
// too late: the system may have dropped what it could not write.
func (f *File) failed(transaction uint64, err error) error {
	path, ok := errors.AsType[*fs.PathError](err)
	if !IsFull(err) || !isResize(err) && (!ok || path.Op != "write") {
		return f.breakOff(err)
	}
	info, statErr := f.file.Stat()
	if statErr != nil {
		return f.breakOff(err)
	}
	if h, headErr := newest(f.file, info.Size()); headErr != nil || h.transaction != transaction-1 {
		return f.breakOff(err)
	}
	return fmt.Errorf("%w: %w", ErrFull, err)
}

// IsFull reports whether an error of [Open] or [File.Update] means that the disk is full,
// or that a quota or limit is exhausted.
func IsFull(err error) bool {
	for _, full := range fullErrors() {
		if errors.Is(err, full) || isResize(err) && strings.HasSuffix(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// isResize reports whether a file could not be made longer. bbolt turns that error into
// text.
func isResize(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "file resize error: ")
}

func fullErrors() []error {
	if runtime.GOOS == "windows" {
		return []error{syscall.Errno(112), syscall.Errno(39)} // ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL
	}
	return []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
}
