package ewstest_test

import (
	"fmt"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// BenchmarkFindOne measures a search for one message by an indexed property, in a small
// and in a large folder.
func BenchmarkFindOne(b *testing.B) {
	equal := func(p ews.PropertyPath, v string) ews.Restriction {
		return ews.Compare{Op: ews.IsEqualTo, Property: p, Value: v}
	}
	operation := stampField("QuarantineOperation")
	for _, items := range []int{100, 100_000} {
		id := fmt.Sprintf("%d@news.example", items/2)
		for name, tt := range map[string]struct {
			stamped     bool
			restriction ews.Restriction
		}{
			"Message-ID": {false, ews.Or{equal(ews.FieldInternetMessageID, "<"+id+">"), equal(ews.FieldInternetMessageID, id)}},
			"stamp":      {true, equal(operation, fmt.Sprintf("operation-%d", items/2))},
			"either": {true, ews.Or{
				equal(ews.FieldInternetMessageID, "<"+id+">"), equal(ews.PidTagInternetMessageID, "<"+id+">"),
				ews.And{ews.Exists{Property: operation}, equal(operation, fmt.Sprintf("operation-%d", items/2))},
			}},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, items), func(b *testing.B) {
				srv := ewstest.NewServer(nil)
				defer srv.Close()
				srv.Mailbox(alice).Fill(items, func(i int) ([]byte, ewstest.Delivery) {
					var d ewstest.Delivery
					if tt.stamped {
						d.Extended = []ews.ExtendedProperty{{Field: operation, Value: fmt.Sprintf("operation-%d", i)}}
					}
					return fmt.Appendf(nil, "Subject: Number %d\r\nMessage-ID: <%d@news.example>\r\n\r\n", i, i), d
				})
				c := srv.Client("svc", nil)
				find := func() {
					pages, err := c.FindItem(b.Context(), ews.FindItemRequest{
						Folders:     []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice}},
						Restriction: tt.restriction,
					})
					if err != nil || pages[0].Err != nil || len(pages[0].Value.Items) != 1 {
						b.Fatal(err, pages)
					}
				}
				find() // the first search builds the index
				b.ReportAllocs()
				for b.Loop() {
					find()
				}
			})
		}
	}
}

// stampField is a property that the engine marks items with.
func stampField(name string) ews.ExtendedField {
	return ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: name, Type: ews.TypeString}
}
