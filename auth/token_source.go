package auth

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// expiryMargin is how long before its expiry a token is no longer used.
	expiryMargin = time.Minute
	// tokenTimeout bounds one token request.
	tokenTimeout = time.Minute
	// refusalPause is how long the authority is left alone after it refused a
	// token, and failurePause how long after it could not be reached.
	refusalPause = time.Minute
	failurePause = 5 * time.Second
)

var errNoReplacement = errors.New("a new token was refused a moment ago")

// token is an access token and its times.
type token struct {
	value     string
	expires   time.Time
	refreshOn time.Time // from then on, a new one is fetched in advance
	claims    string    // that it was requested with
}

// tokenSource keeps one token and lets one request for a new one run at a time.
type tokenSource struct {
	// fetch asks the authority. claims come from a claims challenge and are
	// usually empty. pause is how long to wait after an error.
	fetch func(ctx context.Context, claims string) (t token, pause time.Duration, err error)

	// renewed reports whether the certificate has changed since the last refusal.
	// It may be slow. nil means never.
	renewed func(ctx context.Context) bool

	mu      sync.Mutex
	current token
	running *tokenFetch
	failure error     // of the last request, nil if it succeeded
	resume  time.Time // no request before then, after a failure
	keep    time.Time // no replacement before then, because one did not help
	look    time.Time // no search for another certificate before then
}

// tokenFetch is a token request that several callers can wait for.
type tokenFetch struct {
	done   chan struct{}
	claims string
	token  token
	err    error
}

// get returns a token that can be used now. Callers that arrive while a new one
// is being fetched wait for it, unless the old one is still good for a while.
func (s *tokenSource) get(ctx context.Context) (string, error) {
	s.reconsider(ctx)
	s.mu.Lock()
	now := time.Now()
	if s.current.value != "" && now.Before(s.current.expires.Add(-expiryMargin)) {
		if !now.Before(s.current.refreshOn) && s.running == nil && !now.Before(s.resume) {
			s.start(ctx, "")
		}
		value := s.current.value
		s.mu.Unlock()
		return value, nil
	}
	f, err := s.join(ctx, "", now)
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	return f.wait(ctx)
}

// lookPause is the least time between searches for another certificate during a pause.
const lookPause = time.Second

// reconsider ends the pause after a refusal if there is another certificate by now.
func (s *tokenSource) reconsider(ctx context.Context) {
	s.mu.Lock()
	now := time.Now()
	failure, ok := errors.AsType[*AuthError](s.failure)
	look := s.renewed != nil && ok && failure.Refused && now.Before(s.resume) && !now.Before(s.look)
	if look {
		s.look = now.Add(lookPause)
	}
	s.mu.Unlock()
	if look && s.renewed(ctx) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.resume = time.Time{}
	}
}

// replace returns a token other than the refused one, with the claims that the
// server asked for, if any. If many callers have the same token refused, only
// one request is made. It returns errNoReplacement if a new token has just been
// refused as well.
func (s *tokenSource) replace(ctx context.Context, refused, claims string) (string, error) {
	s.reconsider(ctx)
	s.mu.Lock()
	now := time.Now()
	if t := s.current; t.value != refused && t.value != "" && (claims == "" || t.claims == claims) {
		s.mu.Unlock()
		return t.value, nil
	}
	if now.Before(s.keep) {
		s.mu.Unlock()
		return "", errNoReplacement
	}
	if s.current.value == refused {
		s.current = token{}
	}
	f, err := s.join(ctx, claims, now)
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	return f.wait(ctx)
}

// unhelpful records that a replacement was refused as well.
func (s *tokenSource) unhelpful() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = time.Now().Add(refusalPause)
}

// join returns the request in progress, or starts one. It is called with mu
// held.
func (s *tokenSource) join(ctx context.Context, claims string, now time.Time) (*tokenFetch, error) {
	if f := s.running; f != nil && (claims == "" || f.claims == claims) {
		return f, nil
	}
	if s.failure != nil && now.Before(s.resume) {
		return nil, s.failure
	}
	return s.start(ctx, claims), nil
}

// start starts a token request, which continues even if its first caller gives
// up. It is called with mu held.
func (s *tokenSource) start(ctx context.Context, claims string) *tokenFetch {
	f := &tokenFetch{done: make(chan struct{}), claims: claims}
	s.running = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
	go func() {
		defer cancel()
		t, pause, err := s.fetch(ctx, claims)
		t.claims = claims
		s.mu.Lock()
		defer s.mu.Unlock()
		f.token, f.err = t, err
		s.failure = err
		if err == nil {
			s.current = t
		} else {
			s.resume = time.Now().Add(pause)
		}
		if s.running == f {
			s.running = nil
		}
		close(f.done)
	}()
	return f
}

func (f *tokenFetch) wait(ctx context.Context) (string, error) {
	select {
	case <-f.done:
		return f.token.value, f.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
