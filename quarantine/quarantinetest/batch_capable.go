package quarantinetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// batchSweeps compares the leftovers of several operations with those of each: operations
// that left something, one of them named twice, one whose item was not moved, and an
// unknown one.
func batchSweeps(t *testing.T, lab Lab) {
	box, items := batchLab(t, lab)
	all, ok := driver.As[driver.BatchSweeper](box)
	one, alone := driver.As[driver.Sweeper](box)
	if !ok || !alone {
		return
	}
	to := lab.Strategy().Mailbox(lab.Quarantine())
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items[:3] {
		if _, err := lab.Strategy().Carry(t.Context(), driver.Carriage{From: box, Item: it, To: to, Folder: folder}); err != nil {
			t.Fatal(err)
		}
	}
	operations := []string{operation(0), operation(9), operation(1), operation(0), operation(4), operation(2)}
	leftovers := func(op string) ([]driver.Item, error) {
		left, err := one.Leftovers(t.Context(), op)
		return inOrder(left), err
	}
	got := all.LeftoversAll(t.Context(), operations)
	for i := range got {
		got[i].Value = inOrder(got[i].Value)
	}
	sameReplies(t, "LeftoversAll", got, oneByOne(operations, leftovers))
	got = all.LeftoversAll(t.Context(), operations[2:3])
	for i := range got {
		got[i].Value = inOrder(got[i].Value)
	}
	if len(got) != 1 {
		t.Fatalf("LeftoversAll of 1 operation returned %d replies", len(got))
	}
	for _, it := range got[0].Value {
		if it.Stamp == nil || it.Stamp.Operation != operation(1) {
			t.Errorf("LeftoversAll of %s returned %+v with the stamp %+v", operation(1), it, it.Stamp)
		}
	}
}

// inOrder returns items in an order that does not depend on the search.
func inOrder(items []driver.Item) []driver.Item {
	if len(items) == 0 {
		return nil
	}
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b driver.Item) int { return strings.Compare(a.ID, b.ID) })
	return items
}

// batchContents compares the contents of several items, one of which is gone and one
// named twice, with the content of each.
func batchContents(t *testing.T, lab Lab) {
	box, items := batchLab(t, lab)
	all, ok := driver.As[driver.BatchReader](box)
	one, alone := driver.As[driver.Reader](box)
	if !ok || !alone {
		return
	}
	gone := items[3]
	if err := box.Remove(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	asked := []driver.Item{items[0], items[1], gone, items[2], items[0]}
	content := func(it driver.Item) (driver.Content, error) { return one.Content(t.Context(), it) }
	sameReplies(t, "ContentAll", all.ContentAll(t.Context(), asked), oneByOne(asked, content))
}
