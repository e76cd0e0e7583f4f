package ewsmail

import (
	"context"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// leftovers finds what a move left in Recoverable Items. It does not look in Purges: the
// owner cannot recover what retention keeps there, and nobody can remove it.
func (m *mailbox) leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	var all []driver.Item
	for _, name := range m.leftoverFolders() {
		left, err := m.leftIn(ctx, name, queryRestriction(driver.Query{Operation: operation}))
		if err != nil {
			return nil, fmt.Errorf("searching %s of %s: %w", name, m.address, err)
		}
		all = append(all, left...)
	}
	return all, nil
}

// leftoverFolders returns where a move may have left something.
func (m *mailbox) leftoverFolders() []ews.FolderName {
	names := []ews.FolderName{ews.FolderRecoverableItemsDeletions}
	if m.x.archive || m.archiveRead() {
		names = append(names, ews.FolderArchiveRecoverableItemsDeletions)
	}
	return names
}

func (m *mailbox) leftIn(ctx context.Context, name ews.FolderName, which ews.Restriction) ([]driver.Item, error) {
	request := ews.FindItemRequest{
		Folders:     []ews.FolderRef{m.known(name)},
		Shape:       ews.ItemShape{Properties: searchProperties},
		Restriction: which,
		MayBeGone:   true,
	}
	var left []driver.Item
	for raw, err := range m.client.FindItems(ctx, request) {
		if noSuchFolder(err) {
			return nil, nil // a mailbox without an archive
		}
		if err != nil {
			return nil, err
		}
		left = append(left, m.item(raw, &folderTree{}))
	}
	return left, nil
}
