package mailstore

import "github.com/ewsquarantine/ewsquarantine/ews"

// Well-known names that package ews has no constant for.
const (
	nameConflicts      ews.FolderName = "conflicts"
	nameLocalFailures  ews.FolderName = "localfailures"
	nameServerFailures ews.FolderName = "serverfailures"
	nameRecipientCache ews.FolderName = "recipientcache"
	nameToDoSearch     ews.FolderName = "todosearch"
	nameHolds          ews.FolderName = "recoverableitemsdiscoveryholds"
	nameArchiveHolds   ews.FolderName = "archiverecoverableitemsdiscoveryholds"
)

// Folder classes.
const (
	classNote          = "IPF.Note"
	classContact       = "IPF.Contact"
	classConfiguration = "IPF.Configuration"
)

// layout describes a default folder.
type layout struct {
	name     ews.FolderName // empty: not a well-known folder
	display  string         // English
	class    string
	hidden   bool
	children []layout
}

// forMail is how many of the visible folders mail needs.
const forMail = 6

var visible = []layout{
	{name: ews.FolderInbox, display: "Inbox", class: classNote},
	{name: ews.FolderDrafts, display: "Drafts", class: classNote},
	{name: ews.FolderSentItems, display: "Sent Items", class: classNote},
	{name: ews.FolderDeletedItems, display: "Deleted Items", class: classNote},
	{name: ews.FolderJunkEmail, display: "Junk Email", class: classNote},
	{name: ews.FolderOutbox, display: "Outbox", class: classNote},
	{name: ews.FolderCalendar, display: "Calendar", class: "IPF.Appointment"},
	{name: ews.FolderContacts, display: "Contacts", class: classContact},
	{name: ews.FolderTasks, display: "Tasks", class: "IPF.Task"},
	{name: ews.FolderNotes, display: "Notes", class: "IPF.StickyNote"},
	{name: ews.FolderJournal, display: "Journal", class: "IPF.Journal"},
	{display: "RSS Feeds", class: "IPF.Note.OutlookHomepage"},
	{display: "Conversation Action Settings", class: classConfiguration, hidden: true},
	{display: "Quick Step Settings", class: classConfiguration, hidden: true},
}

// visible2013 are the well-known folders added in Exchange 2013.
var visible2013 = []layout{
	{name: ews.FolderConversationHistory, display: "Conversation History", class: classNote},
	{name: ews.FolderSyncIssues, display: "Sync Issues", class: classNote, children: []layout{
		{name: nameConflicts, display: "Conflicts", class: classNote},
		{name: nameLocalFailures, display: "Local Failures", class: classNote},
		{name: nameServerFailures, display: "Server Failures", class: classNote},
	}},
}

// invisible are the folders below the root, next to the top of the information
// store.
var invisible = []layout{
	{name: ews.FolderSearchFolders, display: "Finder"},
	{display: "Common Views"}, {display: "Views"}, {display: "Shortcuts"},
	{display: "Spooler Queue"}, {display: "Deferred Action"}, {display: "Schedule"},
	{display: "Freebusy Data"}, {display: "Sharing"}, {display: "System"},
}

var recoverable = layout{
	name: ews.FolderRecoverableItemsRoot, display: "Recoverable Items", children: []layout{
		{name: ews.FolderRecoverableItemsDeletions, display: "Deletions"},
		{name: ews.FolderRecoverableItemsVersions, display: "Versions"},
		{name: ews.FolderRecoverableItemsPurges, display: "Purges"},
	},
}

var archiveRecoverable = layout{
	name: ews.FolderArchiveRecoverableItemsRoot, display: "Recoverable Items", children: []layout{
		{name: ews.FolderArchiveRecoverableItemsDeletions, display: "Deletions"},
		{name: ews.FolderArchiveRecoverableItemsVersions, display: "Versions"},
		{name: ews.FolderArchiveRecoverableItemsPurges, display: "Purges"},
	},
}

// buildTree creates the default folders.
func (m *Mailbox) buildTree() {
	m.root = m.newRoot(false, ews.FolderRoot)
	top := m.plant(m.root, layout{name: ews.FolderMsgFolderRoot, display: "Top of Information Store", class: classNote})
	for _, l := range visible[:forMail] {
		m.plant(top, l)
	}
	if !m.org.settings.FewFolders {
		m.plantOthers(top)
	}
	m.plantRecoverable()
	if m.Info.Archive {
		m.buildArchive()
	}
}

// plantOthers creates the default folders that mail does not need.
func (m *Mailbox) plantOthers(top *Folder) {
	s := m.org.settings
	for _, l := range visible[forMail:] {
		m.plant(top, l)
	}
	if s.Since2013 {
		for _, l := range visible2013 {
			m.plant(top, l)
		}
		m.plant(m.named[ews.FolderContacts], layout{name: nameRecipientCache, display: "Recipient Cache", class: "IPF.Contact.RecipientCache", hidden: true})
	}
	for _, l := range invisible {
		m.plant(m.root, l)
	}
	if s.Since2013 {
		todo := m.plant(m.root, layout{name: nameToDoSearch, display: "To-Do Search", class: "IPF.Task"})
		todo.Search = func(it *Item) bool { return it.Properties().Int(TagFlagStatus) == 2 }
	}
}

func (m *Mailbox) plantRecoverable() {
	dumpster := m.plant(m.root, recoverable)
	if m.org.settings.Since2013SP1 {
		m.plant(dumpster, layout{name: nameHolds, display: "DiscoveryHolds"})
	}
}

func (m *Mailbox) buildArchive() {
	m.archive = m.newRoot(true, ews.FolderArchiveRoot)
	top := m.plant(m.archive, layout{name: ews.FolderArchiveMsgFolderRoot, display: "Top of Information Store", class: classNote})
	inbox := layout{display: "Inbox", class: classNote}
	if m.org.settings.Since2013SP1 {
		inbox.name = ews.FolderArchiveInbox
	}
	m.plant(top, inbox)
	m.plant(top, layout{name: ews.FolderArchiveDeletedItems, display: "Deleted Items", class: classNote})
	dumpster := m.plant(m.archive, archiveRecoverable)
	if m.org.settings.Since2013SP1 {
		m.plant(dumpster, layout{name: nameArchiveHolds, display: "DiscoveryHolds"})
	}
}

func (m *Mailbox) newRoot(archive bool, name ews.FolderName) *Folder {
	f := &Folder{Mailbox: m, Name: "", Distinguished: name, Archive: archive, number: m.number(), change: m.org.nextChange()}
	m.folders[f.number] = f
	m.named[name] = f
	return f
}

func (m *Mailbox) plant(parent *Folder, l layout) *Folder {
	f := parent.Add(Localised(m.Language, l.display), l.class)
	f.Hidden = l.hidden
	if l.name != "" {
		f.Distinguished = l.name
		m.named[l.name] = f
	}
	for _, c := range l.children {
		m.plant(f, c)
	}
	return f
}
