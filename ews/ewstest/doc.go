// Package ewstest is an Exchange server for tests: in process, stateful, strict,
// with faults on demand.
//
//	srv := ewstest.NewServer(nil)
//	defer srv.Close()
//	srv.Mailbox("alice@example.test").Deliver(eml)
//	srv.FailNext(ews.OpUploadItems, ewstest.DropAfter) // the server acts, the answer is lost
//	client := srv.Client("svc", nil)
//
// It behaves as a real server does according to the documentation, the protocol
// specifications and field reports, even where that is inconvenient. Requests are checked
// against the schema, including the order of elements. Ids are case-sensitive, contain
// their mailbox and change with each move; a move into another mailbox returns no id, and
// is refused under impersonation. What a caller has no right to see is reported as not
// found. HardDelete and SoftDelete move items to Recoverable Items. Deleting unread mail
// that asked for a receipt notifies its sender, unless that is suppressed, which old
// versions cannot do. MIME is regenerated for each request. Restricted searches return
// 250 items per page. An access error stops a batch. Faults are HTTP 500 without a SOAP
// header.
//
// It supports the operations in this list. "Since" gives the first version that has an
// operation, if that is not Exchange 2010; "not" lists what real servers do in it but
// ewstest does not, which is refused ([Operations]):
//
//   - ApplyConversationAction; not supported: actions on future messages (AlwaysCategorize, AlwaysDelete, AlwaysMove); SetRetentionPolicy
//   - ArchiveItem (since Exchange2013)
//   - ConvertId; not supported: public folder ids
//   - CopyFolder
//   - CopyItem
//   - CreateAttachment
//   - CreateFolder
//   - CreateFolderPath (since Exchange2013)
//   - CreateItem; not supported: replies in public folders (PostReplyItem); meeting responses with a body; of appointments, lists and tasks, all fields other than Start, End and DisplayName; of contacts, phone numbers, postal addresses, dates and pictures
//   - DeleteAttachment
//   - DeleteFolder
//   - DeleteItem
//   - EmptyFolder
//   - ExpandDL; not supported: distribution lists in a mailbox
//   - ExportItems
//   - FindConversation; not supported: views that start at a condition; the mailbox and its archive together; ReturnDeletedItems; Preview and the other properties that go beyond the messages
//   - FindFolder
//   - FindItem; not supported: ReturnDeletedItems; collapsible groups; recurring appointments
//   - GetAttachment
//   - GetConversationItems (since Exchange2013); not supported: SyncState; the mailbox and its archive together
//   - GetEvents
//   - GetFolder
//   - GetItem; not supported: of appointments, lists and tasks, all fields other than Start, End and DisplayName; of contacts, phone numbers, postal addresses, dates and pictures
//   - GetServerTimeZones
//   - GetStreamingEvents
//   - MarkAllItemsAsRead (since Exchange2013)
//   - MarkAsJunk (since Exchange2013)
//   - MoveFolder
//   - MoveItem
//   - ResolveNames; not supported: contacts in a mailbox
//   - SendItem
//   - Subscribe
//   - SyncFolderHierarchy
//   - SyncFolderItems
//   - Unsubscribe
//   - UpdateFolder
//   - UpdateItem; not supported: of appointments, lists and tasks, all fields other than Start, End and DisplayName; of contacts, phone numbers, postal addresses, dates and pictures
//   - UploadItems
//
// All other operations of the protocol are refused with the fault ErrorInvalidOperation,
// which names the operation; operations that the version does not have are refused with
// ErrorSchemaValidation. What the version has but the request's RequestServerVersion does
// not is refused with ErrorIncorrectSchemaVersion.
//
// Where the sources leave a choice, ewstest chooses the stricter behaviour, so a client
// that passes here does not rely on luck:
//
//   - Restrictions ignore case when comparing texts, as the store does: to find
//     a Message-ID, a client must compare the results itself.
//   - FindItem returns only the names of From and Sender, truncates texts to 255
//     characters, and omits recipients, bodies and headers.
//   - Of several people in From, properties keep only the first. In "Bank, Ltd
//     <a@b.example>" that is Bank, without an address. The property 0x007D holds the
//     header as it was received; what a client composes from elements does not have it.
//   - For a mailbox that the caller has no right to open, the answers are
//     ErrorItemNotFound and ErrorFolderNotFound. For an id of another mailbox under
//     impersonation, the answer is ErrorNonExistentMailbox. An account needs the right
//     even to impersonate itself.
//   - In a folder of another mailbox, an account without FullAccess may do what the
//     folder's permissions allow: those for its own address, otherwise those for the
//     lists it is a member of, otherwise Default. Without the right, the answer is
//     ErrorAccessDenied; what it may not see is not found. Since Exchange 2013 SP1, a
//     Contributor sees what it created itself. A new folder has the permissions of its
//     parent.
//   - The original of an item moved into another mailbox stays in the Deletions
//     of Recoverable Items, with its pending receipt (Options.MoveLeftover).
//   - Nothing can be created in, or moved into, Recoverable Items:
//     ErrorAccessDenied.
//   - The store keeps milliseconds. Searches compare them, but answers contain them only
//     with DateTimePrecision Milliseconds.
//   - One table (itemElements) defines what a client may write: a read-only element is
//     refused with ErrorInvalidPropertySet, and one that real servers keep but ewstest
//     does not with ErrorInvalidOperation; none is ignored.
//   - Appointments, contacts, lists, tasks and posts can be created only in folders of
//     their kind: ErrorCannotCreateContactInNonContactFolder and the like.
//   - Where MimeContent and elements disagree, the elements win. UpdateItem replaces only
//     the MimeContent of drafts.
//   - An attached item keeps its class and properties, in copies and uploads as well. In
//     the MIME of its parent it is message/rfc822, whatever its kind, and the rest of
//     that MIME stays when attachments are added or removed. The attachments of S/MIME
//     messages cannot be changed: ErrorInvalidOperation. Attachments can be nested ten
//     levels deep: ErrorAttachmentNestLevelLimitExceeded.
//   - A reference attachment keeps what it is given; in the MIME it is
//     message/external-body. Requests before Exchange 2015 see it as a file without
//     content.
//   - Recipients without a name get the one in the directory. From and the recipients are
//     Mailbox, PublicDL or Contact if the directory has the address, whoever claims it.
//   - A header field that has no property of its own is a named property in
//     PS_INTERNET_HEADERS. The header as it was received (0x007D) never changes.
//   - UniqueBody is the body without the message that it answers and what mail programs
//     put around that message.
//   - Times in answers are in UTC. With a TimeZoneContext other than UTC, a request with
//     a time that has neither Z nor an offset is refused: ErrorInvalidOperation.
//   - Meeting messages and reports cannot be created from MIME:
//     ErrorObjectTypeChanged and ErrorInvalidItemForOperationCreateItem.
//   - On Exchange 2010, GetItem refuses a shape that names a property of another kind of
//     item (ErrorInvalidPropertyRequest); later versions omit the property.
//   - Sent messages reach the Inbox of each recipient that has a mailbox, including
//     members of lists. For an unknown recipient in a domain of the server, and for a
//     full mailbox, the sender gets a non-delivery report; senders who ask for receipts
//     get these as messages. Recipients elsewhere appear only in [Server.Notices].
//   - Sending as somebody else needs a right ([Server.GrantSendAs],
//     [Server.GrantSendOnBehalf]) that FullAccess does not include: ErrorSendAsDenied.
//   - Inbox rules run only on delivery. Policies act before the answer to a request is
//     sent, unless they are told to wait, so an id in the answer may already be invalid.
//   - A conversation consists of the messages of a mailbox with the same topic that the
//     caller may read, outside Recoverable Items. Its nodes are ordered by the message
//     that each claims to answer, which is only the sender's word.
//   - ResolveNames searches one contacts folder: the one that the request names, or else
//     the caller's own. A contact with several addresses counts as that many answers.
//   - Requests must be XML 1.0 in UTF-8 or UTF-16, and must not declare another encoding:
//     ErrorInvalidRequest.
//   - A move keeps the change key and the last modification time.
//   - SyncFolderItems reports what left a folder, what changed, and what arrived, newest
//     first; it omits what FindItem cannot return. It refuses a SyncState that is from
//     another folder or server, or that is older than the last 20,000 departures of the
//     mailbox (ErrorInvalidSyncStateData), and so does SyncFolderHierarchy.
//   - Subscriptions cover events of the caller's mailbox, or of the one it impersonates
//     (ErrorSubscriptionDelegateAccessNotSupported), but not search folders. There are no
//     push subscriptions. GetEvents accepts only the watermark of the last answer
//     (ErrorInvalidWatermark). A mailbox remembers at least 10,000 events; a client that
//     has missed some is told so (ErrorMissedNotificationEvents).
//   - GetStreamingEvents reports events immediately; every 45 seconds without an event,
//     it reports that nothing happened. Each document is a separate chunk, without a
//     declaration and with an unprefixed Envelope. A subscription without a connection
//     lasts 30 minutes.
//   - ExpandDL goes one level deep, silently omits hidden members, evaluates
//     dynamic groups on each request, and requires a caller with a mailbox. An
//     alias or display name shared by two lists is an error.
//
// Bounds keep the cost of a request from growing far beyond its own size and the size of
// what it concerns:
//
//   - A Restriction has at most 255 nodes (ErrorRestrictionTooLong); a QueryString at most
//     32 KiB, 255 words and 100 levels of parentheses and negations
//     (ErrorInvalidOperation).
//   - Clients can create 10,000 folders in a mailbox, nested 300 levels deep, with names
//     of up to 255 characters (ErrorQuotaExceeded, ErrorFolderSavePropertyError) and
//     1,000 permissions in each (ErrorInvalidPermissionSettings), and copy folders until
//     the mailbox has 1,000,000 items.
//   - A shape that names a property twice gets it once. A batch ends when its answer
//     reaches 128 MiB, not counting MimeContent and the like
//     (ErrorInsufficientResources).
//   - Ids can lead through 64 attached items (ErrorInvalidIdTooManyAttachmentLevels).
//   - What comes back in UploadItems and SyncState is checked as if somebody else had
//     written it (ErrorCorruptData, ErrorInvalidSyncStateData).
//
// [Server.Fail] plans faults: each [Fault] can strike one operation or any, by count, by
// item or by chance, once or permanently. The server then acts immediately, later or not
// at all ([Fault.Acted], [Fault.ActedAfter], [Fault.ActedOnCall]). [Server.FailNext],
// [Server.FailAt] and [Server.FailRandomly] are short forms.
//
// With Options.Throttling the server charges budgets, as Exchange does; by default it
// does not. It follows these facts, the most reliable first:
//
//   - Documented (Microsoft's pages on EWS throttling and on workload management): who
//     pays; EwsMaxConcurrency and its defaults; EwsFindCountLimit. The balance is checked
//     after each member of a batch, and the next one waits until it has recharged. A
//     batch may run for a minute. A budget grows by its recharge rate per hour, up to its
//     burst. A payer that has used too much is locked out, and let in again as soon as
//     the budget allows it; sending requests in the meantime prolongs the lock-out. The
//     times of Exchange 2010 are percentages of a minute, the times of concurrent calls
//     add up, and the time in CAS includes the others. ErrorServerBusy is HTTP 500 with a
//     fault, may include BackOffMilliseconds, and may also be the code of single response
//     messages.
//   - Published by the Exchange team: Exchange 2010 SP1 delays calls just long enough for
//     the budget to become positive, for at most a minute; the percentages 50, 90 and 60
//     (as budgets in IIS logs).
//   - Observed by others: a lock-out of 5 minutes; the cut-off below zero at a balance of
//     -3,000,000; BackOffMilliseconds of just under 300,000.
//   - Choices of ewstest, where no source exists: how long micro-delays are since
//     Exchange 2013 (like those of 2010, but capped at a minute instead of refused);
//     which codes the rest of a batch gets (ErrorTimeoutExpired, then
//     ErrorBatchProcessingStopped; ErrorServerBusy after the cut-off); what work costs
//     ([DefaultCosts]); all accounts that impersonate one owner share one budget.
//
// The server does not imitate an overloaded server, which also slows down callers who are
// within their budgets (CPUStartPercent is a form of that). It has no
// EWSFastSearchTimeoutInSeconds, ConcurrentSyncCalls, MessageRateLimit,
// RecipientRateLimit or ForwardeeLimit, and not the budgets of Exchange 2010 before SP2
// RU4, which charged an impersonated call to the owner.
//
// [Server.Spending], [Server.ImpersonatedSpending] and [Server.Spendings] report what
// payers have used up.
//
// With Options.Odd the server deviates from a current Exchange, as old versions, gateways
// and other products that speak EWS do; see [Oddities].
//
// [Server.Direct] reaches the server without a socket, so it works inside a
// testing/synctest bubble; [Server.URL] and [Server.Transport] use a socket. The state
// can be inspected: [Mailbox.Messages], [Server.Notices], [Server.Requests]. A test can
// change it at any time, even between two requests ([Server.OnRequest]), between two
// members of a batch or two folders of a search ([Server.OnMember]), or between a request
// and its answer ([Server.OnResponse]).
//
// People can work in the mailboxes meanwhile: a [Person] does what Outlook does,
// [Mailbox.AddPolicy] adds rules and policies that move and delete what arrives, and
// [Server.Play] lets people act between calls. [Server.Story] records what they did. Ids
// change with each move; Message.Object tells tests which message it is.
//
// A GET of the URL shows a page, and Services.wsdl, messages.xsd and types.xsd next to it
// describe the operations of the version for SOAP toolkits. With Options.Autodiscover the
// socket also serves Autodiscover. A POST whose Content-Type is not text/xml, with or
// without a charset, is refused: HTTP 415.
//
// Everything is kept in memory.
package ewstest
