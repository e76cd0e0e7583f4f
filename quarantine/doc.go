// Package quarantine moves malicious messages out of the mailboxes they were
// delivered to, and can put them back.
//
// A [Service] finds every copy of a message in a mailbox, moves each to the
// quarantine mailbox, proves that it arrived, and returns a [Receipt]. The
// receipt is enough to undo everything, and so is the item in quarantine (with InPlace of
// [Options], the quarantine is a part of each mailbox):
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
// mailbox. It works on many targets at once ([Router.QuarantineAll], [Campaign], [Feed]), and
// finds out what to take in groups and after forwards ([Router.Plan]).
// A [Journal] lets [Service.Recover] finish what a crash interrupted.
//
// # Packages
//
// This package is what a product calls. It knows no mail system: a driver does
// the work in the mailboxes. The other packages are below it:
//
//   - exchange makes a Service or a Router for Exchange from a configuration:
//     exchange.Open, exchange.OpenFile and exchange.OpenRouter
//   - ewsmail is the driver for Exchange over EWS, and graphmail for Exchange Online over
//     Microsoft Graph
//   - reported watches the mailbox where users report mail; understood, below it, says
//     which messages they mean
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
// swapped; at its end it takes the stamp off.
//
// Objects, not ids. A server gives an item another id whenever someone moves it, so
// two ids are no two items, and an id that is dead says nothing. The stamp
// ([driver.Stamp], named properties) travels with the item. It names the operation,
// which stays the same until the restore, and the attempt, which is new each time an
// item is sent. A copy is an item at the other end with the attempt of the original.
// Of two sightings there, both are read again before they count as two copies.
//
// A lease. The stamp also says until when the item may be on its way. Who wrote it,
// under the change key that the item was read with, and read it back, may send; all
// others wait, or end undecided. Nothing is sent in its last three quarters, so that
// when it ends nothing of the attempt can arrive any more: see WriteDoubt of
// [Options]. Whether a stamp is to be believed is said by its seal, if there are
// StampKeys, or by the journal. It also has to fit the item: one that was copied to
// another message does not. Without keys and journal a stamp that fits is continued,
// but it proves nothing: an original is removed only for a copy that matches it.
//
// Looks. An answer of a server proves nothing. After each step, and when an
// interrupted run is continued, one look at both ends decides what is next:
//
//	original  copy   what happens
//	there     there  the copy is proved; the original is removed
//	gone      there  the copy is proved: done
//	there     gone   it is carried again, by the next way if the last did nothing
//	gone      gone   nothing; it was deleted, or taken by someone else
//
// Proof. Copy and original are read in the same look and compared, as strictly as
// the way allows. Only then is the original removed, with the change key that it was
// read with: if anyone has changed it since, both are looked at again. It is the
// only thing that is ever removed for good, together with what moving it left in
// Recoverable Items; the latter unless LeaveRecoverable is set.
//
// Gone. That a search does not show an item is no proof that it is gone: the index
// may be behind, or the owner may have moved the item while the folders were
// searched. After something was written there, an item counts as gone only after
// two complete searches in a row without it, the last of which began SearchLag after
// the last write. A service also remembers what it has carried, and searches again
// at the end of SearchLag for what is not shown yet. Where nothing was written or
// seen, one complete search is enough. An item that was shown and then is nowhere
// stands in the receipt as undecided.
//
// Surplus. If a server has made a second copy after all, or one that does not match,
// it is not deleted: it is marked, and put into the folder Surplus at the top of the
// quarantine mailbox, or into Deleted Items of the user after a restore. Surplus
// and Residue of the receipt say so. It is not listed and not restored.
//
// Undecided. A request whose answer was lost may still take effect. Moving can be
// repeated, because an item can be moved away only once. With any other way, no
// second copy is sent before the lease ends; if no copy is seen by the time the run
// would have to wait for that, the outcome is [Undecided], the intent and the stamp
// stay, and running the target again, or [Service.Recover], settles it. So does a run
// that meets another one at work on the same item. What arrives later than WriteDoubt
// is found by the next run that sees it: one copy stays, and the other is surplus.
//
// Claims. Processes may share a journal. Each has a claim to the intents that it works on, which
// ends some time after the process does: ClaimFor of [Options]. Until then the others
// leave these intents alone, and say so; after that, one of them takes over, and the
// journal refuses what comes from the first one late. Claims keep the journal in order
// and save work. What keeps the mailboxes in order are the stamps.
package quarantine
