package quarantine

import "errors"

// failureOf returns an error in the form in which it is kept, nil for nil.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Failure](err); ok && error(f) == err {
		return f
	}
	return &Failure{Message: err.Error(), Code: CodeOf(err), Transient: Temporary(err)}
}

// unsearched describes a folder whose search failed.
func unsearched(f Folder, err error) Unsearched {
	u := Unsearched{Folder: f, Cause: CauseUnreachable, Reason: err.Error()}
	switch cause := CauseOf(err); cause {
	case CauseNoPermission, CauseNotFound:
		u.Cause = cause
	}
	return u
}
