package main

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// patience knows whether the run is waiting for a server that asked for a pause.
// Its methods may be called concurrently.
type patience struct {
	perPayer int                          // calls in flight for one budget; 0: the default
	limiters map[string]*throttle.Limiter // by host

	mu    sync.Mutex
	parks map[parked]string // the server that asked
}

// parked is a payer that may not call a server for a while: the service account or,
// with impersonation, one mailbox.
type parked struct {
	limiter *throttle.Limiter
	payer   string
}

func newPatience(perPayer int) *patience {
	return &patience{perPayer: perPayer, limiters: make(map[string]*throttle.Limiter), parks: make(map[parked]string)}
}

// limiter returns the limiter for a configuration, and adapts the configuration to the flags.
// Configurations for the same host share the limiter.
func (p *patience) limiter(c *exchange.Config) *throttle.Limiter {
	opts, address := c.ThrottleOptions(), c.EWSURL
	switch {
	case c.API == exchange.APIGraph:
		address = c.WithDefaults().GraphURL
		if p.perPayer > 0 {
			opts.PerPayer = min(opts.PerPayer, p.perPayer) // Graph refuses more
		}
	case p.perPayer > 0:
		opts.PerPayer, c.Throttling.Concurrency = p.perPayer, p.perPayer // the flag takes precedence
	}
	host := c.Name
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		host = strings.ToLower(u.Host)
	}
	if l := p.limiters[host]; l != nil {
		return l
	}
	var l *throttle.Limiter
	opts.OnPark = func(park throttle.ParkEvent) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.parks[parked{l, park.Payer}] = c.Name
	}
	l, err := throttle.New(&opts)
	if err != nil {
		panic(err) // no option here can be invalid
	}
	p.limiters[host] = l
	return l
}

// wait is a server that the run is waiting for.
type wait struct {
	server string
	until  time.Time
}

// waiting returns the server that the run will wait for longest, or the zero value if it is
// not waiting.
func (p *patience) waiting(now time.Time) wait {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest wait
	for who, server := range p.parks {
		switch state := who.limiter.State(who.payer); {
		case !state.ParkedUntil.After(now):
			delete(p.parks, who)
		case state.Waiting > 0 && state.ParkedUntil.After(longest.until):
			longest = wait{server, state.ParkedUntil}
		}
	}
	return longest
}
