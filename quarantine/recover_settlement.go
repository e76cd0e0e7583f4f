package quarantine

import (
	"context"
	"fmt"
	"sync"
)

// settlement is a recovery in progress, in which several intents are settled
// concurrently.
type settlement struct {
	emit   func(*Receipt, error)
	places chan struct{} // one for each intent that may be in progress
	all    crew

	mu  sync.Mutex
	err error // what ends the recovery, from the journal or the context
}

// begin settles an intent once there is a place. It returns false if the recovery has
// ended and nothing was begun. A panic cuts short only the intent concerned, whose
// receipt says so.
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
		if err != nil && !gaveUp(ctx, err) { // the journal is at fault
			err = fmt.Errorf("journal: %w", err)
		}
		r.fail(err)
	})
	return true
}

// end waits for the settlements in progress, whose receipts are true whatever else has
// failed, and emits the error that ended the recovery before everything was settled. It
// reports whether there was one.
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
