package ewsmail

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// sweepAll removes what a move left in Recoverable Items. It leaves Purges alone:
// the owner cannot recover what retention keeps there, and nobody can remove it.
func (m *mailbox) sweepAll(ctx context.Context, operation string) (int, error) {
	names := []ews.FolderName{ews.FolderRecoverableItemsDeletions}
	if m.x.archive {
		names = append(names, ews.FolderArchiveRecoverableItemsDeletions)
	}
	total := 0
	for _, name := range names {
		n, err := m.sweep(ctx, name, operation)
		total += n
		if err != nil {
			return total, fmt.Errorf("sweeping %s of %s: %w", name, m.address, err)
		}
	}
	return total, nil
}

func (m *mailbox) sweep(ctx context.Context, name ews.FolderName, operation string) (int, error) {
	request := ews.FindItemRequest{
		Folders:     []ews.FolderRef{m.known(name)},
		Shape:       ews.ItemShape{Properties: stampPaths()},
		Restriction: queryRestriction(driver.Query{Operation: operation}),
	}
	var left []driver.Item
	for raw, err := range m.client.FindItems(ctx, request) {
		if noSuchFolder(err) {
			return 0, nil // a mailbox without an archive
		}
		if err != nil {
			return 0, err
		}
		left = append(left, m.item(raw, &folderTree{}))
	}
	for i, it := range left {
		if err := m.remove(ctx, it); err != nil && !errors.Is(err, driver.ErrGone) {
			return i, err
		}
	}
	return len(left), nil
}
