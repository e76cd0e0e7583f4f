package quarantinetest

import (
	"context"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// KeepsInPlace is a strategy that can keep messages in their mailbox: see [driver.InPlace].
type KeepsInPlace interface {
	driver.Strategy
	driver.InPlace
}

// AsTwo returns a strategy for [Lab] that presents the two parts of a user's mailbox as
// two mailboxes: the part that its owner sees, under the address of the user, and the
// vault, under that of the quarantine. So [Run] tests whether each part keeps the
// contract, and whether they have nothing in common. The messages of the lab must tell
// the parts apart in the same way.
func AsTwo(s KeepsInPlace, user, quarantine string) driver.Strategy {
	return asTwo{s, user, quarantine}
}

type asTwo struct {
	KeepsInPlace
	user, quarantine string
}

func (s asTwo) Mailbox(address string) driver.Mailbox {
	if strings.EqualFold(address, s.quarantine) {
		return asVault{s.Vault(s.user), s.quarantine}
	}
	return s.KeepsInPlace.Mailbox(address)
}

func (s asTwo) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	c.From, c.To = part(c.From), part(c.To)
	return s.KeepsInPlace.Carry(ctx, c)
}

// part returns the mailbox of the driver.
func part(m driver.Mailbox) driver.Mailbox {
	if v, ok := m.(asVault); ok {
		return v.Mailbox
	}
	return m
}

// asVault is a vault with the address of the quarantine.
type asVault struct {
	driver.Mailbox
	address string
}

func (v asVault) Address() string        { return v.address }
func (v asVault) Unwrap() driver.Mailbox { return v.Mailbox }

// Folder removes from the path the location of the vault in the user's mailbox.
func (v asVault) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	f, err := v.Mailbox.Folder(ctx, want)
	if names := strings.Split(f.Path, "/"); len(names) > len(want.Names) {
		f.Path = "/" + strings.Join(names[len(names)-len(want.Names):], "/")
	}
	return f, err
}
