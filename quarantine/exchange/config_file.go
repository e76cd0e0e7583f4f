package exchange

import (
	"errors"
	"fmt"
	"io/fs"
)

// unread returns the error of a file of the configuration with what to do about it, if
// the file could not be read. Its text names the setting.
func unread(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); !ok {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; correct the path, or let this account read the file", err)
	}
	return fmt.Errorf("%w; set it to the path of a file that this account can read", err)
}
