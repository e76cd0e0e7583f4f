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
	addNumber(flags, &p.concurrency, "concurrency", 8, 1, 64, "`NUMBER` of targets processed at once on each server, and of calls that one budget of the server may have in flight; Exchange 2013 and later allow 27")
	addNumber(flags, &p.workers, "workers", 8, 1, 64, "`NUMBER` of targets processed at once on each server; as -concurrency, but the calls in flight stay at 8")
	addNumber(flags, &p.maxFailures, "max-failures", 20, 0, 1_000_000, "`NUMBER` of targets that may fail in a row on a server before no more are tried there; 0 for all")
}

// check refuses flags that contradict each other.
func (p *paceFlags) check() error {
	if len(given(p.flags, "concurrency", "workers")) > 1 {
		return usagef("-concurrency and -workers are both given; leave out -workers")
	}
	return nil
}

// atOnce is how many targets are processed at once on each server.
func (p *paceFlags) atOnce() int {
	if len(given(p.flags, "workers")) > 0 {
		return p.workers
	}
	return p.concurrency
}

// perPayer is how many calls one budget may have in flight; 0: as usual.
func (p *paceFlags) perPayer() int {
	if len(given(p.flags, "concurrency")) > 0 {
		return p.concurrency
	}
	return 0
}
