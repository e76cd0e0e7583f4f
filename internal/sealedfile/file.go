package sealedfile

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Errors of [Open], and of later calls for a file; test with errors.Is.
var (
	// ErrInUse reports that another process, or this one, has the file open.
	ErrInUse = errors.New("the file is in use by another process")
	// ErrDamaged reports that a file is inconsistent.
	ErrDamaged = errors.New("the file is damaged")
	// ErrNewer reports that a later version wrote the file.
	ErrNewer = errors.New("a later version has written the file")
	// ErrOther reports that the file is a sound bbolt file, but of another kind.
	ErrOther = errors.New("the file holds something else")
)

// patience is how long Open waits for another process to release a file.
const patience = time.Second

// Format describes what a file holds.
type Format struct {
	// Kind names the format in the file: one word.
	Kind string
	// Version is the version of the format. A file of a later version is refused.
	Version int
	// Tables are the names of the tables.
	Tables []string
	// Earlier are the buckets in which earlier versions kept records, without checksums.
	// Adopt is called for each of these records, and puts it into the tables. A record
	// that it does not know stays where it is: see [Tx.Unadopted]. An error ends Open.
	Earlier []string
	Adopt   func(tx *Tx, bucket string, key, value []byte) (known bool, err error)
}

// tables returns the buckets of the tables.
func (f Format) tables() []string {
	names := make([]string, len(f.Tables))
	for i, t := range f.Tables {
		names[i] = tablePrefix + t
	}
	return names
}

// File is an open file. Its methods can be called concurrently.
type File struct {
	db     *bbolt.DB
	file   *os.File
	format Format
	broken atomic.Pointer[error] // the error with which each call fails
	stuck  atomic.Bool           // a fault or panic: bbolt is no longer touched
	uses   atomic.Int64          // since mapped pages were given back

	queueing sync.Mutex
	queue    []*change
	writing  sync.Mutex
}

// change is a waiting call of Update.
type change struct {
	do   func(*Tx) error
	done bool
	err  error
}

// Open opens a file, creating it if it is missing, and checks all of it. Its directory
// must exist. Only one process at a time can have it open: if another one still has it
// open after a second, the error matches [ErrInUse].
func Open(path string, format Format) (*File, error) {
	// By the time the file is locked, its name may have passed to another file.
	for range 3 {
		file, err := openExisting(path, os.O_RDWR)
		if errors.Is(err, os.ErrNotExist) {
			if err := create(path, format); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		f, err := open(file, path, format)
		if err != nil {
			return nil, errors.Join(err, closed(file))
		}
		if f != nil {
			return f, nil
		}
		if err := closed(file); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: it is being replaced", ErrInUse)
}

// closed closes a file that bbolt may have closed before.
func closed(file *os.File) error {
	if err := file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// openExisting opens a file that exists, if it is a regular one: opening other kinds may
// block, or have side effects.
func openExisting(path string, flag int) (*os.File, error) {
	for _, stat := range []func(string) (os.FileInfo, error){os.Lstat, os.Stat} {
		info, err := stat(path)
		if err != nil {
			return nil, dangling(path, err)
		}
		if !info.Mode().IsRegular() && info.Mode()&os.ModeSymlink == 0 {
			return nil, fmt.Errorf("%w: it is a %s", ErrOther, kindOf(info.Mode()))
		}
	}
	return os.OpenFile(path, flag, 0)
}

// dangling returns the error for a link to a missing file, which is not created.
func dangling(path string, err error) error {
	if info, linkErr := os.Lstat(path); linkErr == nil && info.Mode()&os.ModeSymlink != 0 && errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("it is a link to a file that does not exist: %w", os.ErrInvalid)
	}
	return err
}

func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&os.ModeNamedPipe != 0:
		return "named pipe"
	case m&os.ModeSocket != 0:
		return "socket"
	default:
		return "device"
	}
}

// open locks, checks and maps a file. It returns nil if the path now leads to another
// file.
func open(file *os.File, path string, format Format) (*File, error) {
	fresh, err := lockAndCheck(file, format)
	if err != nil {
		return nil, err
	}
	mine, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if named, err := os.Stat(path); err != nil || !os.SameFile(mine, named) {
		return nil, nil
	}
	f := &File{file: file, format: format}
	err = f.guard(func() (err error) {
		f.db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:  patience,
			OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
		})
		if errors.Is(err, berrors.ErrTimeout) {
			return ErrInUse
		}
		return err
	})
	if err == nil {
		err = f.upgrade(fresh)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockAndCheck checks a file while no other process can write it. Where the lock cannot
// be taken before bbolt takes it, an inconsistent file is checked again until a writer
// has had time to finish.
func lockAndCheck(file *os.File, format Format) (fresh bool, err error) {
	locked, err := lock(file, patience)
	if err != nil {
		return false, err
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(patience / 20) {
		info, err := file.Stat()
		if err != nil {
			return false, err
		}
		fresh, err = check(file, info.Size(), format)
		if err == nil || locked || time.Now().After(deadline) {
			return fresh, err
		}
	}
}

// guard runs a function that works with the mapped file. A fault or panic in it becomes
// an error, after which the file is no longer used.
func (f *File) guard(do func() error) (err error) {
	if err := f.Broken(); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: it was changed while it was open: %v", ErrDamaged, p)
			f.stuck.Store(true)
			f.broken.Store(&err)
		}
	}()
	return do()
}

// Close closes the file.
func (f *File) Close() error {
	if !f.stuck.Load() && f.db != nil {
		return f.db.Close()
	}
	if f.file == nil {
		return nil
	}
	// bbolt might wait for its own locks forever, so it is left as it is.
	unlock(f.file)
	return closed(f.file)
}
