package auth

import (
	"context"
	"sync"
	"time"
)

// Pauses after a refusal of credentials that have worked before.
const (
	firstPause = time.Minute
	maxPause   = 30 * time.Minute
)

// verdict is the result of an attempt to sign in.
type verdict int

const (
	undecided verdict = iota // the connection broke, or something else answered
	accepted
	refused
)

// lockout prevents wrong credentials from being tried until the account is
// locked. Before they are accepted, and after a refusal, attempts are made one at
// a time.
type lockout struct {
	mu       sync.Mutex
	worked   bool          // accepted at least once
	refusal  *AuthError    // the last refusal, nil after an acceptance
	refusals int           // in a row
	until    time.Time     // no attempt before then, if they worked once
	trying   chan struct{} // closed when the attempt in progress ends
}

// begin waits until an attempt may be made. It returns an error if none may be.
// end must be called with the result of the attempt; err goes with refused.
func (l *lockout) begin(ctx context.Context) (end func(v verdict, err *AuthError), err error) {
	for {
		l.mu.Lock()
		if l.refusal != nil && (!l.worked || time.Now().Before(l.until)) {
			e := l.refusal.unsent(l.message())
			l.mu.Unlock()
			return nil, e
		}
		if l.worked && l.refusal == nil {
			l.mu.Unlock()
			return l.end(nil), nil
		}
		wait := l.trying
		if wait == nil {
			mine := make(chan struct{})
			l.trying = mine
			l.mu.Unlock()
			return l.end(mine), nil
		}
		l.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (l *lockout) end(mine chan struct{}) func(verdict, *AuthError) {
	var once sync.Once
	return func(v verdict, err *AuthError) {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			switch v {
			case accepted:
				l.worked, l.refusal, l.refusals = true, nil, 0
			case refused:
				pause := min(firstPause<<min(l.refusals, 10), maxPause)
				l.refusal, l.until = err, time.Now().Add(pause)
				l.refusals++
			}
			if mine != nil {
				l.trying = nil
				close(mine)
			}
		})
	}
}

func (l *lockout) message() string {
	if l.worked {
		return "the server refused the credentials a moment ago, although they had worked before; not tried again until " +
			l.until.Format(time.TimeOnly) + ", so that the account is not locked: " + l.refusal.Message
	}
	return "the server refused the credentials before; not tried again, so that the account is not locked: " + l.refusal.Message
}

// judge returns what a response's status says about the credentials sent with
// the request. Gateways respond without asking the server.
func judge(status int) verdict {
	switch status {
	case 401:
		return refused
	case 407, 408, 429, 502, 503, 504:
		return undecided
	default:
		return accepted
	}
}
