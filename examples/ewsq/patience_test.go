package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestConcurrencyFlagBeforeConfiguration: the flag takes precedence over the configuration.
func TestConcurrencyFlagBeforeConfiguration(t *testing.T) {
	t.Parallel()
	c := exchange.Config{Name: "Lab", Throttling: exchange.Throttling{Concurrency: 3, EwsMaxBurst: 600_000}}
	newPatience(0).limiter(&c)
	assert.Equal(t, exchange.Throttling{Concurrency: 3, EwsMaxBurst: 600_000}, c.Throttling)
	l := newPatience(5).limiter(&c)
	assert.Equal(t, exchange.Throttling{Concurrency: 5, EwsMaxBurst: 600_000}, c.Throttling)
	assert.Equal(t, 5, l.State("anyone").Limit)
}
