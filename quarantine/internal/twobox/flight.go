package twobox

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// flight is a request on its way that changes something.
type flight struct {
	due  time.Time
	kind kind
	box  string
	item driver.Item // to mark, remove or move
	mark driver.Change
	// to is the destination folder, and made is the copy that the request brings.
	to   int
	made *Object
	lost bool // the stamp is not kept
}

// kind is what a request does.
type kind string

const (
	marks   kind = "mark"
	removes kind = "remove"
	moves   kind = "move" // to the other mailbox
	shelves kind = "shelve"
	brings  kind = "bring" // to the other mailbox, from what has been read
)

// Delay makes the next write take effect later. Its answer is lost.
func (s *System) Delay(d time.Duration) { s.late = d }

// Due makes every request whose time has come take effect. Each call does so itself.
func (s *System) Due() {
	now := time.Now()
	for {
		next := -1
		for i, f := range s.flights {
			if !f.due.After(now) && (next < 0 || f.due.Before(s.flights[next].due)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		f := s.flights[next]
		s.flights = slices.Delete(s.flights, next, next+1)
		_, _ = s.land(f, f.due)
	}
	s.ghosts = slices.DeleteFunc(s.ghosts, func(g ghost) bool { return !g.until.After(now) })
}

// InFlight reports whether a request is on its way.
func (s *System) InFlight() bool { return len(s.flights) > 0 }

// errLost stands for an answer that does not come.
var errLost = errors.New("the connection was lost")

// send makes a request take effect: now, or later if the server is slow.
func (s *System) send(f flight) (*Object, error) {
	f.lost = s.StampsLost
	if s.late > 0 {
		f.due = time.Now().Add(s.late)
		s.late = 0
		s.flights = append(s.flights, f)
		return nil, &driver.Error{Err: errLost, Temporary: true, Cause: driver.CauseUnreachable}
	}
	return s.land(f, time.Now())
}

// land makes a request take effect at a given time.
func (s *System) land(f flight, now time.Time) (*Object, error) {
	if f.kind == brings {
		return s.add(*f.made, now), nil
	}
	o := s.byID(f.box, f.item.ID)
	if o == nil {
		return nil, refusal(driver.ErrGone)
	}
	checked := f.kind == marks || f.kind == removes && !s.RemovesUnchecked
	if checked && !s.VersionsIgnored && strconv.Itoa(o.Version) != f.item.Version {
		return nil, refusal(driver.ErrConflict)
	}
	switch f.kind {
	case marks:
		s.change(o, f, now)
	case removes:
		if s.RemovesNothing {
			return o, nil
		}
		if s.Removing != nil {
			s.Removing(o)
		}
		s.drop(o, now)
	case shelves:
		s.move(o, f.box, f.to, now)
	case moves:
		if s.MovesCopy {
			made := *o
			made.Box, made.Folder = s.Folders[f.to].Box, f.to
			return s.add(made, now), nil
		}
		left := *o
		from := o.Box
		s.move(o, s.Folders[f.to].Box, f.to, now)
		left.Box, left.Folder = from, s.FolderOf(from, Recoverable)
		s.add(left, now)
		if f.lost {
			o.Stamp = nil
		}
	}
	return o, nil
}

// change marks an object.
func (s *System) change(o *Object, f flight, now time.Time) {
	if f.mark.Stamp != nil && !f.lost {
		set := *f.mark.Stamp
		s.stamp(o, &set, now)
	}
	if f.mark.Clear {
		s.stamp(o, nil, now)
	}
	if f.mark.Read != nil {
		o.Read = *f.mark.Read
	}
	o.Version++
}

// refusal is the answer of a server that did nothing.
func refusal(err error) error {
	return &driver.Error{Err: err, Untouched: true, Answered: true, Cause: causeOf(err)}
}

func causeOf(err error) driver.Cause {
	if errors.Is(err, driver.ErrGone) {
		return driver.CauseNotFound
	}
	return ""
}
