// Package quarantinetest is the conformance suite for strategies: it tells
// whether a [driver.Strategy] keeps its contract, and so whether nothing is
// lost or doubled when a [quarantine.Service] works by it.
//
// Give [Run] a function that makes a [Lab], an empty organisation with two
// mailboxes:
//
//	func TestStrategy(t *testing.T) {
//		quarantinetest.Run(t, func(t *testing.T) quarantinetest.Lab { return newLab(t) })
//	}
//
// The suite first checks each method, then lets a Service quarantine and
// restore, and at last breaks it off before and after every single call to the
// strategy, runs it again, and counts: exactly one whole copy, in the right
// place.
package quarantinetest
