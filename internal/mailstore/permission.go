package mailstore

// Permission is what a user may do in a folder. The store keeps it;
// the server obeys it.
type Permission struct {
	User   string // address, or Default or Anonymous
	Name   string // of an address, in the address book; empty if it is not there
	SID    string // of a user with a mailbox
	Level  string
	Rights Rights
}

// Rights are the single rights of a permission.
type Rights struct {
	CreateItems, CreateSubFolders, Owner, Visible, Contact bool
	ReadOwned                                              bool   // what the user has made, whatever Read says
	Edit, Delete                                           string // None, Owned, All
	Read                                                   string // None, FullDetails; for calendars also TimeOnly, TimeAndSubjectAndLocation
}
