package quarantinetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// findByMeaning finds what was probably meant, and names near matches.
func findByMeaning(t *testing.T, lab Lab) {
	lab.Deliver(t, message(theID))
	m := lab.Strategy().Mailbox(lab.User())
	bare := strings.Trim(theID, "<>")
	for _, asked := range []string{"Message-ID: " + theID, `"` + bare + `"`, "&lt;" + bare + "&gt;", "<" + bare} {
		if got := the(t, m, driver.Query{MessageID: asked}); got.MessageID != theID {
			t.Errorf("Find(%q) returned %s, want %s", asked, got.MessageID, theID)
		}
	}
	found, err := m.Find(t.Context(), driver.Query{MessageID: strings.ToUpper(theID)})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Items) != 0 || len(found.Near) != 1 || found.Near[0].MessageID != theID {
		t.Errorf("Find of an id in other letters returned %d items and %+v near it, want none and one", len(found.Items), found.Near)
	}
}

// findInFolders searches a folder, the folders below it, and all but one.
func findInFolders(t *testing.T, lab Lab) {
	lab.Deliver(t, message(theID))
	other := message(otherID)
	other.Folder = "Projects"
	lab.Deliver(t, other)
	m := lab.Strategy().Mailbox(lab.User())
	all, err := m.Find(t.Context(), driver.Query{Received: received})
	if err != nil || len(all.Items) != 2 {
		t.Fatalf("Find in all folders returned %d items (%v), want 2", len(all.Items), err)
	}
	folders := make(map[string]driver.Folder)
	for _, it := range all.Items {
		folders[it.MessageID] = it.Folder
	}
	inbox, projects := folders[theID], folders[otherID]
	elsewhere, err := m.Folder(t.Context(), driver.FolderRequest{Names: []string{"Elsewhere"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		q    driver.Query
		want []string
	}{
		{"In the Inbox", driver.Query{In: &inbox}, []string{theID}},
		{"In a folder below it", driver.Query{In: &projects}, []string{otherID}},
		{"In a folder, and Below", driver.Query{In: &inbox, Below: true}, []string{theID, otherID}},
		{"In a folder with none below it, and Below", driver.Query{In: &projects, Below: true}, []string{otherID}},
		{"In an empty folder", driver.Query{In: &elsewhere}, nil},
		{"In a folder, and by Message-ID", driver.Query{In: &inbox, Below: true, MessageID: otherID}, []string{otherID}},
		{"In a folder that does not have it, by Message-ID", driver.Query{In: &projects, MessageID: theID}, nil},
		{"Except an empty folder", driver.Query{Except: &elsewhere, Received: received}, []string{theID, otherID}},
		{"Except another folder", driver.Query{Except: &projects, MessageID: theID}, []string{theID}},
	} {
		found, err := m.Find(t.Context(), c.q)
		if err != nil || len(found.Unsearched) != 0 {
			t.Fatalf("Find %s: %v, %+v", c.what, err, found.Unsearched)
		}
		var got []string
		for _, it := range found.Items {
			got = append(got, it.MessageID)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("Find %s returned %q, want %q", c.what, got, c.want)
		}
		hits := 0
		for _, s := range found.Searched {
			if s.Folder.ID == "" || s.Pages < 1 {
				t.Errorf("Find %s says that it searched %+v: which folder, in how many pages?", c.what, s)
			}
			hits += s.Hits
		}
		if len(found.Searched) == 0 || hits != len(found.Items) {
			t.Errorf("Find %s says that it searched %+v, in which are %d hits, but returned %d", c.what, found.Searched, hits, len(found.Items))
		}
	}
	lab.DeleteFolder(t, "Projects")
	if found, err := m.Find(t.Context(), driver.Query{In: &projects}); err == nil && len(found.Unsearched) == 0 {
		t.Errorf("Find in a folder that is gone returned %d items, and does not say that it was not searched", len(found.Items))
	}
}

// findRefused searches a mailbox that does not exist.
func findRefused(t *testing.T, lab Lab) {
	m := lab.Strategy().Mailbox("nobody@" + lab.User()[strings.LastIndexByte(lab.User(), '@')+1:])
	if found, err := m.Find(t.Context(), driver.Query{MessageID: theID}); err == nil && len(found.Unsearched) == 0 {
		t.Error("Find in a mailbox that does not exist returned nothing, and does not say that it was not searched")
	}
	if f, err := m.Home(t.Context(), driver.Folder{}); !errors.Is(err, driver.ErrUnreachable) {
		t.Errorf("Home in a mailbox that does not exist returned %+v, %v, want ErrUnreachable", f, err)
	}
}

// adorned returns a message with everything that a lab can give it.
func adorned() Message {
	m := message(theID)
	m.Folder, m.Read, m.Attachment, m.Importance, m.Category = "Projects", true, "invoice.pdf", "High", "Orange category"
	return m
}

// findFields checks each field of an item that Find returns.
func findFields(t *testing.T, lab Lab) {
	if lab.Strategy().Name() == "" {
		t.Error("the strategy has no name, which receipts need")
	}
	system := lab.Strategy().System()
	if !driver.ValidSystem(system) {
		t.Errorf("the system of the strategy is %q, want 1 to 16 letters a to z and digits", system)
	}
	want := adorned()
	lab.Deliver(t, want)
	m := lab.Strategy().Mailbox(lab.User())
	if !strings.EqualFold(m.Address(), lab.User()) {
		t.Errorf("the address of the mailbox %s is %q", lab.User(), m.Address())
	}
	stamped, err := m.Mark(t.Context(), the(t, m, driver.Query{MessageID: theID}), driver.Change{Stamp: fullStamp(lab)})
	if err != nil {
		t.Fatal(err)
	}
	got := the(t, m, driver.Query{MessageID: theID})
	checkFields(t, "Find", got, want, lab)
	if got := the(t, m, driver.Query{Stamped: true}); !strings.Contains(strings.ToLower(got.Sender), want.Sender) {
		t.Errorf("Find of what is stamped returned an item whose Sender is %q, want %s", got.Sender, want.Sender)
	}
	if again := lab.Strategy().System(); again != system {
		t.Errorf("the system of the strategy was %q, and is %q now", system, again)
	}
	if got.ID != stamped.ID || got.Version != stamped.Version {
		t.Errorf("Mark returned the id %q and version %q, Find %q and %q", stamped.ID, stamped.Version, got.ID, got.Version)
	}
	if !got.HasAttachments {
		t.Error("Find does not say that the item has attachments")
	}
	lab.Deliver(t, message(otherID))
	if got := the(t, m, driver.Query{MessageID: otherID}); got.Read || got.HasAttachments || got.Stamp != nil || got.ID == stamped.ID {
		t.Errorf("Find returned a plain message as %+v", got)
	}
}

// checkFields checks the fields that Find and Inspect both fill in.
func checkFields(t *testing.T, what string, got driver.Item, want Message, lab Lab) {
	t.Helper()
	wrong := func(field string, is any) { t.Errorf("%s returned an item whose %s is %v", what, field, is) }
	switch {
	case got.ID == "":
		wrong("ID", "empty")
	case !strings.EqualFold(got.Mailbox, lab.User()):
		wrong("Mailbox", got.Mailbox)
	case got.Folder.ID == "" || !strings.HasSuffix(got.Folder.Path, "/"+want.Folder) || got.Folder.Recoverable:
		wrong("Folder", got.Folder)
	case got.MessageID != want.MessageID:
		wrong("MessageID", got.MessageID)
	case got.Class != "IPM.Note":
		wrong("Class", got.Class)
	case got.Subject != want.Subject:
		wrong("Subject", got.Subject)
	case got.Size <= 0:
		wrong("Size", got.Size)
	case !driver.SameTime(got.Received, want.Received):
		wrong("Received", got.Received)
	case got.Sent.IsZero() || got.Sent.Equal(got.Received) && got.Sent.IsZero():
		wrong("Sent", got.Sent)
	case got.Read != want.Read:
		wrong("Read", got.Read)
	case got.Stamp == nil || *got.Stamp != wanted(*fullStamp(lab), got):
		wrong("Stamp", got.Stamp)
	}
}

// inspectFields checks each field of an item that Inspect returns.
func inspectFields(t *testing.T, lab Lab) {
	want := adorned()
	lab.Deliver(t, want)
	m := lab.Strategy().Mailbox(lab.User())
	it, err := m.Mark(t.Context(), the(t, m, driver.Query{MessageID: theID}), driver.Change{Stamp: fullStamp(lab)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Inspect(t.Context(), it.ID)
	if err != nil {
		t.Fatal(err)
	}
	checkFields(t, "Inspect", got, want, lab)
	if got.ID != it.ID || got.Version != it.Version {
		t.Errorf("Inspect(%q) returned the id %q and version %q, Mark version %q", it.ID, got.ID, got.Version, it.Version)
	}
	if got.Importance != want.Importance || !slices.Equal(got.Categories, []string{want.Category}) || !got.HasAttachments {
		t.Errorf("Inspect returned importance %q, categories %q, attachments: %t; want %q, %q, true",
			got.Importance, got.Categories, got.HasAttachments, want.Importance, want.Category)
	}
	lab.Deliver(t, message(otherID))
	if plain, err := m.Inspect(t.Context(), the(t, m, driver.Query{MessageID: otherID}).ID); err != nil || plain.Importance != "Normal" ||
		len(plain.Categories)+len(plain.Attachments) != 0 || plain.Stamp != nil {
		t.Errorf("Inspect returned a plain message as %+v (%v)", plain, err)
	}
}

// fullStamp returns a stamp with a value in each field, some of them of maximum length.
func fullStamp(lab Lab) *driver.Stamp {
	s := stampFor(lab)
	s.Attempt, s.Lease = "ccccccccccccccccccccccccc4", time.Date(2026, 11, 24, 0, 15, 0, 789_000_000, time.UTC)
	s.Print, s.Seal = strings.Repeat("Pr1nt", 12), strings.Repeat("Sea1", 16)
	s.Folder.ID = strings.Repeat("AbCd", 62) + "=="
	s.Folder.Below, s.Folder.Path = "Rechnungen/Größe %2F ü", "/Posteingang/Rechnungen/Größe %2F ü"
	s.IDs, s.Reference = strings.Repeat("z9", 8), "case 4711: "+strings.Repeat("ü", 40)
	s.Reason, s.Read = strings.Repeat("Pishing? ", 9)+"日本", true
	return s
}
