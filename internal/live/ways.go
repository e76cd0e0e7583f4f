package live

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// ways carries a message into quarantine by the bare operations, and reports how the
// server answers and what each operation keeps: questions C1 to C3.
func ways(ctx context.Context, l *Lab) error {
	for _, w := range []struct {
		topic, mark string
		carry       func(context.Context, *made) (ews.ItemID, error)
	}{
		{"C1 C2 MoveItem into another mailbox", "bare-move", l.bareMove},
		{"C3 ExportItems and UploadItems", "bare-transfer", l.bareTransfer},
		{"MIME and CreateItem", "bare-mime", l.bareMIME},
	} {
		m, err := l.message(ctx, w.mark)
		if err != nil {
			return err
		}
		before, err := l.look(ctx, l.user.client, m.id)
		if err != nil {
			return err
		}
		id, err := w.carry(ctx, m)
		if err != nil {
			l.Report.Add(w.topic, "%s", describe(err))
			continue
		}
		answer := "success with the new id"
		if id.IsZero() {
			answer = "success without an id"
			if id, err = l.only(ctx, l.vault, w.mark); err != nil {
				l.Report.Add(w.topic, "%s, and nothing arrived: %v", answer, err)
				continue
			}
		}
		after, err := l.look(ctx, l.vault.client, id)
		if err != nil {
			return fmt.Errorf("%s: the copy cannot be read: %w", w.topic, err)
		}
		l.Report.Add(w.topic, "%s; %s", answer, compare(before, after))
	}
	return nil
}

func (l *Lab) bareMove(ctx context.Context, m *made) (ews.ItemID, error) {
	return first(l.user.client.MoveItem(ctx, ews.MoveItemRequest{IDs: []ews.ItemID{{ID: m.id.ID}}, To: l.vault.folder}))
}

func (l *Lab) bareTransfer(ctx context.Context, m *made) (ews.ItemID, error) {
	data, err := l.export(ctx, m.id)
	if err != nil {
		return ews.ItemID{}, fmt.Errorf("ExportItems: %w", err)
	}
	return first(l.vault.client.UploadItems(ctx, []ews.UploadItem{{Parent: l.vault.folder, Data: ews.BytesContent(data)}}))
}

// export returns the export of an item of the user's mailbox.
func (l *Lab) export(ctx context.Context, id ews.ItemID) ([]byte, error) {
	exports, err := l.user.client.ExportItems(ctx, []ews.ItemID{{ID: id.ID}})
	if err != nil {
		return nil, err
	}
	defer exports.Close()
	if !exports.Next() {
		return nil, errors.Join(errors.New("the answer has no item"), exports.Err())
	}
	if err := exports.ItemErr(); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(exports.Decoded())
	if err == nil && exports.Next() {
		err = errors.New("the answer has two items")
	}
	return data, errors.Join(err, exports.Err())
}

func (l *Lab) bareMIME(ctx context.Context, m *made) (ews.ItemID, error) {
	mime, err := l.user.client.OpenMIME(ctx, m.id)
	if err != nil {
		return ews.ItemID{}, err
	}
	data, err := io.ReadAll(mime)
	if err := errors.Join(err, mime.Close()); err != nil {
		return ews.ItemID{}, err
	}
	return l.vault.client.CreateItem(ctx, ews.CreateItemRequest{
		Folder: l.vault.folder, MIME: ews.BytesContent(data), IsRead: new(false),
		Extended: []ews.ExtendedProperty{{Field: ews.PidTagMessageFlags, Value: "0"}},
	})
}
