// Package quarantinetest is the conformance suite for strategies and journals: it checks
// that a [driver.Strategy] or a [quarantine.Journal] keeps its contract, so that nothing
// is lost or duplicated when a [quarantine.Service] uses it.
//
// # Strategies
//
// Pass [Run] a function that makes a [Lab], an empty organisation with two
// mailboxes:
//
//	func TestStrategy(t *testing.T) {
//		quarantinetest.Run(t, func(t *testing.T) quarantinetest.Lab { return newLab(t) })
//	}
//
// [RunInVirtualTime] does the same without waiting, for labs without sockets.
//
// The suite first checks each method, then has a Service quarantine and
// restore. Finally it interrupts the Service before and after every single call
// to the strategy, runs it again, and counts: there must be exactly one whole
// copy, in the right place.
//
// # Journals
//
// Pass [RunJournal] a function that makes an empty [JournalStore]:
//
//	func TestJournal(t *testing.T) {
//		quarantinetest.RunJournal(t, func(t *testing.T) quarantinetest.JournalStore {
//			dsn := newDatabase(t)
//			return quarantinetest.JournalStore{
//				Open:     func(t testing.TB) quarantine.Journal { return open(t, dsn) },
//				OwnClock: true, // that of the database
//			}
//		})
//	}
//
// # Tests of a product
//
// For tests of a product that need no mail system at all, [Alert], [Receipt] and [Failed]
// make targets and their results.
package quarantinetest
