package quarantine

// Problems returns every [*InvalidError] in err, in order: Validate joins one
// for each invalid field.
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
