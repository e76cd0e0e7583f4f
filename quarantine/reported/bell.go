package reported

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// listen rings the bell whenever the mail system does, until ctx ends.
func (r *run) listen(ctx context.Context, folder driver.Folder) {
	belled, ok := driver.As[driver.Belled](r.w.mailbox)
	if !ok {
		return
	}
	for fails := 0; ctx.Err() == nil; {
		began := time.Now()
		err := belled.Listen(ctx, folder, r.ring)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errors.ErrUnsupported):
			r.w.opts.Logger.Info("report watch without a bell", "interval", r.w.opts.Interval)
			return
		case err == nil:
			fails = 0
		default:
			if time.Since(began) > r.w.opts.Interval {
				fails = 0 // it worked until now
			}
			if fails++; fails > 1 { // one break is nothing unusual
				r.trouble(fmt.Errorf("reported: new reports are seen later, by looking every %v, because the mail system does not tell: %w", r.w.opts.Interval, err))
			}
		}
		select {
		case <-time.After(min(r.w.opts.Interval, time.Second<<min(fails, 10))):
		case <-ctx.Done():
		}
	}
}
