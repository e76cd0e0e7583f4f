package sealedfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"go.etcd.io/bbolt"
)

// create writes a new file under a temporary name and renames it when it is complete and
// on disk. It is not an error if the file exists by then.
func create(path string, format Format) (err error) {
	dir := filepath.Dir(path)
	if err := sweep(path, format); err != nil {
		return err
	}
	temp, locked, err := createTemp(path)
	if err != nil {
		return err
	}
	name := temp.Name()
	defer func() {
		if rmErr := os.Remove(name); !errors.Is(rmErr, os.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
	}()
	f := &File{file: temp, format: format}
	err = f.guard(func() (err error) {
		f.db, err = bbolt.Open(name, 0o600, &bbolt.Options{
			Timeout:  patience,
			OpenFile: func(string, int, os.FileMode) (*os.File, error) { return temp, nil },
		})
		return err
	})
	if err != nil {
		return errors.Join(err, closed(temp))
	}
	// It stays locked until it has its name, so nobody sweeps it away. Where the lock
	// cannot warn others, an open file cannot be renamed either, so it is closed first.
	if err := f.upgrade(true); err != nil || !locked {
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	err = settle(name, path)
	if locked {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return err
	}
	return syncDir(dir)
}

// createTemp creates a file and locks it, so that sweep leaves it alone. If it is swept
// away before it is locked, another one is made.
func createTemp(path string) (temp *os.File, locked bool, err error) {
	for range 10 {
		temp, err = os.CreateTemp(filepath.Dir(path), filepath.Base(path)+tempMark+"*")
		if err != nil {
			return nil, false, err
		}
		locked, err = lock(temp, patience)
		if err == nil && isNamed(temp, temp.Name()) {
			return temp, locked, nil
		}
		err = errors.Join(err, temp.Close())
		if err == nil {
			err = fmt.Errorf("%w: new files are being removed", ErrInUse)
		}
	}
	return nil, false, err
}

// isNamed reports whether an open file has a name.
func isNamed(file *os.File, name string) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(name)
	return err == nil && os.SameFile(mine, named)
}

// settle gives a file its name, unless another process has created a file with that name.
// A link never replaces an existing file; where the file system has no links, two
// processes that create the same file at the same moment are not told apart.
func settle(name, path string) error {
	err := os.Link(name, path)
	if err == nil || errors.Is(err, os.ErrExist) {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(name, path)
}

// syncDir makes sure that a name survives a crash.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // by this file system
	}
	return errors.Join(err, d.Close())
}
