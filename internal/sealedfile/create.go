package sealedfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"go.etcd.io/bbolt"
)

// create writes a new file under a temporary name and renames it when it is complete
// and on disk. It is not an error if there is one by then.
func create(path string, format Format) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	name := temp.Name()
	defer func() {
		if rmErr := os.Remove(name); !errors.Is(rmErr, os.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
	}()
	if err := temp.Close(); err != nil {
		return err
	}
	f := &File{format: format}
	err = f.guard(func() (err error) {
		f.db, err = bbolt.Open(name, 0o600, &bbolt.Options{Timeout: patience})
		return err
	})
	if err != nil {
		return err
	}
	if err := errors.Join(f.upgrade(true), f.Close()); err != nil {
		return err
	}
	if err := settle(name, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// settle gives a file its name, unless another process has made one of that name. A
// link is never made over a file that exists; where the file system has no links, two
// processes that create the same file in the same moment are not told apart.
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
