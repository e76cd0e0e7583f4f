package quarantine

import (
	"context"
	"fmt"
	"sync"
)

// settlement is a recovery in progress: several intents are settled at a time.
type settlement struct {
	emit   func(*Receipt, error)
	places chan struct{} // one for each that may be in progress
	all    crew

	mu  sync.Mutex
	err error // what ends the recovery: of the journal, or of the context
}

// begin settles an intent when there is a place. It reports false if the recovery has
// ended, and nothing was begun. A panic cuts short only the intent that it is about, of
// which a receipt says so.
func (r *settlement) begin(ctx context.Context, settle func() (*Receipt, error), cutShort func() *Receipt) bool {
	select {
	case r.places <- struct{}{}:
	case <-ctx.Done():
	}
	if ctx.Err() != nil || r.failure() != nil {
		return false
	}
	r.all.Go(func() {
		defer func() { <-r.places }()
		panicking := true
		defer func() {
			if panicking {
				r.emit(cutShort(), nil)
			}
		}()
		receipt, err := settle()
		panicking = false
		if receipt != nil {
			r.emit(receipt, nil)
		}
		if err != nil && !gaveUp(ctx, err) { // the journal has a fault
			err = fmt.Errorf("journal: %w", err)
		}
		r.fail(err)
	})
	return true
}

// end waits for what is in progress, whose receipts are true whatever has failed, and says
// what has ended the recovery before all was settled. It reports whether something has.
func (r *settlement) end(ctx context.Context) bool {
	r.all.Wait()
	if ctx.Err() != nil {
		r.fail(context.Cause(ctx))
	}
	err := r.failure()
	if err != nil {
		r.emit(nil, err)
	}
	return err != nil
}

func (r *settlement) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *settlement) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
