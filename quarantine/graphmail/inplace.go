package graphmail

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/folderpath"
	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// VaultFolder is the name of the hidden folder at the top of each mailbox in which an
// [InPlace] keeps messages. It is hidden from mail programs (PidTagAttributeHidden), but
// not from anyone who looks for hidden folders.
const VaultFolder = "ewsquarantine"

// InPlace is the [driver.Strategy] that keeps messages in the mailbox that they came
// from, in the hidden folder [VaultFolder]. It is for the clouds in which Graph can
// neither export nor import: those of the United States government and of China. In all
// other respects it is like [Strategy].
//
// It is not a quarantine from a user who looks for it: anyone who may open the mailbox
// can list hidden folders, by MAPI or by Graph, and take messages out or delete them. The
// messages count against the quota of the mailbox, fall under its policies, and disappear
// with it.
//
// Items are moved ([driver.WayMove]) within the mailbox. Where permanentDelete does not
// exist, nothing is removed permanently.
type InPlace struct{ *Strategy }

// NewInPlace is like [New], for messages that stay in their mailbox. The options
// ImportTransport, QuarantineMailbox and Ways have no effect.
func NewInPlace(transport http.RoundTripper, opts *Options) (*InPlace, error) {
	s, err := New(transport, opts)
	if err != nil {
		return nil, err
	}
	return &InPlace{s}, nil
}

// Name returns "graphInPlace".
func (s *InPlace) Name() string { return "graphInPlace" }

// Mailbox returns access to the part of a mailbox that its owner sees, by its primary
// SMTP address: everything but the vault.
func (s *InPlace) Mailbox(address string) driver.Mailbox { return s.partOf(address, ownersPart) }

// Vault returns access to the vault of a mailbox and nothing else.
func (s *InPlace) Vault(address string) driver.Mailbox { return s.partOf(address, vaultPart) }

// Carry moves the item from one part of its mailbox to the other: [driver.WayMove] is the
// only way in place.
func (s *InPlace) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	carried, err := s.move(ctx, c)
	return carried, translate(err)
}

// errMovesOnly is the error when the caller excludes the only way.
var errMovesOnly = &driver.Error{
	Err: errors.New("no other way to carry it is left: in place, items are only moved"), Untouched: true, Answered: true,
}

func (s *InPlace) move(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	if c.Only != "" && c.Only != driver.WayMove || slices.Contains(c.Except, driver.WayMove) {
		return driver.Carried{}, errMovesOnly
	}
	// The id of an item is dead once it has been moved.
	carried := driver.Carried{Way: driver.WayMove, Faithful: true, Once: true}
	if !strings.EqualFold(c.From.Address(), c.To.Address()) {
		return carried, readOnly{fmt.Errorf("the item stays in its mailbox, and %s is not %s", c.To.Address(), c.From.Address())}
	}
	from, ok := driver.As[*mailbox](c.From)
	if !ok {
		from = s.mailbox(c.From.Address())
	}
	box, err := from.open(ctx)
	if err != nil {
		return carried, readOnly{err}
	}
	if _, err := from.unchanged(ctx, box, c.Item); err != nil {
		return carried, err
	}
	now, err := box.Move(ctx, c.Item.ID, c.Folder.ID)
	if err == nil {
		err = moved(now, c.Item)
	}
	if err != nil {
		return carried, asConflict(asGone(err))
	}
	carried.Moved, carried.ItemID = true, now.ID
	return carried, nil
}

// isVault reports whether a folder at the top of a mailbox is the vault.
func isVault(f graph.Folder) bool {
	return f.Hidden && strings.EqualFold(f.Name, VaultFolder) && !f.IsSearch()
}

// visible returns the error for a mailbox in which the owner can see a folder with the
// name of the vault.
func (m *mailbox) visible() error {
	return &driver.Error{
		Err:       fmt.Errorf("the folder %q of %s is not hidden, so that its owner sees it, and Graph cannot hide it: rename it, and take out what is in it", VaultFolder, m.address),
		Untouched: true, Answered: true,
	}
}

// node is the place of a folder in a tree.
func node(f graph.Folder) folderpath.Node { return folderpath.Node{Name: f.Name, Parent: f.ParentID} }
