package main

import (
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// paceFlags say how fast a run may be, and when it gives up on a server.
type paceFlags struct {
	flags                *flag.FlagSet
	concurrency, workers int
	maxFailures          int
}

// add adds the flags. The limiter takes care not to overload the server.
func (p *paceFlags) add(flags *flag.FlagSet) {
	p.flags = flags
	addNumber(flags, &p.concurrency, "concurrency", 8, 1, 64, "`NUMBER` of calls in flight for one budget of the server, of which Exchange 2013 and later allow 27; each server has three times as many targets in progress, because calls wait for each other to share requests")
	addNumber(flags, &p.workers, "workers", 8, 1, 64, "`NUMBER` of targets processed concurrently on each server, without changing the number of calls in flight")
	addNumber(flags, &p.maxFailures, "max-failures", 20, 0, 1_000_000, "`NUMBER` of targets in a row that may fail on a server before no more are tried there, or 0 to try all")
}

// check refuses flags that contradict each other.
func (p *paceFlags) check() error {
	if len(given(p.flags, "concurrency", "workers")) > 1 {
		return usagef("-concurrency and -workers are both given; leave out -workers")
	}
	return nil
}

// atOnce returns how many targets are processed concurrently on each of some servers. There
// are more targets than calls, because those that wait to share a request use no call.
func (p *paceFlags) atOnce(among []exchange.Config) int {
	if len(given(p.flags, "workers")) > 0 {
		return p.workers
	}
	calls := p.concurrency
	if p.perPayer() == 0 {
		for _, c := range among {
			calls = max(calls, c.Throttling.Concurrency)
		}
	}
	return 3 * calls
}

// perPayer returns how many calls one budget may have in flight; 0 means the default.
func (p *paceFlags) perPayer() int {
	if len(given(p.flags, "concurrency")) > 0 {
		return p.concurrency
	}
	return 0
}
