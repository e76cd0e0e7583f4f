// Package ewstest is an Exchange server for tests: in process, stateful, strict,
// with faults on demand.
//
//	srv := ewstest.NewServer(nil)
//	defer srv.Close()
//	srv.Mailbox("alice@example.test").Deliver(eml)
//	srv.FailNext(ews.OpUploadItems, ewstest.DropAfter) // the server acts, the answer is lost
//	client := srv.Client("svc", nil)
//
// It behaves as the documentation, the protocol specifications and field
// reports say a real server does, even where that is inconvenient. Requests are
// checked against the schema, including the order of elements. Ids are
// case-sensitive, contain their mailbox and change with each move; a move into
// another mailbox returns no id, and is refused under impersonation. What a
// caller has no right to see is not found. HardDelete and SoftDelete move items
// to Recoverable Items. Deleting unread mail that asked for a receipt notifies
// its sender, unless that is suppressed, which old versions cannot do. MIME is
// generated anew for each request. Restricted searches return 250 items a page.
// An access error stops a batch. Faults are HTTP 500 without a SOAP header.
//
// It has the operations in this list, by the first version that has each, if that is
// not Exchange 2010; what real servers do in one and ewstest does not follows, and is
// refused ([Operations]):
//
//   - ApplyConversationAction, not: actions on messages to come (AlwaysCategorize, AlwaysDelete, AlwaysMove); SetRetentionPolicy
//   - ArchiveItem (since Exchange2013)
//   - ConvertId, not: ids of public folders
//   - CopyFolder
//   - CopyItem
//   - CreateAttachment
//   - CreateFolder
//   - CreateFolderPath (since Exchange2013)
//   - CreateItem, not: answers in public folders (PostReplyItem); answers to meetings with a text; fields of appointments, lists and tasks but Start, End and DisplayName; of contacts, numbers, postal addresses, dates and pictures
//   - DeleteAttachment
//   - DeleteFolder
//   - DeleteItem
//   - EmptyFolder
//   - ExpandDL, not: lists in a mailbox
//   - ExportItems
//   - FindConversation, not: views that begin where a condition is met; the archive together with the mailbox; ReturnDeletedItems; Preview and the other properties that are about more than the messages
//   - FindFolder
//   - FindItem, not: ReturnDeletedItems; groups that collapse; series of appointments
//   - GetAttachment
//   - GetConversationItems (since Exchange2013), not: SyncState; the archive together with the mailbox
//   - GetEvents
//   - GetFolder
//   - GetItem, not: fields of appointments, lists and tasks but Start, End and DisplayName; of contacts, numbers, postal addresses, dates and pictures
//   - GetServerTimeZones
//   - GetStreamingEvents
//   - MarkAllItemsAsRead (since Exchange2013)
//   - MarkAsJunk (since Exchange2013)
//   - MoveFolder
//   - MoveItem
//   - ResolveNames, not: contacts in a mailbox
//   - SendItem
//   - Subscribe
//   - SyncFolderHierarchy
//   - SyncFolderItems
//   - Unsubscribe
//   - UpdateFolder
//   - UpdateItem, not: fields of appointments, lists and tasks but Start, End and DisplayName; of contacts, numbers, postal addresses, dates and pictures
//   - UploadItems
//
// All other operations of the protocol are refused with the fault
// ErrorInvalidOperation, which names the operation; those that the version does not
// have, with ErrorSchemaValidation. What it has, and the RequestServerVersion of the
// request has not, is refused with ErrorIncorrectSchemaVersion.
//
// Where sources leave a choice, ewstest takes the stricter behaviour, so that a
// client that passes here does not rely on luck:
//
//   - Restrictions ignore case when comparing texts, as the store does: to find
//     a Message-ID, a client must compare the results itself.
//   - FindItem returns only the names of From and Sender, cuts texts at 255
//     characters, and omits recipients, bodies and headers.
//   - Of several people in From, properties keep the first: in "Bank, Ltd <a@b.example>"
//     that is Bank, without an address. The property 0x007D has the header as it was
//     received; what a client composes of elements has none.
//   - A mailbox that the caller has no right to open answers ErrorItemNotFound
//     and ErrorFolderNotFound. An id of another mailbox under impersonation
//     answers ErrorNonExistentMailbox. An account needs the right even to
//     impersonate itself.
//   - In a folder of another mailbox, an account without FullAccess may do what the
//     folder's permissions say: those of its own address, else of the lists that it is a
//     member of, else of Default. Without the right, ErrorAccessDenied; what it may not
//     see is not found; since Exchange 2013 SP1, a Contributor sees what it has made itself.
//     A new folder has the permissions of its parent.
//   - The original of an item moved into another mailbox stays in the Deletions
//     of Recoverable Items, with its pending receipt (Options.MoveLeftover).
//   - Nothing can be created in, or moved into, Recoverable Items:
//     ErrorAccessDenied.
//   - The store keeps milliseconds, which searches compare, and answers have only
//     with DateTimePrecision Milliseconds.
//   - What a client may write is in one table (itemElements): a read-only element
//     is refused with ErrorInvalidPropertySet, and one that real servers keep and
//     ewstest does not with ErrorInvalidOperation, never ignored.
//   - Appointments, contacts, lists, tasks and posts can be created in folders of
//     their kind only: ErrorCannotCreateContactInNonContactFolder and the like.
//   - Where MimeContent and elements say different things, the elements win. UpdateItem
//     replaces the MimeContent of drafts only.
//   - An attached item keeps its class and properties, in copies and uploads as well.
//     In the MIME of its parent it is message/rfc822, whatever it is, and all else that
//     is in that MIME stays when attachments come and go. What is attached to S/MIME
//     messages cannot be changed: ErrorInvalidOperation. Ten levels are the most:
//     ErrorAttachmentNestLevelLimitExceeded.
//   - A reference attachment keeps what it is given, in the MIME as message/external-body.
//     To requests before Exchange 2015 it is a file without content.
//   - Recipients without a name get that of the directory. From and the recipients are
//     Mailbox, PublicDL or Contact if the directory has the address, whoever claims it.
//   - A header field that no property stands for is a named property in
//     PS_INTERNET_HEADERS. The header as it was received (0x007D) never changes.
//   - UniqueBody is the body without what mail programs put around the message that it
//     answers.
//   - Answers have times in UTC. With a TimeZoneContext other than UTC, a request with a
//     time that has neither Z nor an offset is refused: ErrorInvalidOperation.
//   - Meeting messages and reports cannot be created from MIME:
//     ErrorObjectTypeChanged and ErrorInvalidItemForOperationCreateItem.
//   - A shape that names a property of another kind of item is refused by GetItem
//     on Exchange 2010 (ErrorInvalidPropertyRequest); later it is left out.
//   - Sent messages are in the Inbox of each recipient that has a mailbox, also as a
//     member of a list. An unknown recipient in a domain of the server, and a full
//     mailbox, bring the sender a non-delivery report; whoever asks for receipts gets
//     them as messages. Recipients elsewhere are in [Server.Notices] only.
//   - Sending as somebody else needs a right ([Server.GrantSendAs],
//     [Server.GrantSendOnBehalf]), which FullAccess is not: ErrorSendAsDenied.
//   - Rules of an Inbox run on delivery only. Policies act before the answer to a
//     request leaves, unless they are told to wait, so that an id in it may be
//     invalid already.
//   - A conversation is the messages of a mailbox with one topic that the caller may read,
//     outside Recoverable Items. Its nodes are in the order of what each says that it
//     answers, which is the sender's word.
//   - ResolveNames searches one folder of contacts: the one that it names, or else the
//     caller's own. A contact with several addresses is as many answers.
//   - Requests are XML 1.0 in UTF-8 or UTF-16, and their declaration says no other encoding:
//     ErrorInvalidRequest.
//   - A move keeps the change key and the time of the last modification.
//   - SyncFolderItems tells of what left a folder, of changes, and of what came, the newest
//     first; it leaves out what FindItem cannot return. It refuses a SyncState that is not
//     of the same folder and server, or is older than the last 20,000 departures of the
//     mailbox (ErrorInvalidSyncStateData), and so does SyncFolderHierarchy.
//   - Subscriptions are to events of the mailbox of the caller, or of the one that it
//     impersonates (ErrorSubscriptionDelegateAccessNotSupported), and not to search
//     folders. There are no push subscriptions. GetEvents takes the watermark of the last
//     answer only (ErrorInvalidWatermark). A mailbox remembers at least 10,000 events; who
//     has missed some is told so (ErrorMissedNotificationEvents).
//   - GetStreamingEvents tells of events at once, and every 45 seconds that nothing
//     happened. Each document is a chunk of its own, without a declaration and in
//     Envelope without a prefix. A subscription without a connection lasts 30 minutes.
//   - ExpandDL goes one level deep, silently omits hidden members, evaluates
//     dynamic groups on each request, and requires a caller with a mailbox. An
//     alias or display name shared by two lists is an error.
//
// Bounds keep one request from costing much more than its own size and that of what it is
// about:
//
//   - A Restriction has at most 255 nodes (ErrorRestrictionTooLong); a QueryString at most
//     32 KiB, 255 words and 100 levels of parentheses and negations
//     (ErrorInvalidOperation).
//   - Clients can make 10,000 folders in a mailbox, 300 levels of them, with names of up to
//     255 characters (ErrorQuotaExceeded, ErrorFolderSavePropertyError), 1,000 permissions
//     in each (ErrorInvalidPermissionSettings), and copy folders until the mailbox has
//     1,000,000 items.
//   - A shape that names a property twice gets it once. At 128 MiB of an answer, without
//     MimeContent and the like, a batch ends (ErrorInsufficientResources).
//   - Ids lead through 64 attached items (ErrorInvalidIdTooManyAttachmentLevels).
//   - What UploadItems and SyncState bring back is looked at as if somebody else had
//     written it (ErrorCorruptData, ErrorInvalidSyncStateData).
//
// [Server.Fail] plans faults: each [Fault] at an operation or any, by count, by
// item or by chance, once or for good, and with the server acting at once, later or
// not at all ([Fault.Acted], [Fault.ActedAfter], [Fault.ActedOnCall]);
// [Server.FailNext], [Server.FailAt] and [Server.FailRandomly] are short forms.
//
// With Options.Throttling it charges budgets, as Exchange does; by default it does not.
// These are the facts that it follows, in the order in which they can be trusted:
//
//   - Documented (Microsoft's pages on EWS throttling and on workload management): who pays;
//     EwsMaxConcurrency and its defaults; the balance is checked after each member of a
//     batch, and the next one waits until it has recharged; a batch may run for a minute;
//     EwsFindCountLimit; a budget grows by its recharge rate per hour, up to its burst; who
//     has used up too much is locked out, and let in again as soon as the budget allows it;
//     sending again meanwhile prolongs that; the times of Exchange 2010 are percent of a
//     minute, calls at the same time add up, and that in CAS contains the others;
//     ErrorServerBusy is HTTP 500 with a fault, may say BackOffMilliseconds, and may also
//     be the code of single response messages.
//   - Published by the Exchange team: Exchange 2010 SP1 delays calls just enough for the
//     budget to be positive, for a minute at most; the percentages 50, 90 and 60 (as
//     budgets in logs of IIS).
//   - Seen by others: a lock-out of 5 minutes; the cut-off below zero at a balance of
//     -3,000,000; BackOffMilliseconds of just under 300,000.
//   - Choices, where nobody has said: how long micro-delays are since Exchange 2013 (like
//     those of 2010, but cut to a minute instead of refused); which codes the rest of a
//     batch gets (ErrorTimeoutExpired, then ErrorBatchProcessingStopped; ErrorServerBusy
//     after the cut-off); what work costs ([DefaultCosts]); all accounts that impersonate
//     one owner share one budget.
//
// What is not imitated: an overloaded server, which slows down those who are within their
// budgets as well (CPUStartPercent is a form of that); EWSFastSearchTimeoutInSeconds,
// ConcurrentSyncCalls, MessageRateLimit, RecipientRateLimit and ForwardeeLimit; budgets of
// Exchange 2010 before SP2 RU4, which charged an impersonated call to the owner.
//
// [Server.Spending], [Server.ImpersonatedSpending] and [Server.Spendings] tell what payers
// have used up.
//
// With Options.Odd it differs from a current Exchange, as old versions, gateways
// and other products that speak EWS do; see [Oddities].
//
// [Server.Direct] reaches the server without a socket, so it works inside a
// testing/synctest bubble; [Server.URL] and [Server.Transport] use a socket. The
// state can be inspected: [Mailbox.Messages], [Server.Notices],
// [Server.Requests]. A test may change it at any time, even between two requests
// ([Server.OnRequest]), between two members of a batch or two folders of a search
// ([Server.OnMember]), or between a request and its answer ([Server.OnResponse]).
//
// People work in the mailboxes meanwhile: a [Person] does what Outlook does,
// [Mailbox.AddPolicy] has rules and policies move and delete what arrives, and
// [Server.Play] lets people act between calls. [Server.Story] tells what they did.
// Ids change with each move; Message.Object tells tests which message it is.
//
// A GET of the URL shows a page, and Services.wsdl, messages.xsd and types.xsd beside
// it describe the operations of the version, for SOAP toolkits. With
// Options.Autodiscover the socket also serves Autodiscover. A POST whose Content-Type is
// not text/xml, with or without a charset, is refused: HTTP 415.
//
// Everything is kept in memory.
package ewstest
