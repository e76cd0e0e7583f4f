package main

import (
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

// Set checks the value, which is read when the version of the server is known.
func (p *policy) Set(text string) error {
	*p = policy(text)
	_, err := ewstest.ParseThrottling(text, 0)
	return err
}

// of returns the policy for a version, nil if there is none.
func (p policy) of(v ewstest.Version) *ewstest.Throttling {
	if p == "" {
		return nil
	}
	throttling, _ := ewstest.ParseThrottling(string(p), v) // checked by Set
	return throttling
}
