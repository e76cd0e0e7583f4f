// Package mailstore keeps the mailboxes of the Exchange for tests: folders, and
// items whose truth is their MAPI properties.
//
// It knows nothing of SOAP, of callers and of their rights. It is not safe for
// concurrent use: the server that owns it holds a lock. Property maps are never
// changed once they belong to an item or folder, but replaced; so a snapshot
// costs nothing.
package mailstore
