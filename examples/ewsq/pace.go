package main

import "flag"

// paceFlags say how fast a run may be, and when it gives a server up.
type paceFlags struct {
	flags                *flag.FlagSet
	concurrency, workers int
	maxFailures          int
}

// add adds the flags. What is too much for the server is the limiter's concern.
func (p *paceFlags) add(flags *flag.FlagSet) {
	p.flags = flags
	addNumber(flags, &p.concurrency, "concurrency", 8, 1, 64, "`NUMBER` of calls that one budget of the server may have in flight, with half as many again of targets in work on each server, for calls wait for each other to share requests; Exchange 2013 and later allow 27")
	addNumber(flags, &p.workers, "workers", 8, 1, 64, "`NUMBER` of targets processed at once on each server; the calls in flight stay as they are")
	addNumber(flags, &p.maxFailures, "max-failures", 20, 0, 1_000_000, "`NUMBER` of targets that may fail in a row on a server before no more are tried there; 0 for all")
}

// check refuses flags that contradict each other.
func (p *paceFlags) check() error {
	if len(given(p.flags, "concurrency", "workers")) > 1 {
		return usagef("-concurrency and -workers are both given; leave out -workers")
	}
	return nil
}

// atOnce is how many targets are processed at once on each server: more than calls, because
// those that wait to share a request use none.
func (p *paceFlags) atOnce() int {
	if len(given(p.flags, "workers")) > 0 {
		return p.workers
	}
	return p.concurrency + p.concurrency/2
}

// perPayer is how many calls one budget may have in flight; 0: as usual.
func (p *paceFlags) perPayer() int {
	if len(given(p.flags, "concurrency")) > 0 {
		return p.concurrency
	}
	return 0
}
