// Package ewstest is an Exchange for tests: in process, stateful, strict, with
// faults on demand.
//
//	srv := ewstest.NewServer(ewstest.Options{})
//	defer srv.Close()
//	srv.Mailbox("alice@example.test").Deliver(eml)
//	srv.FailNext(ews.OpUploadItems, ewstest.DropAfter) // the server acts, the answer is lost
//	client := srv.Client("svc", nil)
//
// It behaves as the documentation, the protocol specifications and field
// reports say a real server does, also where that hurts. Requests are held
// against the schema, the order of elements included. Ids are case-sensitive,
// carry their mailbox and change with each move; a move into another mailbox
// gives none back, and is refused under impersonation. What a caller has no
// right to see is not found. HardDelete and SoftDelete end in Recoverable Items.
// Deleting unread mail that asked for a receipt tells its sender, unless that is
// suppressed, which old versions cannot. MIME is made anew each time it is asked
// for. Restricted searches give 250 items a page. An access error stops a batch.
// Faults come with HTTP 500 and without header.
//
// Where sources leave a choice, the stricter behaviour was taken, so that a
// client that passes here does not rely on luck:
//
//   - Restrictions compare texts without regard to case, as the store does: who
//     looks for a Message-ID must compare what was found.
//   - FindItem gives of From and Sender the name only, cuts texts at 255
//     characters, and leaves out recipients, bodies and headers.
//   - A mailbox that the caller has no right to open answers ErrorItemNotFound
//     and ErrorFolderNotFound. An id of another mailbox under impersonation
//     answers ErrorNonExistentMailbox.
//   - The original of an item moved into another mailbox stays in the Deletions
//     of Recoverable Items, with its pending receipt (Options.MoveLeftover).
//   - Nothing can be created in, or moved into, Recoverable Items:
//     ErrorAccessDenied.
//   - Times have the precision of a second.
//   - ExpandDL goes one level deep, leaves out what is hidden without a word, works
//     out dynamic groups when asked, and needs a caller that has a mailbox. An alias
//     or display name that stands for two lists is an error.
//
// [Server.Direct] reaches the server without a socket, and so works inside a
// testing/synctest bubble; [Server.URL] and [Server.Transport] go through one.
// The state can be inspected: [Mailbox.Messages], [Server.Notices],
// [Server.Requests]. A test may change it at any time, also between two requests
// ([Server.OnRequest]) or between a request and its answer
// ([Server.OnResponse]).
//
// Everything is kept in memory.
package ewstest
