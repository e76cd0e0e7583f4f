package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// cleaningTime bounds the removal of everything a lab has created.
const cleaningTime = 5 * time.Minute

// Close removes everything that the lab has created, even if ctx has ended, and closes
// the connections. The error reports what is left.
func (l *Lab) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaningTime)
	defer cancel()
	var errs []error
	for _, at := range []place{l.user, l.vault} {
		if at.folder.IsZero() {
			continue // nothing was created there
		}
		errs = append(errs, l.empty(ctx, at.client, at.folder), l.removeFolder(ctx, at))
		errs = append(errs, l.empty(ctx, at.client, l.known(at.client, ews.FolderInbox)), l.emptyDeletions(ctx, at.client))
	}
	if c, inbox := l.sender(); c != nil && !l.user.folder.IsZero() {
		errs = append(errs, l.empty(ctx, c, inbox))
	}
	if err := errors.Join(errs...); err != nil {
		return errors.Join(fmt.Errorf("remove the folder %q and mail with %q in its subject by hand: %w", l.name(), l.token, err), l.conn.Close())
	}
	return l.conn.Close()
}

// emptyDeletions removes what moves and deletions have left where users can recover it.
func (l *Lab) emptyDeletions(ctx context.Context, c *ews.Client) error {
	if c.Version() < ews.Exchange2010SP1 {
		return nil
	}
	return l.empty(ctx, c, l.known(c, ews.FolderRecoverableItemsDeletions))
}

// empty removes the lab's mail from a folder, and nothing else.
func (l *Lab) empty(ctx context.Context, c *ews.Client, folder ews.FolderRef) error {
	ids, err := l.mine(ctx, c, folder, "")
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ids, 50) {
		results, err := c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: batch, Type: ews.HardDelete})
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Err != nil && !errors.Is(r.Err, ews.ErrNotFound) {
				return r.Err
			}
		}
	}
	return nil
}

// mine returns the lab's mail in a folder: messages with its token and the mark in the
// subject.
func (l *Lab) mine(ctx context.Context, c *ews.Client, folder ews.FolderRef, mark string) ([]ews.ItemID, error) {
	var ids []ews.ItemID
	for it, err := range c.FindItems(ctx, ews.FindItemRequest{
		Folders:     []ews.FolderRef{folder},
		Restriction: ews.Contains{Property: ews.FieldSubject, Value: l.token, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase},
		Shape:       ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldSubject}},
	}) {
		if err != nil {
			return nil, err
		}
		if strings.Contains(it.Subject, l.token) && strings.Contains(it.Subject, mark) {
			ids = append(ids, ews.ItemID{ID: it.ID.ID})
		}
	}
	return ids, nil
}

// removeFolder removes one of the lab's folders, with whatever is left in it.
func (l *Lab) removeFolder(ctx context.Context, at place) error {
	_, err := at.client.Do(ctx, ews.DoRequest{Body: fmt.Appendf(nil,
		`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds><t:FolderId Id="%s"/></m:FolderIds></m:DeleteFolder>`, escaped(at.folder.ID))})
	if errors.Is(err, ews.ErrNotFound) {
		return nil
	}
	return err
}
