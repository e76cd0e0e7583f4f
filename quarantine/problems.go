package quarantine

// Problems returns every [*InvalidError] that err holds, in order: Validate joins
// one for each field that is wrong.
func Problems(err error) []*InvalidError {
	if e, ok := err.(*InvalidError); ok {
		return []*InvalidError{e}
	}
	var all []*InvalidError
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
