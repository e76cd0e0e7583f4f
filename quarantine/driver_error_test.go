package quarantine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestErrorSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	cause := errors.New("boom")
	refused := &quarantine.Error{Err: cause, Untouched: true, Answered: true, Code: "ErrorX", Cause: quarantine.CauseNoPermission}
	busy := &quarantine.Error{Err: cause, Untouched: true, Temporary: true}
	lost := &quarantine.Error{Err: cause}
	for name, tc := range map[string]struct {
		err                            error
		untouched, answered, temporary bool
	}{
		"nil":                       {},
		"any other":                 {err: cause},
		"refused":                   {refused, true, true, false},
		"busy":                      {busy, true, false, true},
		"lost":                      {err: lost},
		"wrapped":                   {fmt.Errorf("while marking: %w", refused), true, true, false},
		"joined with any other":     {errors.Join(cause, refused), true, true, false},
		"all of them must":          {errors.Join(refused, busy), true, false, false},
		"one in doubt is enough":    {errors.Join(refused, lost), false, false, false},
		"the outermost one decides": {&quarantine.Error{Err: errors.Join(refused, busy)}, false, false, false},
	} {
		assert.Equal(t, tc.untouched, quarantine.Untouched(tc.err), name)
		assert.Equal(t, tc.answered, quarantine.Answered(tc.err), name)
		assert.Equal(t, tc.temporary, quarantine.Temporary(tc.err), name)
	}
	assert.Equal(t, "ErrorX", quarantine.CodeOf(fmt.Errorf("x: %w", refused)))
	assert.Equal(t, quarantine.CauseNoPermission, quarantine.CauseOf(errors.Join(cause, refused)))
	assert.Empty(t, quarantine.CauseOf(cause))
	assert.ErrorIs(t, refused, cause)
	assert.Equal(t, "boom", refused.Error())
}
