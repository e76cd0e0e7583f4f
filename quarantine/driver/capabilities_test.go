package driver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// loop is a decorator that wraps itself.
type loop struct{ driver.Mailbox }

func (l loop) Unwrap() driver.Mailbox { return l }

func TestAsEnds(t *testing.T) {
	t.Parallel()
	_, ok := driver.As[driver.Sweeper](loop{})
	assert.False(t, ok)
}

// A driver that forgets Err must not crash the product.
func TestErrorWithoutErr(t *testing.T) {
	t.Parallel()
	assert.NotEmpty(t, (&driver.Error{Untouched: true}).Error())
}

func TestTemporaryOfOtherErrors(t *testing.T) {
	t.Parallel()
	assert.True(t, driver.Temporary(fmt.Errorf("waiting: %w", context.DeadlineExceeded)))
	assert.False(t, driver.Temporary(context.Canceled))
	assert.False(t, driver.Temporary(errors.New("refused")))
	assert.False(t, driver.Temporary(&driver.Error{Err: context.DeadlineExceeded}), "the driver knows better")
}
