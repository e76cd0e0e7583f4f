package ews_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// storedID spells an id as Exchange does: with the address of the mailbox or its
// GUID, and with runs of equal bytes compressed or not.
func storedID(storage byte, mailbox string, store []byte, compressed bool) string {
	b := []byte{storage}
	b = binary.LittleEndian.AppendUint16(b, uint16(len(mailbox)))
	b = append(append(b, mailbox...), 0)
	b = append(binary.LittleEndian.AppendUint16(b, uint16(len(store))), store...)
	if !compressed {
		return base64.StdEncoding.EncodeToString(append([]byte{0}, b...))
	}
	out := []byte{1}
	for len(b) > 0 {
		run := 1
		for run < min(len(b), 257) && b[run] == b[0] {
			run++
		}
		if out = append(out, b[0]); run > 1 {
			out = append(out, b[0], byte(run-2))
		}
		b = b[run:]
	}
	return base64.StdEncoding.EncodeToString(out)
}

// An answer about another item belongs to another request; but the same item may be spelt
// in another way.
func TestAnswerAboutAnotherItem(t *testing.T) {
	t.Parallel()
	const guid = "7e616754-278d-49bb-805a-0f78644fe3dc"
	store := append(make([]byte, 300), 1, 2, 2, 2, 0, 0)
	other := append(bytes.Clone(store), 7)
	asked := storedID(3, guid, store, false)
	for name, tt := range map[string]struct {
		asked, got string
		misfit     bool
	}{
		"the same":                     {asked, asked, false},
		"none":                         {asked, "", false},
		"the same, compressed":         {asked, storedID(3, guid, store, true), false},
		"the same, by address":         {asked, storedID(0, "alice@example.test", store, false), false},
		"another":                      {asked, storedID(3, guid, other, false), true},
		"another, compressed":          {asked, storedID(3, guid, other, true), true},
		"another, both compressed":     {storedID(3, guid, store, true), storedID(3, guid, other, true), true},
		"of another server":            {"message-1", "message/1", false},
		"of another server, cut short": {asked, asked[:40], false},
		"compressed, cut short":        {asked, base64.StdEncoding.EncodeToString([]byte{1, 3, 3}), false},
		"of a conversation":            {asked, storedID(4, guid, other, false), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(err error) {
				if !tt.misfit {
					assert.NoError(t, err)
					return
				}
				_, transport := errors.AsType[*ews.TransportError](err)
				assert.True(t, transport)
				assert.True(t, ews.IsTransient(err))
				assert.ErrorContains(t, err, "about another item or folder")
			}
			opts := &ews.Options{ReadAttempts: 1}
			id := []ews.ItemID{{ID: tt.asked}}
			spelt := ""
			if tt.got != "" {
				spelt = `<t:ItemId Id="` + tt.got + `"/>`
			}
			message := func(content string) answerFunc {
				return ok(ews.OpGetItem, success(ews.OpGetItem, "<m:Items><t:Message>"+content+"</t:Message></m:Items>"))
			}
			_, err := newClient(t, serve(message(spelt)), opts).GetItem(t.Context(), ews.GetItemRequest{IDs: id})
			check(err)

			folder := ""
			if tt.got != "" {
				folder = `<t:FolderId Id="` + tt.got + `"/>`
			}
			folders := ok(ews.OpGetFolder, success(ews.OpGetFolder, "<m:Folders><t:Folder>"+folder+"</t:Folder></m:Folders>"))
			_, err = newClient(t, serve(folders), opts).GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{ews.FolderID{ID: tt.asked}}})
			check(err)

			mime, err := newClient(t, serve(message("<t:MimeContent>QUJD</t:MimeContent>"+spelt)), opts).OpenMIME(t.Context(), id[0])
			require.NoError(t, err)
			_, err = io.ReadAll(mime)
			check(err)

			data := "<m:Data>QUJD</m:Data>"
			if spelt != "" {
				data = `<m:ItemId Id="` + tt.got + `"/>` + data
			}
			exports, err := newClient(t, serve(ok(ews.OpExportItems, success(ews.OpExportItems, data))), opts).ExportItems(t.Context(), id)
			if err == nil {
				for exports.Next() {
					_, err = io.ReadAll(exports.Reader())
				}
				err = errors.Join(err, exports.Err())
			}
			check(err)
		})
	}
}

// Response messages in another order than the items are not taken to be in theirs.
func TestAnswerInAnotherOrder(t *testing.T) {
	t.Parallel()
	change := func(id string) ews.ItemChange {
		return ews.ItemChange{ID: ews.ItemID{ID: id, ChangeKey: "k"}, Changes: []ews.Change{ews.SetField{Property: stampField, Value: "x"}}}
	}
	req := ews.UpdateItemRequest{Items: []ews.ItemChange{change("a"), change("b")}}
	for name, tt := range map[string]struct {
		ids    [2]string
		misfit bool
	}{
		"in order": {[2]string{"a", "b"}, false}, "new ids": {[2]string{"c", "d"}, false}, "the other way round": {[2]string{"b", "a"}, true}, "one twice": {[2]string{"a", "a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var messages []string
			for _, id := range tt.ids {
				messages = append(messages, success(ews.OpUpdateItem, `<m:Items><t:Message><t:ItemId Id="`+id+`" ChangeKey="l"/></t:Message></m:Items>`))
			}
			_, err := newClient(t, serve(ok(ews.OpUpdateItem, messages...)), nil).UpdateItem(t.Context(), req)
			if !tt.misfit {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "in another order")
			assert.True(t, ews.Ambiguous(err))
		})
	}
}
