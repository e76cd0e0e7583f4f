package twobox

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Description is a state in words, which are the same for states that differ only
// in ids, names of operations and attempts, and the time of day.
type Description struct {
	system *System
	now    time.Time
	text   strings.Builder
	names  map[string]int
	ranks  map[string]int // of objects, by id
}

// Describe returns the description of the system, to which a caller may add whatever
// else belongs to the state.
func (s *System) Describe() *Description {
	s.Due()
	d := &Description{system: s, now: time.Now(), names: make(map[string]int), ranks: make(map[string]int)}
	for _, o := range s.Objects {
		if o != nil {
			d.ranks[o.ID] = len(d.ranks)
		}
	}
	for _, f := range s.Folders {
		d.Add(f.Box, f.Name)
	}
	for _, o := range s.Objects {
		if o == nil {
			continue
		}
		d.Add("object", o.Message, o.Edition, o.Cut, o.Folder, o.Read, d.Until(o.arrived.Add(time.Minute)), d.Until(o.blind))
		d.Stamp(o.Stamp)
		if d.now.Before(o.marked.Add(time.Minute)) {
			d.Add("was", d.Until(o.marked.Add(time.Minute)))
			d.Stamp(o.earlier)
		}
	}
	for _, g := range s.ghosts {
		d.Add("ghost", g.folder, d.Until(g.until))
		d.Stamp(g.item.Stamp)
	}
	for _, f := range s.flights {
		d.Add("flight", string(f.kind), d.Until(f.due), f.to, f.lost)
		if f.made != nil {
			d.Add(f.made.Message, f.made.Edition, f.made.Cut, f.made.Read)
			d.Stamp(f.made.Stamp)
			continue
		}
		o := s.byID(f.box, f.item.ID)
		d.Add(d.Item(f.item.ID), o != nil && strconv.Itoa(o.Version) == f.item.Version, f.mark.Clear, f.mark.Read)
		d.Stamp(f.mark.Stamp)
	}
	d.Add(s.Lag, s.Linger, s.VersionsIgnored, s.StampsLost, s.Cuts, s.MovesCopy, s.RemovesNothing, s.late, fmt.Sprint(s.Refuses))
	return d
}

// Add adds values to the description.
func (d *Description) Add(values ...any) {
	for _, v := range values {
		fmt.Fprint(&d.text, v, "\x00")
	}
}

// Name returns a number for the name of an operation or attempt: the same for the
// same name.
func (d *Description) Name(name string) int {
	if name == "" {
		return -1
	}
	if _, ok := d.names[name]; !ok {
		d.names[name] = len(d.names)
	}
	return d.names[name]
}

// Item returns a number for the object with an id, or -1 if no object has it.
func (d *Description) Item(id string) int {
	if rank, ok := d.ranks[id]; ok {
		return rank
	}
	return -1
}

// Until returns how long it is until a time, or 0 if the time has passed.
func (d *Description) Until(t time.Time) time.Duration { return max(0, t.Sub(d.now)) }

// Stamp adds a stamp.
func (d *Description) Stamp(s *driver.Stamp) {
	if s == nil {
		d.Add("none")
		return
	}
	d.Add(d.Name(s.Operation), d.Name(s.Attempt), s.Direction, d.Until(s.Lease), s.Rebuilt, s.Print, s.Seal != "", s.Mailbox, s.Folder.ID, s.Read)
}

// Fingerprint returns the hash of the description.
func (d *Description) Fingerprint() [16]byte {
	h := sha256.Sum256([]byte(d.text.String()))
	return [16]byte(h[:16])
}
