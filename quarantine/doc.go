// Package quarantine moves malicious messages out of the mailboxes they were
// delivered to, and can put them back.
//
// A [Service] finds every copy of a message in a mailbox, moves each to the
// quarantine mailbox, proves that it arrived, and returns a [Receipt]. The
// receipt is enough to undo everything, and so is the item in quarantine:
//
//	service, err := exchange.OpenFile("exchange.json", nil)
//	...
//	receipt, err := service.Quarantine(ctx, quarantine.Target{
//		Mailbox:   "alice@example.com",
//		MessageID: "<1@evil.example>",
//		Reason:    "phishing",
//	})
//	...
//	restored, err := service.Restore(ctx, receipt)
//
// A [Router] does the same for several servers: it finds out which one has a
// mailbox. A [Journal] lets [Service.Recover] finish what a crash interrupted.
//
// # Packages
//
// This package is what a product calls. It knows no mail system: a driver does
// the work in the mailboxes. The other packages are below it:
//
//   - exchange makes a Service or a Router for Exchange from a configuration:
//     exchange.Open, exchange.OpenFile and exchange.OpenRouter
//   - ewsmail is the driver for Exchange
//   - boltjournal is a Journal in a file
//   - driver is the contract between this package and a driver; a custom
//     driver.Strategy is passed to [New]
//   - quarantinetest checks whether a driver keeps the contract
//
// # Why nothing is lost or duplicated
//
// Each copy of a message in a mailbox is an item. Before it is touched, an
// [Intent] is written to the journal, and the item gets a [driver.Stamp]: named
// properties that record which operation it belongs to, where it came from and
// what undo needs. The stamp travels with the item, so a copy can be recognised
// at either end without its id.
//
// Then the item is carried to the other mailbox, and the copy there is found by
// its stamp, read back and proved against the original. Only then is the
// original removed. After a failure, the next step is never guessed: the
// service looks for the stamp at both ends and continues from what it finds.
//
//	source end   destination end   next step
//	one          none              carry it
//	one          one               prove the copy, remove the original
//	none         one               prove the copy: done
//	none         none              it is gone: someone else took it
//
// The same table covers a first run, a repeated run, two runs at once and
// recovery after a crash; a restore is the same with the ends swapped. The
// stamp records the direction: a copy left behind by an interrupted run in the
// other direction is removed only after a new copy has been proved.
package quarantine
