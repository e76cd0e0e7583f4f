package quarantine_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// deed has people do something that may make copies, delete them permanently,
// or notify other people, and remembers which of these it did.
func (x *exploration) deed(do func() bool) bool {
	was, told := x.census(), len(x.Notices())
	done := do()
	x.toldByPeople += len(x.Notices()) - told
	for tag, c := range x.census() {
		switch n := c.all() - was[tag].all(); {
		case n > 0:
			x.copied[tag] += n
		case n < 0:
			x.deleted[tag] -= n
		}
	}
	return done
}

// somebody returns a deviation in which a person does something to each message in
// a mailbox, or to one of them.
func somebody(name, mailbox string, do func(*exploration, *ewstest.Person, *ewstest.Message) error) *deviation {
	return &deviation{name: name, do: func(x *exploration) bool {
		return x.deed(func() (done bool) {
			p := x.Mailbox(mailbox).Person(name)
			all := x.in(mailbox, theID)
			if n := len(all); n > 1 && !x.exact && x.dice.IntN(2) == 0 {
				i := x.dice.IntN(n)
				all = all[i : i+1]
			}
			for _, m := range all {
				if strings.HasPrefix(m.Folder, "/Surplus") {
					continue
				}
				if err := do(x, p, m); err != nil {
					x.tell("   %s: %v", name, err)
					continue
				}
				done, x.filed = true, true
			}
			return done
		})
	}}
}

// elsewhere returns a folder that a message is not in: the last one that a search
// reaches, or the first.
func (x *exploration) elsewhere(m *ewstest.Message) *ewstest.Folder {
	box := x.Mailbox(m.Mailbox)
	if m.Folder == "/Zebra" {
		return box.Folder(ews.FolderInbox)
	}
	return box.AddFolder(nil, "Zebra")
}

// policy returns a deviation in which a policy files what arrives in a folder.
func policy(name, mailbox, folder, to string, delay time.Duration) *deviation {
	return &deviation{name: name, do: func(x *exploration) bool {
		box := x.Mailbox(mailbox)
		from := box.Folder(ews.FolderInbox)
		if folder != "" {
			from = box.AddFolder(nil, folder)
		}
		box.AddPolicy(ewstest.Policy{
			Name: name, Trigger: ewstest.Arrivals, Folder: from, To: box.AddFolder(nil, to), Delay: delay,
			Match: func(m *ewstest.Message) bool { return m.MessageID == theID },
		})
		return true
	}}
}

// rival returns a deviation in which another run, of this installation or of
// another one, does something at the call, from beginning to end. In the same
// process it would wait for this run to end.
func rival(name string, opposite bool, key []byte, do func(*exploration, *quarantine.Service)) *deviation {
	return &deviation{name: name, do: func(x *exploration) bool {
		x.rivalUndo = x.rivalUndo || opposite == (x.scene.direction == driver.ToQuarantine)
		x.foreign, x.rivals = x.foreign || key != nil, true
		do(x, x.serviceOf(key, nil))
		return true
	}}
}

func takes(x *exploration, s *quarantine.Service) {
	r, err := s.Quarantine(context.Background(), theTarget)
	x.report("   rival's quarantine", r, err)
	x.rivalSaid(r, err)
}

func givesBack(x *exploration, s *quarantine.Service) {
	r, err := s.RestoreMessage(context.Background(), theTarget)
	x.report("   rival's restore", r, err)
	x.rivalSaid(r, err)
}

// givesBackListed restores what the list of the quarantine shows, as operators do.
func givesBackListed(x *exploration, s *quarantine.Service) {
	for h, err := range s.List(context.Background(), quarantine.ListRequest{Mailbox: alice, MessageID: theID}) {
		if err != nil {
			return
		}
		r, err := s.Restore(context.Background(), h.Receipt())
		x.report("   rival's restore from the list", r, err)
		x.rivalSaid(r, err)
	}
}

// rivalSaid notes that a rival, which has no journal and is not run again, has left
// something undecided.
func (x *exploration) rivalSaid(r *quarantine.Receipt, err error) {
	x.rivalOpen = x.rivalOpen || err == nil && r.Outcome() == quarantine.Undecided
}

// heldUp returns a deviation in which the process stands still before it sends something.
func heldUp(d time.Duration) *deviation {
	return &deviation{name: "held up for " + d.String(), do: func(*exploration) bool { time.Sleep(d); return true }}
}

var theTarget = quarantine.Target{Mailbox: alice, MessageID: theID, Reason: "phishing"}

// peoplesDeviations are what people, policies and programs do.
var peoplesDeviations = []*deviation{
	somebody("owner files", alice, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		x.unseen = x.unseen || !x.exact // a search may come too early to one folder and too late to the other
		_, err := p.File(m, x.elsewhere(m))
		return err
	}),
	somebody("owner deletes", alice, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		x.unseen = x.unseen || !x.exact
		_, err := p.Delete(m)
		return err
	}),
	somebody("owner deletes for good", alice, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.ShiftDelete(m)
		return err
	}),
	somebody("owner flags", alice, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Flag(m, ews.Flag{Status: "Flagged"})
		return err
	}),
	somebody("owner reads", alice, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.MarkRead(m)
		return err
	}),
	somebody("owner edits", alice, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		for _, tag := range x.tags {
			if !strings.Contains(m.Subject, tag) {
				continue
			}
			edit := fmt.Sprintf("edit-%d-", len(x.story))
			_, err := p.Edit(m, ewstest.Edit{Subject: "Invoice " + edit + " " + tag, Body: "Changed. " + edit + " " + tag})
			if err == nil {
				x.newest[tag], x.edited[tag] = edit, len(x.calls)
			}
			return err
		}
		return nil
	}),
	somebody("owner copies", alice, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Copy(m, x.elsewhere(m))
		return err
	}),
	{name: "owner recovers what was deleted", do: func(x *exploration) bool {
		return x.deed(func() (done bool) {
			p := x.Mailbox(alice).Person("owner recovers")
			for _, m := range x.Mailbox(alice).Messages() {
				if m.MessageID == theID && m.Distinguished == ews.FolderRecoverableItemsDeletions {
					_, err := p.Recover(m)
					done = done || err == nil
				}
			}
			return done
		})
	}},
	somebody("analyst files", vault, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.File(m, x.elsewhere(m))
		return err
	}),
	somebody("analyst deletes", vault, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Delete(m)
		return err
	}),
	somebody("analyst deletes for good", vault, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.ShiftDelete(m)
		return err
	}),
	somebody("analyst copies", vault, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Copy(m, x.elsewhere(m))
		return err
	}),
	{name: "analyst renames the folder", do: func(x *exploration) (done bool) {
		v := x.Mailbox(vault)
		for _, f := range v.Folders() {
			if f.Path() == "/Quarantine" {
				err := v.Person("analyst").RenameFolder(f, "Old quarantine")
				done = done || err == nil
			}
		}
		return done
	}},
	policy("retention moves what is taken", vault, "Quarantine", "Held", 0),
	policy("retention moves what is taken, 5 s later", vault, "Quarantine", "Held", 5*time.Second),
	policy("rule files what comes back", alice, "", "Work", 0),
	policy("rule files what comes back, 1 s later", alice, "", "Work", time.Second),
	{name: "stamp copied onto another message", do: func(x *exploration) bool {
		for _, m := range x.in(alice, theID) {
			if !stamped(m) {
				continue
			}
			x.neighbours(x.Mailbox(alice).DeliverWith(eml("<another@good.example>", "Another"), ewstest.Delivery{Extended: stampProperties(m), Received: m.Received}))
			return true
		}
		return false
	}},
	{name: "user's mailbox moves for 2 min", do: func(x *exploration) bool { x.Mailbox(alice).MoveAway(2 * time.Minute); return true }},

	rival("rival quarantines", false, nil, takes),
	rival("rival restores", true, nil, givesBack),
	rival("rival restores from the list", true, nil, givesBackListed),
	rival("another installation quarantines", false, theirKey, takes),
	rival("another installation restores", true, theirKey, givesBack),
	{name: "rival recovers", do: func(x *exploration) bool {
		if open, _ := openIntents(context.Background(), x.journal); len(open) == 0 {
			return false
		}
		x.rivals = true
		x.journal.Restart() // it believes the process to be dead
		for r, err := range x.serviceOf(nil, x.journal).Recover(context.Background()) {
			x.report("   rival's recovery", r, err)
		}
		return true
	}},
	heldUp(30 * time.Second),
	heldUp(6 * time.Minute),
	heldUp(25 * time.Minute),
	{name: "crash", ends: true, do: func(x *exploration) bool { x.now.dead.Store(true); return true }},
	{name: "crash, and the journal is lost", ends: true, do: func(x *exploration) bool {
		if open, _ := openIntents(context.Background(), x.journal); len(open) == 0 {
			return false
		}
		x.now.dead.Store(true)
		x.journal = &quarantine.MemoryJournal{}
		return true
	}},
}
