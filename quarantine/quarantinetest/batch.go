package quarantinetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Tests of drivers with batches: each member ends as the call for a single item does.

// batchIDs are the Message-IDs of the messages of a batch.
func batchIDs() []string {
	ids := make([]string, 6)
	for i := range ids {
		ids[i] = fmt.Sprintf("<batch%d@evil.example>", i)
	}
	return ids
}

// batchLab delivers the messages and returns the items. Each has its own operation.
func batchLab(t *testing.T, lab Lab) (driver.Mailbox, []driver.Item) {
	t.Helper()
	box := lab.Strategy().Mailbox(lab.User())
	var items []driver.Item
	for i, id := range batchIDs() {
		m := message(id)
		m.Subject, m.Attachment = fmt.Sprint("Subject ", i), []string{"", "invoice.pdf"}[i%2]
		lab.Deliver(t, m)
		stamp := stampFor(lab)
		stamp.Operation = operation(i)
		it, err := box.Mark(t.Context(), the(t, box, driver.Query{MessageID: id}), driver.Change{Stamp: stamp})
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, it)
	}
	return box, items
}

// sameReplies compares the replies of a batch with the results of calls for single items.
// Any member may have to be requested alone, but not all of them.
func sameReplies[T any](t *testing.T, what string, got, want []driver.Reply[T]) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s of %d members returned %d replies", what, len(want), len(got))
	}
	decided := 0
	for i := range want {
		if errors.Is(got[i].Err, driver.ErrAlone) {
			continue
		}
		decided++
		for _, kind := range []error{driver.ErrGone, driver.ErrConflict, driver.ErrUnreachable} {
			if errors.Is(got[i].Err, kind) != errors.Is(want[i].Err, kind) {
				t.Errorf("%s, member %d: the error is %v, want %v", what, i, got[i].Err, want[i].Err)
			}
		}
		switch {
		case (got[i].Err == nil) != (want[i].Err == nil):
			t.Errorf("%s, member %d: the error is %v, want %v", what, i, got[i].Err, want[i].Err)
		case got[i].Err == nil && !reflect.DeepEqual(got[i].Value, want[i].Value):
			t.Errorf("%s, member %d: the reply is\n%+v, want\n%+v", what, i, got[i].Value, want[i].Value)
		}
	}
	if decided == 0 {
		t.Errorf("%s ends each of %d members as one to be asked for alone", what, len(want))
	}
}

// oneByOne calls one for each member.
func oneByOne[A, T any](args []A, one func(A) (T, error)) []driver.Reply[T] {
	replies := make([]driver.Reply[T], len(args))
	for i, a := range args {
		replies[i].Value, replies[i].Err = one(a)
	}
	return replies
}

// batchReads compares batches that read with calls that read a single item.
func batchReads(t *testing.T, lab Lab) {
	box, items := batchLab(t, lab)
	gone := items[3]
	if err := box.Remove(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if b, ok := driver.As[driver.BatchInspector](box); ok {
		ids := []string{items[0].ID, items[2].ID, gone.ID, items[1].ID, items[0].ID, ""}
		sameReplies(t, "InspectAll", b.InspectAll(t.Context(), ids), oneByOne(ids, func(id string) (driver.Item, error) { return box.Inspect(t.Context(), id) }))
	}
	b, ok := driver.As[driver.BatchFinder](box)
	if !ok {
		return
	}
	id := batchIDs()
	inbox := items[0].Folder
	for what, queries := range map[string][]driver.Query{
		"by Message-ID": {{MessageID: id[0]}, {MessageID: strings.Trim(id[1], "<>")}, {MessageID: id[3]}, {MessageID: id[0]}, {MessageID: strings.ToUpper(id[4])}},
		"by stamp":      {{Operation: operation(0)}, {Operation: operation(1), Origin: lab.User()}, {Operation: operation(3)}, {Operation: operation(2), Origin: lab.Quarantine()}},
		"mixed":         {{MessageID: id[0]}, {Operation: operation(0)}, {MessageID: id[2], Operation: operation(2)}, {MessageID: id[2], Operation: operation(1)}},
		"in a folder":   {{MessageID: id[0], In: &inbox}, {MessageID: id[5], In: &inbox}, {MessageID: id[5], In: &inbox, Below: true}, {MessageID: id[2]}},
	} {
		find := func(q driver.Query) (driver.Findings, error) {
			f, err := box.Find(t.Context(), q)
			return comparable(f), err
		}
		got := b.FindAll(t.Context(), queries)
		for i := range got {
			got[i].Value = comparable(got[i].Value)
		}
		sameReplies(t, "FindAll "+what, got, oneByOne(queries, find))
	}
}

// comparable returns findings in a form that does not depend on their order.
func comparable(f driver.Findings) driver.Findings {
	f.Items, f.Near, f.Searched = inOrder(f.Items), inOrder(f.Near), slices.Clone(f.Searched)
	slices.SortFunc(f.Searched, func(a, b driver.Searched) int { return strings.Compare(a.Folder.ID, b.Folder.ID) })
	return f
}

// batchWrites marks, carries and removes several items, some of which are gone or were
// changed by somebody else.
func batchWrites(t *testing.T, lab Lab) {
	box, items := batchLab(t, lab)
	read := true
	stale := items[1]
	if _, err := box.Mark(t.Context(), items[1], driver.Change{Read: &read}); err != nil {
		t.Fatal(err)
	}
	if err := box.Remove(t.Context(), items[3]); err != nil {
		t.Fatal(err)
	}
	wrong := map[int]error{1: driver.ErrConflict, 3: driver.ErrGone}
	check := func(what string, i int, err error) (done bool) {
		t.Helper()
		switch {
		case errors.Is(err, driver.ErrAlone):
			return false
		case wrong[i] != nil && !errors.Is(err, wrong[i]):
			t.Errorf("%s, member %d: the error is %v, want %v", what, i, err, wrong[i])
		case wrong[i] == nil && err != nil:
			t.Errorf("%s, member %d: %v", what, i, err)
		}
		return err == nil
	}
	if b, ok := driver.As[driver.BatchMarker](box); ok {
		var marks []driver.Marking
		for i, it := range items[:4] {
			stamp := stampFor(lab)
			stamp.Operation = operation(10 + i)
			marks = append(marks, driver.Marking{Item: it, Change: driver.Change{Stamp: stamp}})
		}
		marks[1].Item = stale
		for i, r := range b.MarkAll(t.Context(), marks) {
			if !check("MarkAll", i, r.Err) {
				continue
			}
			items[i] = r.Value
			fresh, err := box.Inspect(t.Context(), r.Value.ID)
			if err != nil || fresh.Stamp == nil || fresh.Stamp.Operation != operation(10+i) || fresh.Version != r.Value.Version || fresh.MessageID != items[i].MessageID {
				t.Errorf("MarkAll, member %d: the item is %+v (%v), want the operation %s and the version that was returned, %q", i, fresh, err, operation(10+i), r.Value.Version)
			}
		}
	}
	if b, ok := lab.Strategy().(driver.BatchCarrier); ok {
		delete(wrong, 1) // a way need not check versions
		batchCarries(t, lab, b, box, []driver.Item{items[0], items[2], items[3]}, map[int]bool{2: true})
	}
	if b, ok := driver.As[driver.BatchRemover](box); ok {
		wrong = map[int]error{1: driver.ErrGone}
		replies := b.RemoveAll(t.Context(), []driver.Item{items[4], items[3], items[5]})
		if len(replies) != 3 {
			t.Fatalf("RemoveAll of 3 items returned %d replies", len(replies))
		}
		for i, it := range map[int]driver.Item{0: items[4], 1: items[3], 2: items[5]} {
			done := check("RemoveAll", i, replies[i].Err)
			if _, err := box.Inspect(t.Context(), it.ID); done != errors.Is(err, driver.ErrGone) && i != 1 {
				t.Errorf("RemoveAll, member %d: done %t, but then reading it returns %v", i, done, err)
			}
		}
	}
}

// batchCarries carries items, some of which are gone.
func batchCarries(t *testing.T, lab Lab, b driver.BatchCarrier, from driver.Mailbox, items []driver.Item, gone map[int]bool) {
	t.Helper()
	to := lab.Strategy().Mailbox(lab.Quarantine())
	folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	carriages := make([]driver.Carriage, len(items))
	for i, it := range items {
		if it.Stamp == nil {
			t.Fatalf("there is no stamp on %+v", it)
		}
		carriages[i] = driver.Carriage{From: from, Item: it, To: to, Folder: folder}
	}
	replies := b.CarryAll(t.Context(), carriages)
	if len(replies) != len(items) {
		t.Fatalf("CarryAll of %d items returned %d replies", len(items), len(replies))
	}
	for i, r := range replies {
		copies, err := to.Find(t.Context(), driver.Query{Operation: items[i].Stamp.Operation})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if r.Err == nil {
			want = 1
		}
		switch {
		case gone[i] && r.Err == nil, !gone[i] && r.Err != nil && !errors.Is(r.Err, driver.ErrAlone):
			t.Errorf("CarryAll, member %d: the error is %v", i, r.Err)
		case len(copies.Items) != want:
			t.Errorf("CarryAll, member %d: %d copies, want %d (%v)", i, len(copies.Items), want, r.Err)
		case want == 1 && (copies.Items[0].MessageID != items[i].MessageID || r.Value.Way == "" || r.Value.ItemID != "" && r.Value.ItemID != copies.Items[0].ID):
			t.Errorf("CarryAll, member %d: %+v, and the copy is %+v, want one of %s", i, r.Value, copies.Items[0], items[i].MessageID)
		}
	}
}

// batchAsks makes batches that write, with a context that refuses to let anything be
// sent.
func batchAsks(t *testing.T, lab Lab) {
	box, items := batchLab(t, lab)
	before := lab.Messages(t, lab.User())
	refusal := errors.New("quarantinetest: not to be sent")
	ctx := driver.AskSending(t.Context(), func() error { return refusal })
	check := func(what string, errs []error) {
		t.Helper()
		for i, err := range errs {
			if !errors.Is(err, driver.ErrAlone) && (!errors.Is(err, refusal) || !driver.Untouched(err)) {
				t.Errorf("%s, member %d, that must not be sent: the error is %v, Untouched %t; want %q, true", what, i, err, driver.Untouched(err), refusal)
			}
		}
		if after := lab.Messages(t, lab.User()); !sameMessages(before, after) {
			t.Fatalf("%s that must not be sent has changed the mailbox", what)
		}
	}
	if b, ok := driver.As[driver.BatchMarker](box); ok {
		check("MarkAll", errorsOf(b.MarkAll(ctx, []driver.Marking{{Item: items[0], Change: driver.Change{Clear: true}}, {Item: items[1], Change: driver.Change{Clear: true}}})))
	}
	if b, ok := lab.Strategy().(driver.BatchCarrier); ok {
		to := lab.Strategy().Mailbox(lab.Quarantine())
		folder, err := to.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
		if err == nil {
			check("CarryAll", errorsOf(b.CarryAll(ctx, []driver.Carriage{{From: box, Item: items[2], To: to, Folder: folder}, {From: box, Item: items[3], To: to, Folder: folder}})))
		}
	}
	if b, ok := driver.As[driver.BatchRemover](box); ok {
		check("RemoveAll", errorsOf(b.RemoveAll(ctx, items[4:])))
	}
}

func errorsOf[T any](replies []driver.Reply[T]) (errs []error) {
	for _, r := range replies {
		errs = append(errs, r.Err)
	}
	return errs
}

func sameMessages(a, b []Message) bool {
	text := func(all []Message) string {
		lines := make([]string, len(all))
		for i, m := range all {
			lines[i] = fmt.Sprintf("%+v", m)
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	return text(a) == text(b)
}
