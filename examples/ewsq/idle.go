package main

import (
	"context"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// idle knows how long a run has asked nothing of any server: what it then waits for is its
// own. It is a hook of calls; its methods may be called concurrently.
type idle struct {
	mu     sync.Mutex
	flying int
	ended  time.Time // the last call; zero: there was none
}

// TraceCallStart counts a call, also while it waits for its turn.
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

// since returns how long there has been no call, or 0 if there is one or has been none.
func (i *idle) since(now time.Time) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.flying > 0 || i.ended.IsZero() {
		return 0
	}
	return max(0, now.Sub(i.ended))
}
