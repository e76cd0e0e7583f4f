package quarantine_test

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// fault is a deviation of the server at the call alone.
func fault(name string, f ewstest.Fault) deviation {
	return deviation{name: name, plan: func(x *exploration) { x.FailAt(x.nth, f) }, once: true}
}

// from is a deviation of the server that begins at the call and lasts so many calls.
func from(name string, f ewstest.Fault, times int) deviation {
	return deviation{name: name, do: func(x *exploration) { x.Fail(ewstest.When{Times: times}, f) }, once: true}
}

// somebody is a person in a mailbox who does something to each message there.
func somebody(name, mailbox string, do func(*exploration, *ewstest.Person, *ewstest.Message) error) deviation {
	return deviation{name: name, do: func(x *exploration) {
		p := x.Mailbox(mailbox).Person(name)
		for _, m := range x.in(mailbox, theID) {
			if m.Folder == "/Surplus" {
				continue
			}
			if err := do(x, p, m); err != nil {
				x.tell("   %s: %v", name, err)
			}
		}
	}}
}

// elsewhere returns a folder of a mailbox, the last that a search comes to.
func (x *exploration) elsewhere(mailbox string) *ewstest.Folder {
	box := x.Mailbox(mailbox)
	return box.AddFolder(nil, "Zebra")
}

// rival is another process that does something at the call, from beginning to end.
func rival(name string, opposite bool, do func(*exploration, *quarantine.Service)) deviation {
	return deviation{name: name, do: func(x *exploration) {
		x.rivalUndo = opposite == (x.scene.direction == driver.ToQuarantine)
		other := &quarantine.Options{}
		x.options.settings(other)
		s, err := quarantine.New(x.newStrategy(x.t, x.options), vault, other)
		if err != nil {
			panic(err)
		}
		do(x, s)
	}}
}

var theTarget = quarantine.Target{Mailbox: alice, MessageID: theID, Reason: "phishing"}

var deviations = []deviation{
	fault("cut before the server acted", ewstest.DropBefore),
	fault("cut after the server acted", ewstest.DropAfter),
	fault("acts 30 s later", ewstest.Late(30*time.Second)),
	fault("acts 5 min later", ewstest.Late(5*time.Minute)),
	fault("acts 14 min later", ewstest.Late(14*time.Minute)),
	fault("answer breaks off", ewstest.CutResponse),
	fault("503", ewstest.Unavailable),
	fault("503, and acted", ewstest.Unavailable.Acted()),
	fault("busy", ewstest.Busy),
	fault("ErrorInternalServerError", ewstest.FaultCode("ErrorInternalServerError")),
	fault("ErrorInternalServerError, and acted", ewstest.FaultCode("ErrorInternalServerError").Acted()),
	fault("ErrorAccessDenied", ewstest.MemberCode("ErrorAccessDenied")),
	fault("ErrorItemNotFound", ewstest.MemberCode("ErrorItemNotFound")),
	fault("says Success, does nothing", ewstest.FalseSuccess),
	fault("only copies", ewstest.OnlyCopies),
	fault("ErrorMoveCopyFailed, copy left", ewstest.MoveFailedCopyLeft),
	fault("named properties lost", ewstest.PropertiesLost),
	from("change keys ignored", ewstest.ChangeKeysIgnored, 0),
	from("named properties lost for good", ewstest.PropertiesLost, 0),
	from("cut before, for long", ewstest.DropBefore, 40),
	from("cut after, for long", ewstest.DropAfter, 40),
	from("searches 30 s behind", ewstest.Lag(30*time.Second), 0),
	from("searches 50 s behind", ewstest.Lag(50*time.Second), 0),
	from("searches linger 30 s", ewstest.Linger(30*time.Second), 0),

	somebody("owner files", alice, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.File(m, x.elsewhere(alice))
		return err
	}),
	somebody("owner files in Deleted Items", alice, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Delete(m)
		return err
	}),
	somebody("owner reads", alice, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Flag(m, ews.Flag{Status: "Flagged"})
		return err
	}),
	somebody("owner copies", alice, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Copy(m, x.elsewhere(alice))
		if err == nil {
			x.copied++
		}
		return err
	}),
	somebody("analyst files", vault, func(x *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.File(m, x.elsewhere(vault))
		return err
	}),
	somebody("analyst files in Deleted Items", vault, func(_ *exploration, p *ewstest.Person, m *ewstest.Message) error {
		_, err := p.Delete(m)
		return err
	}),
	{name: "analyst renames the folder", do: func(x *exploration) {
		v := x.Mailbox(vault)
		for _, f := range v.Folders() {
			if f.Path() == "/Quarantine" {
				if err := v.Person("analyst").RenameFolder(f, "Old quarantine"); err != nil {
					x.tell("   %v", err)
				}
			}
		}
	}},

	rival("rival quarantines", false, func(x *exploration, s *quarantine.Service) {
		r, err := s.Quarantine(context.Background(), theTarget)
		x.report("   rival's quarantine", r, err)
	}),
	rival("rival restores", true, func(x *exploration, s *quarantine.Service) {
		r, err := s.RestoreMessage(context.Background(), theTarget)
		x.report("   rival's restore", r, err)
	}),
	{name: "crash", do: func(x *exploration) { x.dead.Store(true) }},
}
