package reported_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// endless is a mailbox that always has more but returns nothing, with a new state each
// time.
type endless struct {
	driver.Mailbox
	driver.Watchable
	asked *atomic.Int64
}

func (e endless) Arrivals(context.Context, driver.Folder, string) (driver.Arrivals, error) {
	return driver.Arrivals{State: fmt.Sprint("state ", e.asked.Add(1)), More: true}, nil
}

// A folder whose changes never end soon causes an error, instead of a silent watch.
func TestChangesWithoutAnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		box := w.process().mailbox(false)
		watched, ok := driver.As[driver.Watchable](box)
		require.True(t, ok)
		asked := new(atomic.Int64)
		watcher, err := reported.New(endless{box, watched, asked}, &reported.Options{MarkOnly: true})
		require.NoError(t, err)
		got, errs := collect(t.Context(), watcher, time.Second)
		assert.Empty(t, got)
		require.NotEmpty(t, errs)
		assert.ErrorContains(t, errs[0], "gives nothing")
		assert.Less(t, asked.Load(), int64(2_500))
	})
}
