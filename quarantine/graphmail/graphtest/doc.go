// Package graphtest is a Microsoft Graph for tests: in process, stateful, strict, with
// faults on demand, over the mailboxes of an Exchange server of package ewstest, so that
// one mailbox is seen through both doors.
//
//	srv := graphtest.New(nil, nil) // or over an Exchange server that there is
//	defer srv.Close()
//	srv.Mailbox("alice@example.test").Deliver(eml)
//	srv.FailNext(graphtest.OpImportItem, graphtest.DropAfter) // the server acts, the answer is lost
//	client := &http.Client{Transport: srv.As(srv.Direct(), "app")}
//	res, err := client.Get(srv.DirectURL() + "/v1.0/users/alice@example.test/messages")
//
// It has the mail of v1.0 and what a quarantine needs besides: messages, their
// attachments and MIME, folders, deltas of both, translation of ids, export and import, the
// folders and items of the API of mailboxes, users, groups and contacts, and batches; see
// [Operations]. All else is refused: what Graph does not know with 400 BadRequest, as Graph
// does, and what Graph has and this server does not with 501 NotImplemented and its name:
// the beta endpoint, /me, $search, order by anything but receivedDateTime, $expand of
// anything but attachments and extended properties, changes of what only drafts may have
// changed, attachments other than files, archives, subscriptions and
// mail rules.
//
// It behaves as Microsoft's pages say, and where they are silent as field reports do:
//
//   - Users are found by id or UPN, not by another address ([Server.SetUPN]).
//   - An id changes with each move. With Prefer: IdType="ImmutableId" it stays until the
//     item leaves the mailbox or the archive; folders have no such ids. Both kinds are taken
//     at any time. Ids are case-sensitive and contain their mailbox. A default id is that of
//     EWS with - and _ for / and +.
//   - Lists have 10 rows a page, and go on by $skip, so rows shift when something goes.
//     A list of a mailbox has all but Recoverable Items and the archive. @odata.count of it
//     counts what no filter has left out.
//   - Texts are compared without case; a bare + in a query is a blank. Recipients and
//     headers cannot be filtered by, and an extended property in PS_INTERNET_HEADERS finds
//     nothing. $orderby must lead the filter: InefficientFilter. More than 100
//     conditions: ErrorRestrictionTooComplex.
//   - Extended properties are shown only where they are named, with their ids as servers
//     write them; lists cut long texts at 255 characters. The answer to a PATCH omits them.
//   - MIME makes drafts, in Drafts only; above 2,240 KiB the answer is 200 and nothing is
//     made. JSON with the extended property Integer 0x0E07 of 4 makes a message that is no
//     draft. The flags of a message that there is cannot be set.
//   - Marking as read sends the receipt that was asked for; DELETE and permanentDelete of
//     unread mail send that it was not read ([Server.Notices]).
//   - DELETE moves to the Deletions of Recoverable Items, permanentDelete to Purges. In
//     Deletions both are refused: ErrorCannotDeleteObject. Moving out recovers.
//   - Nothing can be moved or copied into another mailbox.
//   - A draft that is sent gets another id, in Sent Items; Options.SendDelay lets that come
//     after the answer. Mail.Send is needed.
//   - exportItems fails item by item inside a 200. Recoverable Items and archives cannot be
//     exported. The stream is that of ExportItems of ewstest. An import URL is on another
//     host, needs no token and refuses one, and expires. Posting twice makes two items. Its
//     errors have another form.
//   - An attachment of less than 3 MB comes in one request; a larger one, of up to 150 MB, in
//     ranges of less than 4 MB, each the next one, to an address that is as secret as an
//     import URL, and expires.
//   - Deltas with immutable ids lose what was moved away and back. Links that are not known
//     answer 410 SyncStateNotFound ([Server.ForgetDeltas]).
//   - Dynamic distribution groups are not in the directory.
//   - An application and mailbox have 4 requests at a time, 10,000 in 10 minutes, and 150 MB
//     of bodies in 5 minutes ([Throttling]); members of a batch count singly, and run one
//     after another.
//   - National clouds lack export, import and permanentDelete (Options.National).
//   - An application has all permissions until [Server.Consent] says otherwise.
//     [Server.Scope] limits it to some mailboxes, but not in export and import.
//
// What nobody has seen can be tried either way: Options.NullRemoves, IgnoreIfMatch,
// ReceiptSticks, PurgeDeletions, OwnIDs, SendDelay, OtherSpellings and Sensitive.
//
// See https://learn.microsoft.com/en-us/graph/api/overview and
// https://learn.microsoft.com/en-us/graph/errors.
package graphtest
