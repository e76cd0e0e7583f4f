// Package passage moves one item from one end to the other: into quarantine, or
// back to its user. It knows mailboxes only as package driver describes them, and
// no service, target or receipt.
//
// An id is a sighting of an item, not the item itself: a move gives it another id. So a
// passage relies on the stamp. It writes a stamp with a new attempt on the original, and
// reads it back; the attempt travels with the copy. An item at the destination with that
// attempt is a copy of this original, and nothing else is. Nobody else sends the item
// while the lease of the attempt lasts, and nothing that was sent under it arrives later.
//
// Then it looks at both ends, as often as needed, and follows the table. "Shown"
// means that absence has been shown: by two looks in a row, the last of which
// began after everything that had been written had had time to appear in a search;
// or, for an original, because this run itself has made its id dead, and what is left in
// Recoverable Items or one search confirms that.
//
//	original   copy     and                                    row          so
//	there      there                                           prove        compare them; remove the original, read back
//	shown      there                                           arrived      compare the copy with the print: done
//	there               sent nothing yet                       carry        send it
//	there               moved, not answered, and in time       again        the same move can do no more than the first
//	there               another's attempt, its lease runs      under way    wait a while, then end undecided
//	there               not answered, the lease runs           doubt        wait a while, then end undecided
//	there      shown    moved, and answered with success       next way     send it another way
//	there      shown    copied, and answered with success      vanished     end undecided: never a second copy
//	there      shown    answered with an error                 carry        send it
//	there      shown    the lease is over                      new lease    mark it anew, and send it
//	shown      shown                                           nowhere      end undecided: it is in neither mailbox
//	otherwise                                                  look again   wait, and look
//
// A look that sees nothing of the attempt, but something of a later one of the same
// operation, does not count: another run has begun a new attempt, which is adopted.
//
// The first row that fits applies. Nothing is permanently removed except an original
// whose copy has been compared with it in the same look, under the version that was
// compared, and what the move of that very original has left in Recoverable Items. A copy
// that does not match, or that is one too many, is put aside and reported.
//
// An undecided end leaves stamp and intent as they are. The next run, or the
// recovery, adopts the attempt and continues with the same table.
//
// The folder model contains a model of the protocol for Spin.
package passage
