// Package filetest breaks files that a test has open.
package filetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Redirect makes the descriptor of a file that this process has open refer to another
// file, which it opens with the given os.OpenFile flags: use [os.DevNull] for a file that
// cannot be synced, and /dev/full for a full disk. Existing memory mappings are
// unaffected. It requires Linux.
func Redirect(t *testing.T, path, other string, flag int) {
	t.Helper()
	if err := redirectFile(path, other, flag); err != nil {
		t.Fatal(err)
	}
}

func redirectFile(path, other string, flag int) error {
	const descriptors = "/proc/self/fd"
	by, err := os.OpenFile(other, flag, 0)
	if err != nil {
		return err
	}
	defer by.Close()
	all, err := os.ReadDir(descriptors)
	if err != nil {
		return err
	}
	for _, d := range all {
		n, err := strconv.Atoi(d.Name())
		if err != nil {
			return err
		}
		if leads, err := os.Readlink(filepath.Join(descriptors, d.Name())); err == nil && leads == path && n != int(by.Fd()) {
			return redirect(n, int(by.Fd()))
		}
	}
	return fmt.Errorf("%s is not open", path)
}
