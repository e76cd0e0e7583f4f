// Package gather lets calls of a driver share requests. [Strategy] decorates any
// [driver.Strategy]; the engine still asks for one item at a time.
//
// Calls of one kind for one mailbox that are made while earlier ones are under way wait.
// As soon as one of the earlier calls returns, they are sent as one batch, just as a
// database commits several transactions with one write to disk. No timer is needed for
// that: a call that is alone goes immediately, through the same method of the driver that it
// would use without this package.
//
// Calls that have shared a request stay together, if the engine says that they are for
// messages of the same mailbox ([driver.WithTask]): the next calls wait for each other, for
// half of the time that the request took, and for a tenth of a second at most. Otherwise one
// of them would go ahead at each step, until each went by itself: fifty messages of one
// mailbox would cost 1.7 requests each, not 0.5. In that mailbox, only one call of each kind
// is under way at a time, except those that transfer content.
//
// The driver declares what it can do for several items at once: find
// ([driver.BatchFinder]), inspect ([driver.BatchInspector]), mark ([driver.BatchMarker]),
// remove ([driver.BatchRemover]), find leftovers ([driver.BatchSweeper]), read content
// ([driver.BatchReader]), carry ([driver.BatchCarrier]). Everything else goes one by one.
// So does everything of a strategy that decorates the driver and hides what it can do:
// put this decorator next to the driver, and others around it.
//
// Each call can rely on the following:
//
//   - Its result is its own. A faulty member of a batch does not affect the others: a
//     member that the batch could not decide, and for which certainly nothing was done,
//     is requested again alone ([driver.ErrAlone]).
//   - It never joins a request that was already on its way when it was made.
//   - A request never covers two mailboxes, nor carriages between different ends.
//   - When its context ends, the others are not affected. A call that only reads returns
//     immediately. If a call that writes has not been sent yet, the batch is taken back and
//     sent again without it: nothing is sent for a context that has ended, as the contract of
//     drivers requires. If it is on its way, the call returns an error that says that its
//     outcome is not known; the request continues for the others, until all their contexts
//     have ended.
//   - A panic of the driver in a batch becomes a panic in each of its calls.
//   - Each request is counted once in the costs of calls: see [driver.Shared]. The time
//     that a call waits for an earlier one does not count as waiting.
//
// The context of a batch request has the values of its first call's context, which hooks
// see.
package gather
