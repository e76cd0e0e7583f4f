package sealedfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// tempMark separates the name of a file from the digits that turn it into a temporary
// name.
const tempMark = ".new-"

// Limits on sweep, which keep creating a file in a large directory fast.
const (
	sweepNames = 10_000  // names examined
	sweepFiles = 100     // files removed
	sweepSize  = 1 << 20 // bytes; a new file has some ten thousand
)

// sweep removes what is left by processes that were killed while creating a file of this
// name: files with a temporary form of the name that nobody has locked and that contain
// no record. Where a lock cannot be tried, nothing is removed. What cannot be removed
// stays, and does not prevent the file from being created.
func sweep(path string, format Format) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	removed := 0
	for looked := 0; looked < sweepNames && removed < sweepFiles; {
		names, err := dir.Readdirnames(1000)
		if err != nil {
			return nil // io.EOF, or a directory that only lets files be created
		}
		looked += len(names)
		for _, name := range names {
			digits, ok := strings.CutPrefix(name, filepath.Base(path)+tempMark)
			if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" || removed == sweepFiles {
				continue
			}
			if sweepOne(filepath.Join(filepath.Dir(path), name), format) {
				removed++
			}
		}
	}
	return nil
}

// sweepOne removes a file if it is one that was not completed.
func sweepOne(name string, format Format) bool {
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() || info.Size() > sweepSize {
		return false
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	if locked, err := lock(file, 0); err != nil || !locked || !isNamed(file, name) || !isUnused(file, format) {
		return false
	}
	return os.Remove(name) == nil
}

// isUnused reports whether a file is empty, zeroed, or a sound one without records.
func isUnused(file *os.File, format Format) bool {
	info, err := file.Stat()
	if err != nil || info.Size() > sweepSize {
		return false
	}
	content := make([]byte, info.Size())
	if _, err := file.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	if len(bytes.Trim(content, "\x00")) == 0 {
		return true
	}
	if _, err := check(file, info.Size(), format); err != nil {
		return false
	}
	h, err := newest(file, info.Size())
	if err != nil {
		return false
	}
	unused := true
	w := newWalk(file, h)
	w.record = func(bucket string, key, _ []byte) error {
		unused = unused && (bucket == string(stateBucket) || bytes.Equal(key, barrier))
		return nil
	}
	return w.run() == nil && unused
}
