package mailstore

// Permission is what a user may do in a folder. The store keeps it, and the server enforces
// it.
type Permission struct {
	User   string // address, or Default or Anonymous
	Name   string // name of the address in the address book; empty if it is not listed
	SID    string // set for a user with a mailbox
	Level  string
	Rights Rights
}

// Rights are the single rights of a permission.
type Rights struct {
	CreateItems, CreateSubFolders, Owner, Visible, Contact bool
	ReadOwned                                              bool   // items the user has created, whatever Read is
	Edit, Delete                                           string // None, Owned, All
	Read                                                   string // None, FullDetails; for calendars also TimeOnly, TimeAndSubjectAndLocation
}
