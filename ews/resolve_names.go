package ews

import (
	"cmp"
	"context"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// ResolveScope determines where ResolveNames looks, and in which order.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/resolvenames.
type ResolveScope string

// Scopes. The zero value means ScopeActiveDirectory: a user's contacts prove
// nothing about an address.
const (
	ScopeActiveDirectory         ResolveScope = "ActiveDirectory"
	ScopeActiveDirectoryContacts ResolveScope = "ActiveDirectoryContacts"
	ScopeContacts                ResolveScope = "Contacts"
	ScopeContactsActiveDirectory ResolveScope = "ContactsActiveDirectory"
)

// ResolveNamesRequest asks who a name or address refers to.
type ResolveNamesRequest struct {
	// Name is a display name, alias or address, or the beginning of one. With
	// the prefix "smtp:" it is compared with all addresses of a mailbox, not
	// only the primary one.
	Name            string
	Scope           ResolveScope // default: ScopeActiveDirectory
	Folder          FolderRef    // a contacts folder, for the scopes with contacts; nil: the default one
	FullContactData bool         // also returns DisplayName and Addresses
}

// Resolution is one candidate for a name.
type Resolution struct {
	Mailbox     Mailbox
	DisplayName string   // with FullContactData
	Addresses   []string // with FullContactData; as stored in the directory, such as "SMTP:a@example.com"
}

// Resolutions is the result of ResolveNames.
type Resolutions struct {
	Candidates []Resolution
	// Complete reports whether these are all the candidates; servers return at most 100.
	Complete bool
}

// ResolveNames returns the candidates for a name; more than one is not an error.
// If it finds none, the error matches [ErrNotFound].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/resolvenames-operation.
func (c *Client) ResolveNames(ctx context.Context, req ResolveNamesRequest) (*Resolutions, error) {
	found, err := do(ctx, c, resolveNames(req))
	if err != nil {
		return nil, err
	}
	return &found, nil
}

type resolveNames ResolveNamesRequest

func (r resolveNames) task() (task, error) {
	t := task{op: OpResolveNames}
	if r.Name == "" {
		return t, wrong("ResolveNamesRequest.Name", "is empty")
	}
	switch r.Scope {
	case "", ScopeActiveDirectory, ScopeActiveDirectoryContacts, ScopeContacts, ScopeContactsActiveDirectory:
	default:
		return t, wrong("ResolveNamesRequest.Scope", "is %q, which is not a scope: use one of the Scope constants", r.Scope)
	}
	if r.Folder != nil {
		return t, checkFolder("ResolveNamesRequest.Folder", r.Folder)
	}
	return t, nil
}

func (r resolveNames) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:ResolveNames")
	e.Attr("ReturnFullContactData", strconv.FormatBool(r.FullContactData))
	e.Attr("SearchScope", string(cmp.Or(r.Scope, ScopeActiveDirectory)))
	if r.Folder != nil {
		encodeFolders(e, "m:ParentFolderIds", []FolderRef{r.Folder})
	}
	e.Leaf("m:UnresolvedEntry", r.Name)
	e.Close()
}

func (r resolveNames) decode(a *answer) (Resolutions, error) {
	found := false
	res, err := single(a, codeMultipleResults, func(res *Resolutions) {
		if a.d.Local() != "ResolutionSet" {
			return
		}
		found = true
		p := decodePaging(a.d)
		depth := a.d.Depth()
		for a.d.NextChild(depth) {
			if a.d.Local() == "Resolution" {
				res.Candidates = append(res.Candidates, decodeResolution(a.d))
			}
		}
		res.Complete = p.complete(len(res.Candidates))
	})
	if err == nil && !found {
		err = a.malformed("a response message reports success without resolutions")
	}
	return res, err
}

func decodeResolution(d *xmlwire.Decoder) Resolution {
	var r Resolution
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "Mailbox":
			decodeMailbox(d, &r.Mailbox)
		case "Contact":
			inner := d.Depth()
			for d.NextChild(inner) {
				switch d.Local() {
				case "DisplayName":
					r.DisplayName = d.Text()
				case "EmailAddresses":
					r.Addresses = decodeStrings(d)
				}
			}
		}
	}
	return r
}
