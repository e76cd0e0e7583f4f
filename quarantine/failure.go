package quarantine

import (
	"errors"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// failureOf returns an error in the form in which receipts store it, nil for
// nil.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Failure](err); ok && error(f) == err {
		return f
	}
	return &Failure{Message: err.Error(), Code: driver.CodeOf(err), Transient: driver.Temporary(err)}
}
