package auth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Pauses after a refusal of credentials that have worked before.
const (
	firstPause = time.Minute
	maxPause   = 30 * time.Minute
)

// A password does not change on both sides at the same moment: after a refusal of a
// password that worked, its source is asked for another one for a while.
const (
	changeTime = 10 * time.Second
	firstLook  = 20 * time.Millisecond
	maxLook    = time.Second
)

// maxRefused is how many refused passwords are remembered.
const maxRefused = 8

// An attempt with a password that has not worked yet may stall, and no other may be made
// in the meantime. After patience, requests go ahead with the password that works; if none
// does, they wait for at most maxWait.
const (
	patience = 10 * time.Second
	maxWait  = time.Minute
)

// verdict is the result of an attempt to sign in.
type verdict int

const (
	undecided verdict = iota // the connection broke, or something other than the server answered
	accepted
	refused
)

// lockout prevents wrong passwords from being tried until the account is locked.
// Before a password is accepted, and after it was refused, attempts are made one at a time.
// When the source of the credentials begins to return another password, that is
// tried once; until it is accepted, the old one continues to be used if it still works,
// because the two sides do not change at the same moment. A late response says nothing
// about a password that was refused, or replaced, since the request was sent.
type lockout struct {
	changing bool // the source may return another password

	mu       sync.Mutex
	change   time.Time     // until then, wait for another password
	worked   bool          // some password was accepted
	good     func() string // the one last accepted; nil if refused since. A function, because fmt prints strings
	bad      []refusedPassword
	term     int           // of good: increases each time that changes
	refusals int           // in a row
	trying   chan struct{} // closed when the attempt in progress ends
	since    time.Time     // when that attempt began
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
	alone    chan struct{} // set if no other attempt may be made meanwhile
	term     int           // otherwise: the term of lockout.good
	once     sync.Once
}

// begin waits until an attempt may be made with the password that the source returns,
// or with the one that works. It returns an error if no attempt may be made. end must be
// called with the result.
func (l *lockout) begin(ctx context.Context, source func(context.Context) (string, error)) (*attempt, error) {
	latest := time.Now().Add(maxWait)
	for {
		password, err := source(ctx)
		if err != nil {
			return nil, &sourceError{err}
		}
		a, turn, err := l.try(password)
		if err != nil && l.another(ctx, source) {
			continue
		}
		if turn == nil {
			return a, err
		}
		if !time.Now().Before(latest) {
			return nil, errSigningIn
		}
		if turn.until.IsZero() || turn.until.After(latest) {
			turn.until = latest
		}
		timer := time.NewTimer(time.Until(turn.until))
		select {
		case <-turn.over:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
		timer.Stop()
	}
}

// turn is what an attempt has to wait for.
type turn struct {
	over  <-chan struct{} // closed when the attempt in progress ends
	until time.Time       // when the password that works is used instead; zero if none does
}

// try returns an attempt, or what to wait for.
func (l *lockout) try(password string) (*attempt, *turn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.blocked(password); b != nil {
		if l.good == nil || l.good() == password {
			return nil, nil, b.err.unsent(l.message(b))
		}
		password = l.good()
	}
	switch {
	case l.good != nil && l.good() == password:
		return l.proven(), nil, nil
	case l.trying == nil:
		a := &attempt{of: l, password: func() string { return password }, alone: make(chan struct{})}
		l.trying, l.since = a.alone, time.Now()
		return a, nil, nil
	case l.good == nil:
		return nil, &turn{over: l.trying}, nil
	case time.Since(l.since) >= patience:
		return l.proven(), nil, nil
	}
	return nil, &turn{l.trying, l.since.Add(patience)}, nil
}

// proven returns an attempt with the password that works.
func (l *lockout) proven() *attempt { return &attempt{of: l, password: l.good, term: l.term} }

// another reports whether, after a refusal, an attempt may be made with the password
// that the source returns now or shortly, or with the one that works.
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
// one is a guess, and the caller is not told to try again.
func (l *lockout) proved() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.worked
}

// blocked returns the refusal because of which a password must not be tried now, or nil.
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
	if a.alone == nil {
		if !a.stands() {
			return // it may have been sent before the password changed
		}
	} else {
		if i := l.refusedAt(a.password()); i >= 0 {
			l.bad = slices.Delete(l.bad, i, i+1)
		}
		l.good = a.password
		l.term++
	}
	l.worked, l.refusals = true, 0
}

// outdated reports whether the password of an attempt has been refused or replaced since
// it began.
func (a *attempt) outdated() bool {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	return !a.stands()
}

// stands is the opposite of outdated. It is called with mu held.
func (a *attempt) stands() bool { return a.alone != nil || a.of.good != nil && a.of.term == a.term }

func (l *lockout) refuse(password func() string, err *AuthError) {
	if l.good != nil && l.good() == password() {
		// The server has changed its mind, so what it refused before may be right now.
		l.good, l.bad = nil, nil
		l.term++
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

// errSigningIn reports that an attempt would have to wait for too long.
var errSigningIn = errors.New("a sign-in is under way")

// sourceError reports that the source of the credentials failed.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// judge returns what a response's status reveals about the credentials sent with
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
