// Package gather lets calls of a driver share requests. [Strategy] decorates any
// [driver.Strategy]; the engine goes on asking for one item at a time.
//
// Calls of one kind for one mailbox that are made while earlier ones are under way wait, and
// are sent as one batch as soon as one of these comes back, as a database commits several
// transactions with one write to the disk. There is no timer: a call that is alone goes at
// once, by the very method of the driver that it would have gone by without this package.
//
// The driver says what it can do for several items at once: find ([driver.BatchFinder]),
// inspect ([driver.BatchInspector]), mark ([driver.BatchMarker]), remove
// ([driver.BatchRemover]), find leftovers ([driver.BatchSweeper]), read content
// ([driver.BatchReader]), carry ([driver.BatchCarrier]). Everything else goes one by one. A strategy that hides what its
// driver can do, because it decorates it, is asked one by one as well: put this decorator
// next to the driver, and others around it.
//
// What holds for each call:
//
//   - Its result is its own. A member of a batch with which something is wrong costs the
//     others nothing: what the batch could not decide for a member, and of which nothing can
//     have come, is asked for again alone ([driver.ErrAlone]).
//   - It is in no request that was on its way before it was made.
//   - Two mailboxes are never in one request, nor carriages between other ends.
//   - When its context ends, the others are not affected. A call that only reads returns at
//     once. If a call that writes has not been sent yet, the batch is taken back, and
//     sent again without it: nothing is sent for a context that has ended, as the contract of
//     drivers wants. If it is on its way, the call returns an error that says that its
//     outcome is not known; the request goes on for the others, until the contexts of all
//     of them have ended.
//   - A panic of the driver in a batch is one in each of its calls.
//   - Each request is counted once in what calls cost: see [driver.Shared]. The time that a
//     call waits for an earlier one is not counted as waiting.
//
// A request of a batch has the values of the context of its first call, which hooks see.
package gather
