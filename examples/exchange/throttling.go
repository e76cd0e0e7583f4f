package main

import (
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// latencies is the value of -latency, as ewstest.ParseLatencies reads it.
type latencies struct {
	text string
	all  time.Duration
	of   map[ews.Operation]time.Duration
}

// String returns the value as it was given.
func (l *latencies) String() string { return l.text }

// Set reads the value.
func (l *latencies) Set(text string) error {
	all, of, err := ewstest.ParseLatencies(text)
	if err != nil {
		return err
	}
	*l = latencies{text, all, of}
	return nil
}

// policy is the value of -throttling, as ewstest.ParseThrottling reads it.
type policy string

// String returns the value as it was given.
func (p *policy) String() string { return string(*p) }

// Set checks the value. It is parsed once the version of the server is known.
func (p *policy) Set(text string) error {
	*p = policy(text)
	_, err := ewstest.ParseThrottling(text, 0)
	return err
}

// of returns the policy for a version, or nil if the flag was not given.
func (p policy) of(v ewstest.Version) *ewstest.Throttling {
	if p == "" {
		return nil
	}
	throttling, _ := ewstest.ParseThrottling(string(p), v) // checked by Set
	return throttling
}

// spent returns lines about the payers with the highest costs, or none if nothing was charged.
func spent(srv *ewstest.Server) []string {
	var lines []string
	for i, s := range srv.Spendings() {
		switch {
		case s.Charged == 0:
			return lines
		case i == 10:
			return append(lines, fmt.Sprintf("and %d more payers", len(srv.Spendings())-i))
		}
		who := s.Payer
		if s.Impersonated {
			who += ", impersonated"
		}
		lines = append(lines, fmt.Sprintf("%s: %d calls took %v, and %v of delays; %d calls and %d items were answered ErrorServerBusy, %d calls ErrorExceededConnectionCount, %d items not in time; %d in flight at most; balance %v",
			who, s.Calls, s.Charged.Round(time.Millisecond), s.Delayed.Round(time.Millisecond), s.Busy, s.BusyItems, s.TooMany, s.LateItems, s.MostRunning, s.Balance.Round(time.Millisecond)))
	}
	return lines
}
