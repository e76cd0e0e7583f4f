package main

import (
	"context"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// idle knows how long a run has made no request to any server: it is then not a server that
// the run is waiting for. It is a hook for calls; its methods may be called concurrently.
type idle struct {
	mu     sync.Mutex
	flying int
	ended  time.Time // of the last call; zero: there was none
}

// TraceCallStart counts a call, even while it is waiting for its turn.
func (i *idle) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.flying++
	return ctx
}

// TraceCallEnd counts a call that has ended.
func (i *idle) TraceCallEnd(context.Context, ews.CallEnd) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.flying--
	i.ended = time.Now()
}

// since returns how long there has been no call. It is 0 if a call is in progress, or if there
// has never been one.
func (i *idle) since(now time.Time) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.flying > 0 || i.ended.IsZero() {
		return 0
	}
	return max(0, now.Sub(i.ended))
}
