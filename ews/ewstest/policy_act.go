package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// arrival is an item that came into a folder.
type arrival struct {
	item *mailstore.Item
	by   mailstore.Arrival
}

// run is one run of the policies: which of them have acted on which object.
type run map[acted]bool

type acted struct {
	policy *policy
	object uint64
}

// arrived records what policies have to look at.
func (s *Server) arrived(it *mailstore.Item, by mailstore.Arrival) {
	if len(s.people.policies) > 0 && !s.people.timers.closed && by != mailstore.ByStore {
		s.people.arrivals = append(s.people.arrivals, arrival{it, by})
	}
}

// settle lets the policies act on what has arrived, and reports whether one did so
// immediately. The server's lock is held.
func (s *Server) settle(when string) bool { return s.settleIn(run{}, when) }

func (s *Server) settleIn(r run, when string) bool {
	var waiting []arrival
	for len(s.people.arrivals) > 0 {
		a := s.people.arrivals[0]
		s.people.arrivals = s.people.arrivals[1:]
		switch f := a.item.Folder; {
		case f == nil:
			continue
		case f.Mailbox.Gone:
			waiting = append(waiting, a)
			continue
		}
		for _, p := range s.people.policies {
			if a.item.Folder == nil {
				break // a policy before has removed it
			}
			if p.Trigger != Deliveries || a.by == mailstore.ByTransport {
				s.await(p, a.item, r, when)
			}
		}
	}
	s.people.arrivals = waiting
	return len(r) > 0
}

// await lets a policy act on an item when it is due.
func (s *Server) await(p *policy, it *mailstore.Item, r run, when string) {
	if p.removed || s.people.timers.closed || !p.covers(it) {
		return
	}
	wait := p.Delay
	if p.Age > 0 {
		wait = max(wait, snapshot(it).Received.Add(p.Age).Sub(s.opts.Now()))
	}
	if wait <= 0 {
		s.enforce(p, it, r, when)
		return
	}
	stay := it.ID().Number
	s.later(wait, func() { s.enforceLate(p, stay) })
}

// enforceLate lets a policy act on an item that has stayed where it is long enough.
func (s *Server) enforceLate(p *policy, stay uint64) {
	it := p.box.Item(stay)
	if it == nil || p.removed {
		return
	}
	r := run{}
	if p.covers(it) {
		s.enforce(p, it, r, "")
	}
	s.settleIn(r, "")
}

// enforce lets a policy act on an item now.
func (s *Server) enforce(p *policy, it *mailstore.Item, r run, when string) {
	if p.box.Gone {
		p.postponed = append(p.postponed, it.ID().Number)
		return
	}
	mark := acted{p, it.Object()}
	if r[mark] || p.Match != nil && !p.Match(snapshot(it)) {
		return
	}
	r[mark] = true
	d := Deed{When: when, Who: p.Name + " of " + p.box.Address, Action: "moves", What: title(it), Object: mark.object}
	to, err := p.target(it)
	switch {
	case err != nil:
		d.Err = err
	case to != nil:
		d.What += " into " + strconv.Quote(to.Path())
		it.MoveTo(to)
	default:
		d.Action = "deletes"
		it.Remove(p.removal(), true)
	}
	s.record(d)
}

// covers reports whether the item is where the policy acts, and not already where the
// policy would put it.
func (p *policy) covers(it *mailstore.Item) bool {
	f := it.Folder
	switch {
	case f.Mailbox != p.box, it.Associated:
		return false
	case p.Action == MoveToFolder && f == p.To.folder, p.Action == MoveToDeletedItems && inDeletedItems(f):
		return false
	case p.Folder != nil:
		return f == p.Folder.folder
	}
	return f.Below(p.box.Named(ews.FolderMsgFolderRoot))
}

// target returns the folder that the item goes to, or nil if it is to be removed.
func (p *policy) target(it *mailstore.Item) (*mailstore.Folder, error) {
	switch p.Action {
	case MoveToFolder:
		if p.To.folder.Gone() {
			return nil, because(ErrNotThere, "the folder was deleted")
		}
		return p.To.folder, nil
	case MoveToDeletedItems:
		if it.Folder.Archive {
			return p.box.Named(ews.FolderArchiveDeletedItems), nil
		}
		return p.box.Named(ews.FolderDeletedItems), nil
	case MoveToArchive:
		to := it.Folder.InArchive()
		if to == nil {
			return nil, because(ErrImpossible, "the archive has no such folder")
		}
		return to, nil
	}
	return nil, nil
}

func (p *policy) removal() mailstore.Removal {
	if p.Action == DeleteAndAllowRecovery {
		return mailstore.Soft
	}
	return mailstore.Hard
}
