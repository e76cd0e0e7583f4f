// Package quarantinetest is the conformance suite for strategies: it checks
// whether a [driver.Strategy] keeps its contract, so that nothing is lost or
// duplicated when a [quarantine.Service] uses it.
//
// Pass [Run] a function that makes a [Lab], an empty organisation with two
// mailboxes:
//
//	func TestStrategy(t *testing.T) {
//		quarantinetest.Run(t, func(t *testing.T) quarantinetest.Lab { return newLab(t) })
//	}
//
// The suite first checks each method, then has a Service quarantine and
// restore. Finally it interrupts the Service before and after every single call
// to the strategy, runs it again, and counts: there must be exactly one whole
// copy, in the right place.
//
// For the tests of a product that needs no mail system at all, [Alert], [Receipt] and
// [Failed] make targets, and what became of them.
package quarantinetest
