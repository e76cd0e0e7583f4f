package ews

// ItemID identifies an item. Ids are opaque and case-sensitive, are at most 512
// bytes of base64, contain the mailbox they belong to, and change whenever
// anyone moves the item.
//
// ChangeKey identifies one state of the item. It may be empty in requests that only read.
// See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemid.
type ItemID struct {
	ID        string
	ChangeKey string
}

// IsZero reports whether the id is empty, as it is after a move to another
// mailbox, for which the server returns no new id.
func (id ItemID) IsZero() bool { return id.ID == "" }

// FolderID identifies a folder. It survives moves of the folder and is as opaque
// and case-sensitive as [ItemID].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/folderid.
type FolderID struct {
	ID        string
	ChangeKey string
}

// IsZero reports whether the id is empty.
func (id FolderID) IsZero() bool { return id.ID == "" }

// FolderRef identifies a folder in a request: a [FolderID] or a [DistinguishedFolder].
// Folders cannot be referenced by display name, because display names are localised and
// can be chosen by a user or an attacker.
type FolderRef interface{ folderRef() }

func (FolderID) folderRef()            {}
func (DistinguishedFolder) folderRef() {}

// DistinguishedFolder names a well-known folder of a mailbox. An empty Mailbox
// means the mailbox of the caller: the impersonated one, or the service
// account's own. A delegate must give the mailbox, by its primary SMTP address,
// with every distinguished folder.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/distinguishedfolderid.
type DistinguishedFolder struct {
	Name    FolderName
	Mailbox string
}

// FolderName is the Id of a distinguished folder, as the protocol spells it. The
// constants are those that this module uses; any other value is passed on as is. A name
// that the server does not know fails the whole request.
type FolderName string

// Distinguished folder names, with the first Exchange version that knows them.
const (
	FolderRoot          FolderName = "root"          // 2007
	FolderMsgFolderRoot FolderName = "msgfolderroot" // 2007
	FolderInbox         FolderName = "inbox"         // 2007
	FolderDrafts        FolderName = "drafts"        // 2007
	FolderSentItems     FolderName = "sentitems"     // 2007
	FolderDeletedItems  FolderName = "deleteditems"  // 2007
	FolderJunkEmail     FolderName = "junkemail"     // 2007
	FolderOutbox        FolderName = "outbox"        // 2007
	FolderCalendar      FolderName = "calendar"      // 2007
	FolderContacts      FolderName = "contacts"      // 2007
	FolderNotes         FolderName = "notes"         // 2007
	FolderTasks         FolderName = "tasks"         // 2007
	FolderJournal       FolderName = "journal"       // 2007
	FolderSearchFolders FolderName = "searchfolders" // 2007

	FolderRecoverableItemsRoot      FolderName = "recoverableitemsroot"      // 2010 SP1
	FolderRecoverableItemsDeletions FolderName = "recoverableitemsdeletions" // 2010 SP1
	FolderRecoverableItemsVersions  FolderName = "recoverableitemsversions"  // 2010 SP1
	FolderRecoverableItemsPurges    FolderName = "recoverableitemspurges"    // 2010 SP1

	FolderArchiveRoot                      FolderName = "archiveroot"                      // 2010 SP1
	FolderArchiveMsgFolderRoot             FolderName = "archivemsgfolderroot"             // 2010 SP1
	FolderArchiveDeletedItems              FolderName = "archivedeleteditems"              // 2010 SP1
	FolderArchiveRecoverableItemsRoot      FolderName = "archiverecoverableitemsroot"      // 2010 SP1
	FolderArchiveRecoverableItemsDeletions FolderName = "archiverecoverableitemsdeletions" // 2010 SP1
	FolderArchiveRecoverableItemsVersions  FolderName = "archiverecoverableitemsversions"  // 2010 SP1
	FolderArchiveRecoverableItemsPurges    FolderName = "archiverecoverableitemspurges"    // 2010 SP1

	FolderConversationHistory FolderName = "conversationhistory" // 2013
	FolderSyncIssues          FolderName = "syncissues"          // 2013
	FolderArchiveInbox        FolderName = "archiveinbox"        // 2013 SP1
)

// Mailbox is an address as EWS returns it: of a sender or recipient, a member
// of a distribution list, or a resolved name.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/mailbox.
type Mailbox struct {
	Name         string
	EmailAddress string
	RoutingType  string // "SMTP", "EX" (then EmailAddress is a legacy DN) or another
	MailboxType  string // "Mailbox", "PublicDL", "PrivateDL", "Contact", …; may be empty
	ItemID       ItemID // set for members of a private list
}
