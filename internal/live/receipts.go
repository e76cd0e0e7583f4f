package live

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// sender returns a client for the mailbox that sends, and its Inbox, or nil if the
// settings name none. With FullAccess the account sends from its own mailbox.
func (l *Lab) sender() (*ews.Client, ews.FolderRef) {
	switch {
	case l.settings.Sender == "" || l.client == nil:
		return nil, nil
	case l.cfg.Access == exchange.Impersonation:
		return l.client.Impersonating(l.settings.Sender), ews.DistinguishedFolder{Name: ews.FolderInbox}
	}
	return l.client, ews.DistinguishedFolder{Name: ews.FolderInbox}
}

// receipts sends mail that asks for a read receipt, and does to each message, still
// unread, what the SDK does, or must not do: question C4.
func receipts(ctx context.Context, l *Lab) error {
	const topic = "C4 receipts"
	from, inbox := l.sender()
	if from == nil {
		l.Report.Add(topic, "not tried: %s is not set", EnvSender)
		return nil
	}
	deeds := []struct {
		mark string
		do   func(context.Context, ews.ItemID) error
	}{
		{"MoveItem of an unread message within the mailbox", l.moveUnread},
		{"UploadItems of a copy, which is then marked as read in quarantine", l.readCopy},
		{"HardDelete with the receipt suppressed", l.deleteQuietly},
		{"HardDelete without SuppressReadReceipts", l.deleteAloud},
	}
	arrived := l.known(l.user.client, ews.FolderInbox)
	for _, d := range deeds {
		if err := l.sendAsking(ctx, from, d.mark); err != nil {
			l.Report.Add(topic, "mail could not be sent: %s", describe(err))
			return nil
		}
	}
	done := map[string]error{}
	for _, d := range deeds {
		var ids []ews.ItemID
		err := l.until(ctx, func() (_ bool, err error) {
			ids, err = l.mine(ctx, l.user.client, arrived, d.mark+".")
			return len(ids) > 0, err
		})
		if err == nil && len(ids) != 1 {
			err = fmt.Errorf("it arrived %d times", len(ids))
		}
		if err == nil {
			err = d.do(ctx, ids[0])
		}
		done[d.mark] = err
	}
	if err := sleep(ctx, l.settings.Wait); err != nil {
		return err
	}
	for _, d := range deeds {
		if err := done[d.mark]; err != nil {
			l.Report.Add(topic, "%s: %s", d.mark, describe(err))
			continue
		}
		classes, err := l.receiptsOf(ctx, from, inbox, d.mark+".")
		if err != nil {
			return err
		}
		seen := "no receipt"
		if len(classes) > 0 {
			seen = "receipt " + strings.Join(classes, ", ")
		}
		l.Report.Add(topic, "%s: %s", d.mark, seen)
	}
	return nil
}

// sendAsking sends a message that asks for a read receipt.
func (l *Lab) sendAsking(ctx context.Context, from *ews.Client, mark string) error {
	_, err := from.Do(ctx, ews.DoRequest{Body: fmt.Appendf(nil, `<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message>`+
		`<t:Subject>%s. %s</t:Subject><t:Body BodyType="Text">Written by the live suite, which removes it.</t:Body>`+
		`<t:ToRecipients><t:Mailbox><t:EmailAddress>%s</t:EmailAddress></t:Mailbox></t:ToRecipients>`+
		`<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested></t:Message></m:Items></m:CreateItem>`,
		mark, l.token, escaped(l.settings.Mailbox))})
	return err
}

// receiptsOf returns the classes of the reports about a message. Their subject is the
// subject of the message, preceded by a word.
func (l *Lab) receiptsOf(ctx context.Context, c *ews.Client, inbox ews.FolderRef, mark string) ([]string, error) {
	ids, err := l.mine(ctx, c, inbox, mark)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	results, err := c.GetItem(ctx, ews.GetItemRequest{IDs: ids, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldItemClass}}})
	if err != nil {
		return nil, err
	}
	var classes []string
	for _, r := range results {
		if r.Err == nil {
			classes = append(classes, r.Value.Class)
		}
	}
	return classes, nil
}

func (l *Lab) moveUnread(ctx context.Context, id ews.ItemID) error {
	_, err := first(l.user.client.MoveItem(ctx, ews.MoveItemRequest{IDs: []ews.ItemID{id}, To: l.user.folder}))
	return err
}

// readCopy creates a copy in quarantine and marks it as read without suppression.
func (l *Lab) readCopy(ctx context.Context, id ews.ItemID) error {
	data, err := l.export(ctx, id)
	if err != nil {
		return err
	}
	upload, err := first(l.vault.client.UploadItems(ctx, []ews.UploadItem{{Parent: l.vault.folder, Data: ews.BytesContent(data)}}))
	if err == nil && upload.IsZero() {
		upload, err = l.only(ctx, l.vault, "UploadItems of a copy")
	}
	if err != nil {
		return err
	}
	it, err := first(l.vault.client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: upload.ID}}}))
	if err != nil {
		return err
	}
	return all(members(ctx, l.vault.client, fmt.Sprintf(`<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges>`+
		`<t:ItemChange><t:ItemId Id="%s" ChangeKey="%s"/><t:Updates><t:SetItemField><t:FieldURI FieldURI="message:IsRead"/>`+
		`<t:Message><t:IsRead>true</t:IsRead></t:Message></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`,
		escaped(it.ID.ID), escaped(it.ID.ChangeKey))))
}

// deleteQuietly deletes a message as the SDK does: with servers before Exchange 2013 SP1,
// a separate operation suppresses the receipt first.
func (l *Lab) deleteQuietly(ctx context.Context, id ews.ItemID) error {
	c := l.user.client
	if !c.SuppressesReceipts() {
		it, err := first(c.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{id}}))
		if err == nil {
			err = c.SuppressReadReceipt(ctx, it.ID)
		}
		if err != nil {
			return err
		}
	}
	_, err := first(c.DeleteItem(ctx, ews.DeleteItemRequest{IDs: []ews.ItemID{id}, Type: ews.HardDelete, RequireSuppression: c.SuppressesReceipts()}))
	return err
}

// deleteAloud deletes a message without suppressing its receipt.
func (l *Lab) deleteAloud(ctx context.Context, id ews.ItemID) error {
	return all(members(ctx, l.user.client, fmt.Sprintf(
		`<m:DeleteItem DeleteType="HardDelete"><m:ItemIds><t:ItemId Id="%s"/></m:ItemIds></m:DeleteItem>`, escaped(id.ID))))
}

// all returns an error unless all response messages report success.
func all(got []member, err error) error {
	for _, m := range got {
		if m.class != "Success" {
			return errors.Join(err, errors.New(list(got)))
		}
	}
	return err
}
