package driver_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestErrorSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	cause := errors.New("boom")
	refused := &driver.Error{Err: cause, Untouched: true, Answered: true, Code: "ErrorX", Cause: driver.CauseNoPermission}
	busy := &driver.Error{Err: cause, Untouched: true, Temporary: true}
	lost := &driver.Error{Err: cause}
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
		"the outermost one decides": {&driver.Error{Err: errors.Join(refused, busy)}, false, false, false},
	} {
		assert.Equal(t, tc.untouched, driver.Untouched(tc.err), name)
		assert.Equal(t, tc.answered, driver.Answered(tc.err), name)
		assert.Equal(t, tc.temporary, driver.Temporary(tc.err), name)
	}
	assert.Equal(t, "ErrorX", driver.CodeOf(fmt.Errorf("x: %w", refused)))
	assert.Equal(t, driver.CauseNoPermission, driver.CauseOf(errors.Join(cause, refused)))
	assert.Empty(t, driver.CauseOf(cause))
	assert.ErrorIs(t, refused, cause)
	assert.Equal(t, "boom", refused.Error())
}
