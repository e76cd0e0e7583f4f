package ewstest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// indexTexts are Message-IDs and stamps. Some differ only in case, even beyond ASCII: the
// Kelvin sign is a K, but İ equals no other letter.
var indexTexts = []string{"&lt;k1@x.example&gt;", "&lt;K1@X.example&gt;", "&lt;\u212a1@x.example&gt;", "k1@x.example", "ſtamp", "STAMP", "stamp", "İ", "i", "σ", "ς", "ß", "\ufffd", ""}

var indexPaths = []string{
	`<t:FieldURI FieldURI="message:InternetMessageId"/>`,
	`<t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/>`,
	`<t:ExtendedFieldURI PropertySetId="7F2B6F0E-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyName="QuarantineOperation" PropertyType="String"/>`,
	`<t:ExtendedFieldURI PropertySetId="7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyName="QuarantineMailbox" PropertyType="String"/>`,
	`<t:ExtendedFieldURI PropertySetId="7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyName="quarantinemailbox" PropertyType="String"/>`,
	`<t:ExtendedFieldURI PropertySetId="7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyName="QuarantineMailbox" PropertyType="StringArray"/>`,
	`<t:ExtendedFieldURI PropertySetId="00020329-0000-0000-c000-000000000046" PropertyName="Public" PropertyType="String"/>`,
	`<t:ExtendedFieldURI PropertySetId="7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyId="7" PropertyType="String"/>`,
	`<t:FieldURI FieldURI="item:Subject"/>`,
}

// history changes a server at random and searches it.
type history struct {
	*caller
	*rand.Rand
	boxes   []*ewstest.Mailbox
	folders []*ewstest.Folder
}

func one[T any](h *history, all []T) T { return all[h.IntN(len(all))] }

var whole = flag.Bool("whole", false, "TestIndexedSearches: eight histories, not three")

// Searches by indexed properties find the same items, in the same order and on the same
// pages, as searches that look at every item, which are made by negating the restriction
// twice.
func TestIndexedSearches(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		if !*whole && seed%4 != 3 && seed != 0 {
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := &history{caller: newCaller(t, ewstest.Options{RetentionOff: seed%4 == 3}), Rand: rand.New(rand.NewPCG(seed, 0))}
			for _, address := range []string{alice, bob} {
				box := h.srv.Mailbox(address)
				h.boxes = append(h.boxes, box)
				h.folders = append(h.folders, box.Folder(ews.FolderInbox), box.Folder(ews.FolderDrafts), box.AddFolder(nil, "Projects", "Sub"),
					box.Folder(ews.FolderDeletedItems), box.Folder(ews.FolderRecoverableItemsDeletions), box.AddSearchFolder("AllItems"))
				box.Fill(150, func(int) ([]byte, ewstest.Delivery) { return h.message() })
			}
			for range 150 {
				h.change()
				if h.IntN(3) == 0 {
					h.search(h.restriction(0, one(h, indexPaths)))
				}
				if h.IntN(30) == 0 {
					h.counts()
				}
			}
			h.counts()
		})
	}
}

// message returns a message, which may be stamped.
func (h *history) message() ([]byte, ewstest.Delivery) {
	d := ewstest.Delivery{Read: h.IntN(2) == 0, Associated: h.IntN(20) == 0, Received: time.Date(2026, 11, 24, 0, 0, h.IntN(5), 0, time.UTC)}
	for _, name := range []string{"QuarantineOperation", "QuarantineMailbox"} {
		if h.IntN(4) == 0 {
			d.Extended = append(d.Extended, ews.ExtendedProperty{Field: stampField(name), Value: unescape(one(h, indexTexts))})
		}
	}
	eml := fmt.Sprintf("Subject: %d\r\n", h.IntN(3))
	if h.IntN(5) > 0 {
		id := unescape(one(h, indexTexts))
		if h.IntN(10) == 0 {
			id = "\xff"
		}
		eml += "Message-ID: " + id + "\r\n"
	}
	return []byte(eml + "\r\n"), d
}

func unescape(s string) string { return strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(s) }

// change changes something. Some changes are refused.
func (h *history) change() {
	f, to := one(h, h.folders), one(h, h.folders)
	all := f.Messages()
	if n := h.IntN(40); n == 0 && f.Distinguished() == ews.FolderDrafts {
		h.do(`<m:EmptyFolder DeleteType="` + one(h, []string{"HardDelete", "SoftDelete"}) + `" DeleteSubFolders="false"><m:FolderIds>` + folderIDXML(f) + `</m:FolderIds></m:EmptyFolder>`)
		return
	}
	if len(all) == 0 {
		return
	}
	m := one(h, all)
	id, box := itemID(m), h.srv.Mailbox(m.Mailbox)
	path := one(h, indexPaths[:8])
	switch h.IntN(11) {
	case 0:
		eml, d := h.message()
		d.Folder = h.folders[0]
		h.srv.Mailbox(alice).DeliverWith(eml, d)
	case 1:
		eml, _ := h.message()
		h.do(createXML(saveOnly, folderIDXML(to), `<t:Message>`+mimeOf(string(eml))+`<t:ExtendedProperty>`+indexPaths[2]+`<t:Value>`+one(h, indexTexts)+`</t:Value></t:ExtendedProperty></t:Message>`))
	case 2, 3:
		value := `<t:Value>` + one(h, indexTexts) + `</t:Value>`
		if strings.Contains(path, "StringArray") {
			value = `<t:Values>` + value + `</t:Values>`
		}
		h.do(updateXML("AlwaysOverwrite", "", id, setExtended(path, value)))
	case 4:
		h.do(updateXML("AlwaysOverwrite", "", id, `<t:DeleteItemField>`+path+`</t:DeleteItemField>`))
	case 5:
		h.do(moveXML(folderIDXML(to), id, itemID(one(h, all))))
	case 6:
		h.do(strings.ReplaceAll(moveXML(folderIDXML(to), id), "MoveItem", "CopyItem"))
	case 7:
		h.do(deleteXML(one(h, []string{"HardDelete", "SoftDelete"}), "", id))
	case 8:
		data := texts(h.do(exportXML(id)), "Data")[0]
		action, old := one(h, []string{"CreateNew", "Update"}), ""
		if action == "Update" {
			old = itemID(one(h, all))
		}
		h.do(uploadXML(action, f, old, data))
	case 9:
		box.SetRead(m.ID, h.IntN(2) == 0)
		if h.IntN(2) == 0 {
			box.DeleteMessage(m.ID)
		}
	case 10:
		sub := h.folders[2] // alice's, with all its content
		sub.MoveTo(one(h, h.boxes[0].Folders()))
	}
}

// restriction returns a restriction, mostly one that an index helps with, of one
// property or several.
func (h *history) restriction(depth int, path string) string {
	if h.IntN(3) == 0 {
		path = one(h, indexPaths)
	}
	op, n := "IsEqualTo", h.IntN(12)
	switch {
	case n < 4 && depth < 3:
		var all strings.Builder
		for range 1 + h.IntN(3) {
			all.WriteString(h.restriction(depth+1, path))
		}
		op := one(h, []string{"And", "Or"})
		return `<t:` + op + `>` + all.String() + `</t:` + op + `>`
	case n == 4 && depth < 3:
		return `<t:Not>` + h.restriction(depth+1, path) + `</t:Not>`
	case n == 5:
		return `<t:Exists>` + path + `</t:Exists>`
	case n == 8:
		return `<t:Contains ContainmentMode="FullString" ContainmentComparison="` + one(h, []string{"Exact", "IgnoreCase", "IgnoreNonSpacingCharacters"}) + `">` + path + `<t:Constant Value="` + one(h, indexTexts) + `"/></t:Contains>`
	case n == 6:
		op = one(h, []string{"IsNotEqualTo", "IsLessThan", "IsGreaterThanOrEqualTo"})
	case n == 7:
		return `<t:IsEqualTo>` + path + `<t:FieldURIOrConstant>` + one(h, indexPaths) + `</t:FieldURIOrConstant></t:IsEqualTo>`
	}
	return `<t:` + op + `>` + path + `<t:FieldURIOrConstant><t:Constant Value="` + one(h, indexTexts) + `"/></t:FieldURIOrConstant></t:` + op + `>`
}

// search searches every folder twice.
func (h *history) search(restriction string) {
	view := fmt.Sprintf(`<m:IndexedPageItemView MaxEntriesReturned="%d" Offset="%d" BasePoint="%s"/>`, one(h, []int{1, 10, 100}), one(h, []int{0, 0, 1, 10}), one(h, []string{"Beginning", "End"}))
	order := one(h, []string{"", `<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder></m:SortOrder>`})
	traversal := one(h, []string{"Shallow", "Shallow", "Associated"})
	var folders strings.Builder
	for _, f := range h.folders {
		folders.WriteString(folderIDXML(f))
	}
	find := func(restriction string) string {
		return h.do(strings.Replace(findXML(folders.String(), view+`<m:Restriction>`+restriction+`</m:Restriction>`+order), "Shallow", traversal, 1))
	}
	want := find(`<t:Not><t:Not>` + restriction + `</t:Not></t:Not>`)
	require.Contains(h.t, want, "NoError")
	require.Equal(h.t, want, find(restriction), restriction)
}

// counts checks the totals of folders and mailboxes against their content.
func (h *history) counts() {
	for _, f := range h.folders {
		total, unread := 0, 0
		for _, m := range f.Messages() {
			if m.Associated {
				continue
			}
			total++
			if !m.Read {
				unread++
			}
		}
		answer := h.do(`<m:GetFolder><m:FolderShape>` + full + `</m:FolderShape><m:FolderIds>` + folderIDXML(f) + `</m:FolderIds></m:GetFolder>`)
		assert.Equal(h.t, []string{fmt.Sprint(total)}, texts(answer, "TotalCount"), f.Path())
		assert.Equal(h.t, []string{fmt.Sprint(unread)}, texts(answer, "UnreadCount"), f.Path())
	}
	for _, box := range h.boxes {
		var size int64
		for _, m := range box.Messages() {
			size += m.Size
		}
		assert.Equal(h.t, size, box.Size())
	}
}
