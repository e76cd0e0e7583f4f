package ews

import (
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
)

// timed reports to the limiter how long connections take to establish, if the call needs
// one: the network's part of the time of a call. Several addresses may be tried
// concurrently.
func timed(t *httptrace.ClientTrace, call *callinfo.Call) *httptrace.ClientTrace {
	var mu sync.Mutex
	var began map[string]time.Time // by address
	done := t.ConnectDone
	t.ConnectStart = func(_, address string) {
		mu.Lock()
		defer mu.Unlock()
		if began == nil {
			began = make(map[string]time.Time)
		}
		began[address] = time.Now()
	}
	t.ConnectDone = func(network, address string, err error) {
		done(network, address, err)
		mu.Lock()
		defer mu.Unlock()
		if at, ok := began[address]; ok && err == nil {
			call.SetRoundTrip(time.Since(at))
		}
	}
	return t
}
