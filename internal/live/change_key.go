package live

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// changeKey updates an item with AlwaysOverwrite and no change key, and with one that is
// out of date: question C7.
func changeKey(ctx context.Context, l *Lab) error {
	const topic = "C7 UpdateItem with AlwaysOverwrite"
	m, err := l.message(ctx, "change-key")
	if err != nil {
		return err
	}
	it, err := first(l.user.client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: m.id.ID}}}))
	if err != nil {
		return err
	}
	update := func(id ews.ItemID, how ews.ConflictResolution, value string) error {
		_, err := first(l.user.client.UpdateItem(ctx, ews.UpdateItemRequest{ConflictResolution: how, Items: []ews.ItemChange{{
			ID: id, Changes: []ews.Change{ews.SetField{Property: ownProperty, Value: value}},
		}}}))
		return err
	}
	l.Report.Add(topic, "without a change key: %s", describe(update(ews.ItemID{ID: it.ID.ID}, ews.AlwaysOverwrite, "1")))
	if err := update(it.ID, ews.AlwaysOverwrite, "2"); err != nil {
		l.Report.Add(topic, "with one that is out of date: %s", describe(err))
	} else {
		l.Report.Add(topic, "with one that is out of date: success")
	}
	l.Report.Add("C7 UpdateItem with NeverOverwrite", "with a change key that is out of date: %s", describe(update(it.ID, ews.NeverOverwrite, "3")))
	return nil
}
