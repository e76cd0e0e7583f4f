package passage

import (
	"context"
	"time"
)

const (
	// afterwards is how long cleaning up may continue once the caller's context
	// has ended: callers rely on their deadlines.
	afterwards = 5 * time.Second
	// cleaning bounds cleaning up while that context has not ended.
	cleaning = time.Minute
)

// outlive returns a context for cleaning up, which happens even if ctx has ended.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(afterwards, cancel) })
	return lasting, func() {
		stop()
		cancel()
	}
}
