// Package graphtest is a Microsoft Graph for tests: in process, stateful, strict, with
// faults on demand. It serves the mailboxes of an Exchange server of package ewstest, so
// that one mailbox can be reached through both APIs.
//
//	srv := graphtest.New(nil, nil) // or over an Exchange server that there is
//	defer srv.Close()
//	srv.Mailbox("alice@example.test").Deliver(eml)
//	srv.FailNext(graphtest.OpImportItem, graphtest.DropAfter) // the server acts, the answer is lost
//	client := &http.Client{Transport: srv.As(srv.Direct(), "app")}
//	res, err := client.Get(srv.DirectURL() + "/v1.0/users/alice@example.test/messages")
//
// It implements the mail API of v1.0 and what else a quarantine needs: messages with
// their attachments and MIME, folders, deltas of both, translation of ids, export and
// import, the folders and items of the mailbox API, users, groups and contacts, and
// batches; see [Operations]. Everything else is refused. What Graph does not know is
// answered with 400 BadRequest, as by Graph. What Graph has but this server lacks is
// answered with 501 NotImplemented and its name: the beta endpoint, /me, $search, order
// by anything but receivedDateTime, $expand of anything but attachments and extended
// properties, changes to properties that can be changed only in drafts, attachments other
// than files, archives, subscriptions and mail rules.
//
// It behaves as documented by Microsoft and, where the documentation is silent, as field
// reports describe:
//
//   - Users are found by id or UPN, not by another address ([Server.SetUPN]).
//   - An id changes with each move. With Prefer: IdType="ImmutableId" it stays until the
//     item leaves the mailbox or the archive; folders have no such ids. Both kinds are
//     accepted at any time. Ids are case-sensitive and contain their mailbox. A default id is
//     the EWS id with - and _ in place of / and +.
//   - Lists have 10 rows per page and page by $skip, so rows shift when something
//     disappears. The list of a mailbox covers everything but Recoverable Items and the
//     archive. Its @odata.count ignores filters.
//   - Texts are compared without case; a bare + in a query is a blank. Recipients and
//     headers cannot be filtered by, and an extended property in PS_INTERNET_HEADERS finds
//     nothing. The filter must begin with the properties of $orderby; otherwise the answer is
//     InefficientFilter. More than 100 conditions: ErrorRestrictionTooComplex.
//   - Extended properties are shown only where they are requested by name, with their ids as
//     servers write them; lists truncate long texts to 255 characters. The answer to a PATCH
//     omits them.
//   - MIME makes drafts, in Drafts only; above 2,240 KiB the answer is 200 and nothing is
//     made. JSON with the extended property Integer 0x0E07 set to 4 makes a message that is
//     not a draft. The flags of an existing message cannot be set.
//   - Marking a message as read sends the receipt that it asks for; DELETE and
//     permanentDelete of unread mail send a notice that it was not read ([Server.Notices]).
//   - DELETE moves messages to the Deletions of Recoverable Items, permanentDelete to Purges.
//     In Deletions both are refused: ErrorCannotDeleteObject. Moving out recovers.
//   - Nothing can be moved or copied into another mailbox.
//   - A draft that is sent gets another id, in Sent Items; with Options.SendDelay that happens
//     after the answer. Mail.Send is required.
//   - exportItems fails item by item inside a 200. Recoverable Items and archives cannot be
//     exported. The stream is the same as with ExportItems of ewstest. An import URL is on
//     another host, needs no token and refuses one, and expires. Posting twice makes two
//     items. Errors there have another form.
//   - An attachment of less than 3 MB is sent in one request. A larger one, of up to 150 MB,
//     is sent in consecutive ranges of less than 4 MB, to an address that is as secret as an
//     import URL and expires.
//   - Deltas with immutable ids lose messages that were moved away and back. Unknown links
//     are answered with 410 SyncStateNotFound ([Server.ForgetDeltas]).
//   - Dynamic distribution groups are not in the directory.
//   - Each pair of application and mailbox is allowed 4 requests at a time, 10,000 in 10
//     minutes, and 150 MB of bodies in 5 minutes ([Throttling]); the members of a batch count
//     individually, and run one after another.
//   - National clouds lack export, import and permanentDelete (Options.National).
//   - An application has all permissions until [Server.Consent] restricts it.
//     [Server.Scope] limits it to some mailboxes, but not in export and import.
//
// Where the real behaviour is unknown, either can be tried: Options.NullRemoves,
// IgnoreIfMatch, ReceiptSticks, PurgeDeletions, OwnIDs, SendDelay, OtherSpellings,
// Sensitive and SensitiveHeaders.
//
// See https://learn.microsoft.com/en-us/graph/api/overview and
// https://learn.microsoft.com/en-us/graph/errors.
package graphtest
