package fleet_test

import "github.com/ewsquarantine/ewsquarantine/quarantine/exchange"

// limitTotal allows n messages to match criteria, over all mailboxes.
func limitTotal(n int) func(*exchange.Config) {
	return func(c *exchange.Config) { c.SearchLimits.Total = n }
}
