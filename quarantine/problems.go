package quarantine

import "github.com/ewsquarantine/ewsquarantine/quarantine/driver"

// Problems returns every [*driver.InvalidError] that err holds, in order: Validate joins
// one for each field that is wrong.
func Problems(err error) []*driver.InvalidError {
	if e, ok := err.(*driver.InvalidError); ok {
		return []*driver.InvalidError{e}
	}
	var all []*driver.InvalidError
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, Problems(one)...)
		}
	case interface{ Unwrap() error }:
		all = Problems(e.Unwrap())
	}
	return all
}
