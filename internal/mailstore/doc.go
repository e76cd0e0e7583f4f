// Package mailstore keeps the mailboxes of the Exchange server for tests: folders
// and items, which are defined by their MAPI properties.
//
// It knows nothing about SOAP, callers or their rights. It is not safe for
// concurrent use: the server that owns it holds a lock. Property maps of items
// and folders are never modified, only replaced, so a snapshot costs nothing.
package mailstore
