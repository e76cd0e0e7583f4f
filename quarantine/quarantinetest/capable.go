package quarantinetest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// domain returns the domain of the user's mailbox.
func domain(lab Lab) string { return lab.User()[strings.LastIndexByte(lab.User(), '@')+1:] }

// searchPeople checks what candidates contain about people, and that links and folders
// are examined.
func searchPeople(t *testing.T, lab Lab) {
	s, ok := searcher(t, lab)
	if !ok {
		return
	}
	box := lab.Strategy().Mailbox(lab.User())
	inbox := the(t, box, driver.Query{MessageID: theID}).Folder
	visited := func(what string, filter driver.Criteria, q driver.Query) map[string]driver.Candidate {
		t.Helper()
		all := make(map[string]driver.Candidate)
		if _, err := s.Candidates(t.Context(), filter, q, func(c driver.Candidate) error {
			all[c.Item.MessageID] = c
			return nil
		}); err != nil {
			t.Fatalf("Candidates by %s: %v", what, err)
		}
		return all
	}
	c, found := visited("sender", driver.Criteria{Sender: theSender}, driver.Query{})[theID]
	named := strings.Contains(c.Header, theSender) || slices.ContainsFunc(c.Senders, func(p driver.Party) bool {
		return slices.ContainsFunc(p.Addresses, func(a string) bool { return strings.EqualFold(a, theSender) })
	})
	if !found || !named {
		t.Errorf("Candidates by sender: found %t; its senders are %+v, its header is %q: %s is in neither", found, c.Senders, c.Header, theSender)
	}
	if _, found := visited("link", driver.Criteria{URL: "https://evil.example/", ReceivedAfter: received}, driver.Query{})[theID]; !found {
		t.Error("Candidates by a link left out a message that may have it")
	}
	if _, found := visited("time", driver.Criteria{ReceivedAfter: received, ReceivedBefore: received.Add(time.Second)}, driver.Query{})[theID]; !found {
		t.Error("Candidates by time left out a message received at the beginning of the time")
	}
	here := visited("time in a folder", driver.Criteria{ReceivedAfter: received.AddDate(0, 0, -9)}, driver.Query{In: &inbox})
	if _, other := here[otherID]; other || len(here) != 2 {
		t.Errorf("Candidates in the Inbox visited %d messages, one of another folder: %t; want 2, false", len(here), other)
	}
}

// searchVisitMayCall calls the mailbox while it is being searched.
func searchVisitMayCall(t *testing.T, lab Lab) {
	s, ok := searcher(t, lab)
	if !ok {
		return
	}
	done := make(chan error, 1)
	ctx := t.Context()
	box := lab.Strategy().Mailbox(lab.User())
	go func() {
		_, err := s.Candidates(ctx, driver.Criteria{Subject: "You have won", SubjectMatch: driver.SubjectExact}, driver.Query{}, func(c driver.Candidate) error {
			if _, err := box.Inspect(ctx, c.Item.ID); err != nil {
				return err
			}
			r, err := s.Open(ctx, c.Item)
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = io.Copy(io.Discard, r)
			return err
		})
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Candidates, whose visit called Inspect and Open: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Candidates hangs when visit calls other methods of the mailbox")
	}
}

// sweepLeftovers finds what a move left, and nothing else.
func sweepLeftovers(t *testing.T, lab Lab) {
	c := carriage(t, lab, message(theID))
	sweeper, ok := driver.As[driver.Sweeper](c.From)
	if !ok {
		return
	}
	op := c.Item.Stamp.Operation
	left, err := sweeper.Leftovers(t.Context(), op)
	if err != nil || len(left) != 0 {
		t.Errorf("Leftovers before anything was carried returned %+v, %v, want none", left, err)
	}
	if _, err := lab.Strategy().Carry(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, m := range lab.Messages(t, lab.User()) {
		if m.MessageID == theID && m.Recoverable {
			want++
		}
	}
	if left, err = sweeper.Leftovers(t.Context(), op); err != nil || len(left) != want {
		t.Fatalf("Leftovers returned %d items (%v), but the user can recover %d", len(left), err, want)
	}
	if others, err := sweeper.Leftovers(t.Context(), operation(9)); err != nil || len(others) != 0 {
		t.Errorf("Leftovers of another operation returned %+v, %v, want none", others, err)
	}
	found, err := c.From.Find(t.Context(), driver.Query{MessageID: theID})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range found.Items {
		if want > 0 && !it.Folder.Recoverable {
			t.Errorf("Find returned %+v, which the user sees only by recovering it, and does not say so", it)
		}
	}
	for _, it := range left {
		if it.Stamp == nil || it.Stamp.Operation != op || it.MessageID != theID {
			t.Errorf("Leftovers returned %+v with the stamp %+v", it, it.Stamp)
		}
		if err := c.From.Remove(t.Context(), it); err != nil {
			t.Errorf("Remove of what a move has left: %v", err)
		}
		was := it.Folder
		if !was.Recoverable {
			continue // the driver does not report which folder it is in
		}
		inbox, err := c.From.Home(t.Context(), driver.Folder{})
		if err != nil {
			t.Fatal(err)
		}
		if home, err := c.From.Home(t.Context(), was); err != nil || home.ID == inbox.ID || home.ID == was.ID || home.Recoverable {
			t.Errorf("Home of what was in Recoverable Items (%+v) is %+v, %v, want Deleted Items", was, home, err)
		}
	}
}

// shelveAside puts items aside where they can be found.
func shelveAside(t *testing.T, lab Lab) {
	lab.Deliver(t, message(otherID))
	c := carriage(t, lab, message(theID))
	shelver, ok := driver.As[driver.Shelver](c.From)
	if !ok {
		return
	}
	surplus, err := c.From.Folder(t.Context(), driver.FolderRequest{Names: []string{"Surplus"}, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	it := c.Item
	for _, to := range []*driver.Folder{&surplus, nil} {
		before := it
		if it, err = shelver.Shelve(t.Context(), before, to); err != nil {
			t.Fatalf("Shelve to %+v: %v", to, err)
		}
		if m := shown(t, lab, lab.User(), theID); m.Read || !m.Stamped || m.Folder == "" && to == nil && before.Folder.ID == it.Folder.ID {
			t.Errorf("after Shelve to %+v the message is %+v", to, m)
		}
		got, err := c.From.Inspect(t.Context(), it.ID)
		if err != nil || got.MessageID != theID || to != nil && got.Folder.ID != to.ID {
			t.Errorf("Shelve to %+v returned %q, which is %+v (%v)", to, it.ID, got, err)
		}
		inbox, err := c.From.Home(t.Context(), driver.Folder{})
		if err != nil || got.Folder.ID == inbox.ID {
			t.Errorf("Shelve to %+v left the message in the Inbox (%v)", to, err)
		}
		if before.ID != it.ID {
			if _, err := shelver.Shelve(t.Context(), before, to); !errors.Is(err, driver.ErrGone) {
				t.Errorf("Shelve of what is no longer there under its id: %v, want ErrGone", err)
			}
		}
	}
	shown(t, lab, lab.User(), otherID)
}

// probeMailboxes asks for a mailbox that exists, and for one that does not.
func probeMailboxes(t *testing.T, lab Lab) {
	p, ok := driver.As[driver.Prober](lab.Strategy().Mailbox(lab.User()))
	if !ok {
		return
	}
	if err := p.Probe(t.Context()); err != nil {
		t.Errorf("Probe of %s: %v", lab.User(), err)
	}
	if p, ok = driver.As[driver.Prober](lab.Strategy().Mailbox("nobody@" + domain(lab))); !ok {
		t.Fatal("only some mailboxes are a driver.Prober")
	}
	if err := p.Probe(t.Context()); !errors.Is(err, driver.ErrUnreachable) {
		t.Errorf("Probe of a mailbox that does not exist: %v, want ErrUnreachable", err)
	}
}

// directoryMembers expands groups and looks up addresses.
func directoryMembers(t *testing.T, lab Lab) {
	book, ok := driver.As[driver.Directory](lab.Strategy().Mailbox(lab.Quarantine()))
	if !ok {
		return
	}
	people, ok := lab.(Peopled)
	if !ok {
		t.Fatal("the mailboxes of the strategy are a driver.Directory, but the lab is not Peopled: give it the method AddGroup")
	}
	inner, team, nobody := "inner@"+domain(lab), "team@"+domain(lab), "nobody@"+domain(lab)
	people.AddGroup(t, inner, lab.Quarantine())
	people.AddGroup(t, team, lab.User(), inner, "partner@other.example")
	members, complete, err := book.Members(t.Context(), team)
	if err != nil || !complete || len(members) != 3 {
		t.Fatalf("Members returned %+v, complete: %t, %v; want three, all", members, complete, err)
	}
	want := map[string][]driver.MemberKind{
		strings.ToLower(lab.User()): {driver.MemberMailbox}, inner: {driver.MemberGroup}, "partner@other.example": {driver.MemberContact, driver.MemberOther},
	}
	for _, m := range members {
		if kinds, ok := want[strings.ToLower(m.Address)]; !ok || !slices.Contains(kinds, m.Kind) {
			t.Errorf("Members returned %+v, want addresses and kinds %v", m, want)
		}
	}
	for _, address := range []string{nobody, lab.User()} {
		if members, _, err := book.Members(t.Context(), address); !errors.Is(err, driver.ErrGone) {
			t.Errorf("Members of %s returned %+v, %v, want ErrGone", address, members, err)
		}
	}
	for address, kind := range map[string]driver.MemberKind{lab.User(): driver.MemberMailbox, team: driver.MemberGroup} {
		if who, err := book.Lookup(t.Context(), address); err != nil || who.Kind != kind || !strings.EqualFold(who.Address, address) {
			t.Errorf("Lookup of %s returned %+v, %v, want a %s", address, who, err, kind)
		}
	}
	if who, err := book.Lookup(t.Context(), nobody); !errors.Is(err, driver.ErrGone) {
		t.Errorf("Lookup of %s returned %+v, %v, want ErrGone", nobody, who, err)
	}
}

// forwardsSent finds out to whom a message was forwarded.
func forwardsSent(t *testing.T, lab Lab) {
	f, ok := driver.As[driver.Forwarder](lab.Strategy().Mailbox(lab.User()))
	if !ok {
		return
	}
	sender, ok := lab.(Forwarding)
	if !ok {
		t.Fatal("the mailboxes of the strategy are a driver.Forwarder, but the lab is not Forwarding: give it the method UserForwards")
	}
	lab.Deliver(t, message(theID))
	lab.Deliver(t, message(otherID))
	sender.UserForwards(t, theID, "<forward1@good.example>", lab.Quarantine(), "partner@other.example")
	sender.UserForwards(t, otherID, "<forward2@good.example>", lab.Quarantine())
	sent, err := f.Forwarded(t.Context(), theID, 9)
	if err != nil || len(sent) != 1 {
		t.Fatalf("Forwarded returned %+v, %v, want one message", sent, err)
	}
	var to []string
	for _, r := range sent[0].Recipients {
		to = append(to, strings.ToLower(r.Address))
	}
	slices.Sort(to)
	want := []string{"partner@other.example", strings.ToLower(lab.Quarantine())}
	slices.Sort(want)
	if sent[0].MessageID != "<forward1@good.example>" || !slices.Equal(to, want) || sent[0].By == "" {
		t.Errorf("Forwarded returned %+v, want <forward1@good.example> to %q, and how it was recognised", sent[0], want)
	}
	if sent, err := f.Forwarded(t.Context(), "<nothing@evil.example>", 9); err != nil || len(sent) != 0 {
		t.Errorf("Forwarded of a message that nobody has forwarded returned %+v, %v, want none", sent, err)
	}
	sender.UserForwards(t, theID, "<forward3@good.example>", lab.Quarantine())
	if sent, err := f.Forwarded(t.Context(), theID, 1); !errors.Is(err, driver.ErrTooMany) {
		t.Errorf("Forwarded returned %d messages with a limit of 1, and %v, want ErrTooMany", len(sent), err)
	}
	if sent, err := f.Forwarded(t.Context(), theID, 2); err != nil || len(sent) != 2 {
		t.Errorf("Forwarded returned %d messages with a limit of 2, and %v, want 2", len(sent), err)
	}
	f, _ = driver.As[driver.Forwarder](lab.Strategy().Mailbox("nobody@" + domain(lab)))
	if sent, err := f.Forwarded(t.Context(), theID, 9); !errors.Is(err, driver.ErrUnreachable) {
		t.Errorf("Forwarded from a mailbox that does not exist returned %+v, %v, want ErrUnreachable", sent, err)
	}
}
