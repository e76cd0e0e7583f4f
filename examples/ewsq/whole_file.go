package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeNew writes a file that appears under its name only once it is complete. It never
// replaces another file, not even one that was created meanwhile. Only its owner can read it,
// because it contains people's mail.
func writeNew(name string, write func(*bufio.Writer) error) error {
	return wholeFile(name, write, func(temp string) error {
		err := os.Link(temp, name)
		if err == nil {
			return os.Remove(temp)
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		// The file system has no links: claim the name first.
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		return os.Rename(temp, name)
	})
}

// writePage is like writeNew, but replaces an earlier page. A page is recognised by its
// beginning, head.
func writePage(name, head string, write func(*bufio.Writer) error) error {
	earlier, err := begins(name, head)
	if err != nil {
		return err
	}
	if !earlier {
		return writeNew(name, write)
	}
	return wholeFile(name, write, func(temp string) error { return os.Rename(temp, name) })
}

// begins reports whether a file exists and begins with a text. If it begins otherwise, the
// error matches fs.ErrExist.
func begins(name, text string) (bool, error) {
	switch info, err := os.Stat(name); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular(): // opening it might block
		return false, fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	has, err := io.ReadAll(io.LimitReader(f, int64(len(text))))
	if err == nil && !bytes.Equal(has, []byte(text)) {
		err = fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	return err == nil, err
}

// wholeFile writes a temporary file next to its destination and then calls put to move it
// there.
func wholeFile(name string, write func(*bufio.Writer) error, put func(temp string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return put(f.Name())
}

// checkOut refuses a name that a file cannot have.
func checkOut(out string) error {
	switch out {
	case "":
		return usagef("-out FILE is missing")
	case "-":
		return usagef("-out -: give the name of a file; standard output has the result line")
	}
	return nil
}
