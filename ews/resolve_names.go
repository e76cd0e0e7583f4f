package ews

import "context"

// ResolveScope says where ResolveNames looks, and in which order.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/resolvenames.
type ResolveScope string

// Scopes. The zero value stands for ScopeActiveDirectory: what a user has
// among their contacts proves nothing about an address.
const (
	ScopeActiveDirectory         ResolveScope = "ActiveDirectory"
	ScopeActiveDirectoryContacts ResolveScope = "ActiveDirectoryContacts"
	ScopeContacts                ResolveScope = "Contacts"
	ScopeContactsActiveDirectory ResolveScope = "ContactsActiveDirectory"
)

// ResolveNamesRequest asks whom a name or address stands for.
type ResolveNamesRequest struct {
	// Name is a display name, alias or address, or the beginning of one. With
	// the prefix "smtp:" it is compared with all addresses of a mailbox, not
	// only the primary one.
	Name            string
	Scope           ResolveScope // default: ScopeActiveDirectory
	Folder          FolderRef    // a contacts folder, for the scopes with contacts; nil: the default one
	FullContactData bool         // fills the Addresses and more
}

// Resolution is one candidate for a name.
type Resolution struct {
	Mailbox     Mailbox
	DisplayName string   // with FullContactData
	Addresses   []string // with FullContactData; as the directory has them, such as "SMTP:a@example.com"
}

// Resolutions is the answer to ResolveNames.
type Resolutions struct {
	Candidates []Resolution
	// Complete says that there are no more candidates; servers return 100 at
	// most.
	Complete bool
}

// ResolveNames returns the candidates for a name; more than one is no error.
// If there is none, the error matches [ErrNotFound].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/resolvenames-operation.
func (c *Client) ResolveNames(ctx context.Context, req ResolveNamesRequest) (*Resolutions, error) {
	return nil, errUnbuilt
}
