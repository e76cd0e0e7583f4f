package exchange

import (
	"errors"
	"fmt"
	"io/fs"
)

// unread adds what to do to the error of a configured file that could not be read, whose
// text names the setting. It returns other errors unchanged.
func unread(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); !ok {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; correct the path, or let this account read the file", err)
	}
	return fmt.Errorf("%w; set it to the path of a file that this account can read", err)
}
