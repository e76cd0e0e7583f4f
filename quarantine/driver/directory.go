package driver

import (
	"context"
	"errors"
)

// ErrNoDirectory reports that the caller cannot search the address book (test
// with errors.Is).
var ErrNoDirectory = errors.New("quarantine: the address book cannot be searched")

// Directory is a [Mailbox] whose owner can search the organisation's address
// book. The engine asks the quarantine mailbox, because in some mail systems,
// such as Exchange, only the owner of a mailbox can do so.
type Directory interface {
	// Members returns the direct members of a group, and whether the list is complete, as
	// far as the server shows. The error matches [ErrGone] if the server shows no such
	// group, and [ErrNoDirectory] if it shows this caller no groups at all.
	Members(ctx context.Context, address string) (members []Member, complete bool, err error)

	// Lookup returns the entry for an address, with its primary address. The error
	// matches [ErrGone] if the address book does not show the address, and
	// [ErrNoDirectory] as for Members.
	Lookup(ctx context.Context, address string) (Member, error)
}

// Member is a person, a group or another entry of the address book.
type Member struct {
	Name    string     `json:"name,omitempty"`
	Address string     `json:"address"` // SMTP; empty if the server returns none
	Kind    MemberKind `json:"kind"`
	// Via is the address of the group through which quarantine.Service.Expand
	// first found it.
	Via string `json:"via,omitempty"`
}

// MemberKind is the kind of an address book entry.
type MemberKind string

// Kinds of members.
const (
	MemberMailbox      MemberKind = "mailbox"
	MemberGroup        MemberKind = "group"        // distribution list, security group, dynamic group
	MemberGroupMailbox MemberKind = "groupMailbox" // Microsoft 365 group: a group with a mailbox
	MemberContact      MemberKind = "contact"      // mail contact or other external address
	MemberOther        MemberKind = "other"        // public folder, or unknown
)
