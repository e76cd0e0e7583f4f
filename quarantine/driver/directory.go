package driver

import (
	"context"
	"errors"
)

// ErrNoDirectory reports that the caller cannot look into the address book (test
// with errors.Is).
var ErrNoDirectory = errors.New("quarantine: the address book cannot be looked into")

// Directory is a [Mailbox] whose owner can look into the address book of the
// organisation. The quarantine mailbox is asked: in Exchange, a caller needs a
// mailbox for that.
type Directory interface {
	// Members returns the members of a group, one level deep, and whether these
	// are all that the server shows. The error matches [ErrGone] if it shows no
	// such group, and [ErrNoDirectory] if it shows none to this caller.
	Members(ctx context.Context, address string) (members []Member, complete bool, err error)

	// Lookup returns whom an address stands for, with the primary address. The
	// error matches [ErrGone] if the address book does not show it, and
	// [ErrNoDirectory] as above.
	Lookup(ctx context.Context, address string) (Member, error)
}

// Member is somebody, or a group, as the address book shows it.
type Member struct {
	Name    string     `json:"name,omitempty"`
	Address string     `json:"address"` // SMTP; empty if the server tells none
	Kind    MemberKind `json:"kind"`
	// Via is the address of the group in which [quarantine.Service.Expand] met it first.
	Via string `json:"via,omitempty"`
}

// MemberKind is what an entry of the address book is.
type MemberKind string

// Kinds of members.
const (
	MemberMailbox      MemberKind = "mailbox"
	MemberGroup        MemberKind = "group"        // distribution list, security group, dynamic group
	MemberGroupMailbox MemberKind = "groupMailbox" // Microsoft 365 group: both
	MemberContact      MemberKind = "contact"      // mail contact or other address outside
	MemberOther        MemberKind = "other"        // public folder, or what the server does not say
)
