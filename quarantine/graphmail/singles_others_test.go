package graphmail_test

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// otherRun lets another run proceed from beginning to end, before or after a request.
func otherRun(name string, after bool, mark, do func(*scene)) blow {
	when := map[bool]string{false: ", before", true: ", after"}[after]
	return atRequest(name+when, after, func(s *scene, _ *process) {
		s.w.OnRequest(nil)
		s.w.OnResponse(nil)
		s.people = true
		if mark != nil {
			mark(s)
		}
		do(s)
	})
}

// otherRuns are rivals, of this installation and of another, that do the same or undo it,
// and a recovery that takes this process for dead.
func otherRuns() (all []blow) {
	anyEnd := func(s *scene) { s.anyEnd = true }
	foreign := func(s *scene) { s.anyEnd, s.foreign = true, true }
	with := func(key string, opposite bool) func(*scene) {
		return func(s *scene) {
			t := s.w.t
			p := s.w.processWith(t, &quarantine.Options{Journal: new(quarantine.MemoryJournal), StampKeys: [][]byte{[]byte(key)}}, s.mode.change...)
			if (s.direction == driver.ToQuarantine) != opposite {
				_, _ = p.Quarantine(t.Context(), target)
				return
			}
			_, _ = p.RestoreMessage(t.Context(), target)
		}
	}
	for _, after := range []bool{false, true} {
		all = append(all,
			otherRun("a rival does the same", after, nil, with(ours, false)),
			otherRun("a rival undoes it", after, anyEnd, with(ours, true)),
			otherRun("another installation does the same", after, foreign, with(theirs, false)),
			otherRun("another installation undoes it", after, foreign, with(theirs, true)),
			otherRun("a rival recovers", after, nil, func(s *scene) {
				s.journal.Restart()
				for range s.process(s.w.t).Recover(s.w.t.Context()) {
					continue // its report is checked when everything is at rest
				}
			}),
		)
	}
	return all
}

// surroundings are policies, rules and a mailbox that moves, a process that stalls or
// dies with its journal, and a person who copies a stamp.
func surroundings() (all []blow) {
	policy := func(name, mailbox, folder, to string, delay time.Duration) blow {
		return atRequest(name, false, func(s *scene, _ *process) {
			s.people, s.moved = true, true
			box := s.w.box(mailbox)
			from := box.Folder(ews.FolderInbox)
			if folder != "" {
				from = box.AddFolder(nil, folder)
			}
			if mailbox == alice {
				from = box.AddFolder(from, "Projects")
			}
			box.AddPolicy(ewstest.Policy{Name: name, Trigger: ewstest.Arrivals, Folder: from, To: box.AddFolder(nil, to), Delay: delay,
				Match: func(m *ewstest.Message) bool { return m.MessageID == theID }})
		})
	}
	all = append(all,
		policy("retention moves what is taken", vault, "Quarantine", "Held", 0),
		policy("retention moves what is taken, 5 s later", vault, "Quarantine", "Held", 5*time.Second),
		policy("a rule files what comes back", alice, "", "Work", 0),
		policy("a rule files what comes back, 1 s later", alice, "", "Work", time.Second),
		atRequest("the owner's mailbox moves for 2 minutes", false, func(s *scene, _ *process) { s.w.Mailbox(alice).MoveAway(2 * time.Minute) }),
		atRequest("the quarantine mailbox moves for 2 minutes", false, func(s *scene, _ *process) { s.w.box(vault).MoveAway(2 * time.Minute) }),
		atRequest("a stamp is copied onto another message", false, func(s *scene, _ *process) {
			for _, m := range s.w.in(alice, theID) {
				var stamp []ews.ExtendedProperty
				for field, p := range m.Properties {
					if field.GUID == driver.StampSet {
						stamp = append(stamp, p)
					}
				}
				s.neighbour = s.w.Mailbox(alice).DeliverWith(eml("<another@good.example>", "Another"), ewstest.Delivery{Extended: stamp, Received: m.Received})
			}
		}),
	)
	for _, after := range []bool{false, true} {
		when := map[bool]string{false: ", before", true: ", after"}[after]
		all = append(all, atRequest("the process dies, and its journal is lost"+when, after, func(s *scene, p *process) {
			p.dead.Store(true)
			s.journal = new(quarantine.MemoryJournal)
		}))
	}
	for _, d := range []time.Duration{30 * time.Second, 6 * time.Minute, 25 * time.Minute} {
		all = append(all, blow{"held up for " + d.String(), func(_ *scene, p *process, n int) {
			p.stands = func(sent int) {
				if sent == n {
					time.Sleep(d)
				}
			}
		}})
	}
	return append(all,
		faulty(graphtest.NothingFound, 1), faulty(graphtest.NothingFound, 10), faulty(graphtest.MoveDoubled, 1), faulty(graphtest.CreatesNothing, 40),
		faulty(graphtest.Late(40*time.Minute), 1), faulty(graphtest.PropertiesLost, 100),
		lasting("removals do nothing", graphtest.When{Operation: graphtest.OpPermanentDelete}, graphtest.CreatesNothing),
		lasting("removals are refused", graphtest.When{Operation: graphtest.OpPermanentDelete}, graphtest.Status(403, "ErrorAccessDenied")),
	)
}

// lasting is a server that fails from some request on until everything is at rest.
func lasting(name string, when graphtest.When, f graphtest.Fault) blow {
	return atRequest(name, false, func(s *scene, _ *process) { s.w.Fail(when, f) })
}

// singles returns everything that happens once.
func singles() []blow {
	all := append(people(), untrueServers()...)
	return append(append(all, otherRuns()...), surroundings()...)
}
