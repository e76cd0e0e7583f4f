// Package quarantine moves malicious messages out of the mailboxes they were
// delivered to, and can put them back.
//
// A [Service] finds every copy of a message in a mailbox, moves each to the quarantine
// mailbox, proves that it arrived, and returns a [Receipt]. The receipt is enough to undo
// everything, and so is the item in quarantine. (With InPlace of [Options], the
// quarantine is a part of each mailbox.)
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
// A [Router] does the same for several servers: it finds out which one has a mailbox. It
// works on many targets concurrently ([Router.QuarantineAll], [Campaign], [Feed]), and
// works out what to take from groups and after forwards ([Router.Plan]). A [Journal] lets
// [Service.Recover] finish what a crash interrupted.
//
// # Packages
//
// This package is what a product calls. It is independent of any mail system: a
// driver does the work in the mailboxes. The other packages are below it:
//
//   - exchange makes a Service or a Router for Exchange from a configuration:
//     exchange.Open, exchange.OpenFile and exchange.OpenRouter
//   - ewsmail is the driver for Exchange over EWS, and graphmail for Exchange Online over
//     Microsoft Graph
//   - reported watches the mailbox where users report mail; understood, below it,
//     works out which messages they mean
//   - boltjournal is a Journal in a file
//   - driver is the contract between this package and a driver; a custom
//     driver.Strategy is passed to [New]
//   - quarantinetest checks whether a driver keeps the contract
//
// # Why nothing is lost or duplicated
//
// Each copy of a message in a mailbox is an item. To take it, the service writes an
// [Intent] to the journal, stamps the item, reads the stamp back, carries the item
// to the other mailbox, proves the copy there, removes the original, and reads back
// that it is gone and that the copy is there. A restore is the same with the ends
// swapped; as its last step, it takes the stamp off.
//
// Objects, not ids. A server gives an item another id whenever someone moves it, so
// two ids need not be two items, and a dead id proves nothing. The stamp
// ([driver.Stamp], named properties) travels with the item. It names the operation,
// which stays the same until the restore, and the attempt, which is new each time an
// item is sent. A copy is an item at the other end with the attempt of the original.
// If two are sighted there, both are read again before they count as two copies.
//
// A lease. The stamp also says until when the item may be on its way. Only the run
// that wrote the stamp, under the change key that the item was read with, and read
// it back may send the item; all others wait, or end undecided. Nothing is sent in
// the last three quarters of the lease, so once it has ended, nothing from the
// attempt can arrive any more: see WriteDoubt of [Options]. Whether a stamp can be
// trusted is decided by its seal, if there are StampKeys, or by the journal. It must
// also fit the item: a stamp copied to another message does not. Without keys or a
// journal, an attempt whose stamp fits is continued, but the stamp proves nothing:
// an original is removed only for a copy that matches it.
//
// Looks. An answer from a server proves nothing. After each step, and when an interrupted
// run is continued, one look at both ends decides what happens next:
//
//	original  copy   what happens
//	there     there  the copy is proved; the original is removed
//	gone      there  the copy is proved: done
//	there     gone   it is carried again, by the next way if the last did nothing
//	gone      gone   nothing; it was deleted, or taken by someone else
//
// Proof. Copy and original are read in the same look and compared, as strictly as
// the way allows. Only then is the original removed, with the change key that it was
// read with: if anyone has changed it since, both are looked at again. Apart from
// the original, only what moving it left in Recoverable Items is ever removed
// permanently, and not even that if LeaveRecoverable is set.
//
// Gone. A search that does not show an item does not prove that it is gone: the index may
// lag behind, or the owner may have moved the item while the folders were searched. Where
// something has been written, an item counts as gone only after two complete searches in
// a row without it, the last of which began SearchLag after the last write. A service
// also remembers what it has carried, and searches again at the end of SearchLag for what
// is not shown yet. Where nothing was written or seen, one complete search is enough. An
// item that was shown and is then nowhere to be found is undecided in the receipt.
//
// Surplus. If a server has made a second copy after all, or one that does not match,
// it is not deleted: it is marked, and put into the folder Surplus at the top of the
// quarantine mailbox, or into Deleted Items of the user after a restore. Surplus and
// Residue in the receipt report it. It is neither listed nor restored.
//
// Undecided. A request whose answer was lost may still take effect. A move can be
// repeated, because an item can be moved away only once. With any other way, no second
// copy is sent before the lease ends. If no copy has been seen by the time the run would
// have to wait for that, the outcome is [Undecided], the intent and the stamp stay, and
// running the target again, or [Service.Recover], settles it. A run that finds another
// one at work on the same item ends in the same way. What arrives later than WriteDoubt
// is found by the next run that sees it: one copy stays, and the other is surplus.
//
// Claims. Processes may share a journal. Each holds claims to the intents that it works on,
// which end some time after the process does: see ClaimFor of [Options]. Until then, the
// others leave these intents alone and report that; afterwards, one of them takes over, and
// the journal refuses late calls from the first one. Claims keep the journal in order and
// save work. It is the stamps that keep the mailboxes in order.
package quarantine
