package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Pauses after a refusal of credentials that have worked before.
const (
	firstPause = time.Minute
	maxPause   = 30 * time.Minute
)

// The two sides of a change are not changed at the same moment: after a refusal of a
// password that worked, its source is asked for another one for a while.
const (
	changeTime = 10 * time.Second
	firstLook  = 20 * time.Millisecond
	maxLook    = time.Second
)

// maxRefused is how many refused passwords are remembered.
const maxRefused = 8

// verdict is the result of an attempt to sign in.
type verdict int

const (
	undecided verdict = iota // the connection broke, or something else answered
	accepted
	refused
)

// lockout prevents wrong passwords from being tried until the account is locked.
// Before one is accepted, and after it was refused, attempts are made one at a time.
// Another password, which the source of the credentials returns from some time on, is
// tried once; until it is accepted, the old one goes on being used if it still works,
// because the two sides do not change at the same moment.
type lockout struct {
	changing bool // the source may return another password

	mu       sync.Mutex
	change   time.Time     // until then, another one is waited for
	worked   bool          // some password was accepted
	good     func() string // the one last accepted; nil if it was refused since. A function, because fmt prints strings
	bad      []refusedPassword
	refusals int           // in a row
	trying   chan struct{} // closed when the attempt in progress ends
}

type refusedPassword struct {
	password func() string
	err      *AuthError
	until    time.Time // no attempt before then, if any password worked before
}

// attempt is one attempt to sign in.
type attempt struct {
	of       *lockout
	password func() string
	alone    chan struct{} // of an attempt while no other may be made
	once     sync.Once
}

// begin waits until an attempt may be made with the password that the source returns,
// or with the one that works. It returns an error if none may be. end must be called
// with the result.
func (l *lockout) begin(ctx context.Context, source func(context.Context) (string, error)) (*attempt, error) {
	for {
		password, err := source(ctx)
		if err != nil {
			return nil, &sourceError{err}
		}
		a, wait, err := l.try(password)
		if err != nil && l.another(ctx, source) {
			continue
		}
		if wait == nil {
			return a, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// try returns an attempt, or what to wait for.
func (l *lockout) try(password string) (a *attempt, wait chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.blocked(password); b != nil {
		if l.good == nil || l.good() == password {
			return nil, nil, b.err.unsent(l.message(b))
		}
		password = l.good()
	}
	a = &attempt{of: l, password: func() string { return password }}
	if l.good != nil && l.good() == password {
		return a, nil, nil
	}
	if l.trying != nil {
		return nil, l.trying, nil
	}
	a.alone = make(chan struct{})
	l.trying = a.alone
	return a, nil, nil
}

// another reports whether, after a refusal, an attempt may be made with the password
// that the source returns, now or shortly, or with the one that works.
func (l *lockout) another(ctx context.Context, source func(context.Context) (string, error)) bool {
	for wait := firstLook; ; wait = min(2*wait, maxLook) {
		password, err := source(ctx)
		l.mu.Lock()
		ok := err == nil && (l.good != nil || l.blocked(password) == nil)
		left := time.Until(l.change)
		l.mu.Unlock()
		if ok || left <= 0 {
			return ok
		}
		timer := time.NewTimer(min(wait, left))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// proved reports whether a password from the source has worked. If none has, another
// one is a guess, and the caller is not told to go on.
func (l *lockout) proved() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.worked
}

// blocked returns the refusal because of which a password must not be tried now.
func (l *lockout) blocked(password string) *refusedPassword {
	i := l.refusedAt(password)
	if i < 0 || l.worked && !time.Now().Before(l.bad[i].until) {
		return nil
	}
	return &l.bad[i]
}

func (l *lockout) refusedAt(password string) int {
	return slices.IndexFunc(l.bad, func(r refusedPassword) bool { return r.password() == password })
}

// end records the result of an attempt, once; err goes with refused.
func (a *attempt) end(v verdict, err *AuthError) {
	a.once.Do(func() {
		l := a.of
		l.mu.Lock()
		defer l.mu.Unlock()
		switch v {
		case accepted:
			l.accept(a)
		case refused:
			l.refuse(a.password, err)
		}
		if a.alone != nil {
			l.trying = nil
			close(a.alone)
		}
	})
}

func (l *lockout) accept(a *attempt) {
	if i := l.refusedAt(a.password()); i >= 0 {
		l.bad = slices.Delete(l.bad, i, i+1)
	}
	if a.alone != nil || l.good == nil { // else it may have been sent before the change
		l.good = a.password
	}
	l.worked, l.refusals = true, 0
}

func (l *lockout) refuse(password func() string, err *AuthError) {
	if l.good != nil && l.good() == password() {
		// The server has changed its mind, so what it refused before may be right now.
		l.good, l.bad = nil, nil
		if l.changing {
			l.change = time.Now().Add(changeTime)
		}
	}
	if i := l.refusedAt(password()); i >= 0 {
		l.bad = slices.Delete(l.bad, i, i+1)
	} else if len(l.bad) == maxRefused {
		l.bad = slices.Delete(l.bad, 0, 1)
	}
	pause := min(firstPause<<min(l.refusals, 10), maxPause)
	l.bad = append(l.bad, refusedPassword{password, err, time.Now().Add(pause)})
	l.refusals++
}

func (l *lockout) message(r *refusedPassword) string {
	if l.worked {
		return "the server refused the credentials a moment ago, although they had worked before; not tried again until " +
			r.until.Format(time.TimeOnly) + ", so that the account is not locked: " + r.err.Message
	}
	return "the server refused the credentials before; not tried again, so that the account is not locked: " + r.err.Message
}

// sourceError reports that the source of the credentials failed.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

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
