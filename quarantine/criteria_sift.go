package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// sifter decides which of the messages a driver found in one mailbox match the
// criteria, and counts. It is not safe for concurrent use.
type sifter struct {
	mailbox  driver.Mailbox
	searcher driver.Searcher
	criteria Criteria
	limits   Limits

	seen     map[string]bool // ids
	stopped  error           // what ended the search, if a limit did
	items    []driver.Item   // the matches
	hits     map[string]int  // by folder id
	examined int

	gone      []driver.Item        // moved or deleted while they were sifted
	undecided map[string]undecided // by id
	order     []string             // keys of undecided, in order of first use
}

// undecided is a message that could not be decided on.
type undecided struct {
	item driver.Item
	err  error
}

// maxUndecided is how many undecided messages of a folder are reported
// individually.
const maxUndecided = 10

// sift searches a mailbox by criteria. The error matches [ErrTooManyHits] or
// [ErrProtected], or comes from the driver.
func sift(ctx context.Context, m driver.Mailbox, searcher driver.Searcher, c Criteria, l Limits, q driver.Query) (driver.Findings, error) {
	if err := errors.Join(c.Validate(), l.Validate()); err != nil {
		return driver.Findings{}, err
	}
	c.Subject = plainSubject(c.Subject)
	l = l.withDefaults()
	if err := l.checkMailbox(m.Address()); err != nil {
		return driver.Findings{}, err
	}
	goneBefore := make(map[string]bool)
	for pass := 1; ; pass++ {
		s := &sifter{
			mailbox: m, searcher: searcher, criteria: c, limits: l,
			seen: make(map[string]bool), hits: make(map[string]int), undecided: make(map[string]undecided),
		}
		found, err := searcher.Candidates(ctx, driver.Criteria(c), q, func(it driver.Candidate) error { return s.next(ctx, it) })
		enough := errors.Is(s.stopped, errExamined)
		if err = cmp.Or(s.stopped, err); err != nil && !enough {
			return driver.Findings{}, err
		}
		if enough {
			found.Unsearched = append(found.Unsearched, l.unexamined())
		}
		others := s.goneFirst(goneBefore)
		if len(s.gone) == 0 || enough || pass >= passes && (!others || pass >= maxPasses) {
			return s.findings(found), nil
		}
		// A message that was moved has another id now, perhaps in a folder that
		// had already been searched.
	}
}

// maxPasses is how many times a mailbox is searched at most if different messages are
// gone each time, as when another run is taking them.
const maxPasses = 10

// goneFirst reports whether a message is gone that was not gone in an earlier
// pass, and remembers those that are.
func (s *sifter) goneFirst(before map[string]bool) (first bool) {
	for _, it := range s.gone {
		key := it.MessageID + " " + it.Received.String()
		first = first || !before[key]
		before[key] = true
	}
	return first
}

// findings adds the sifted messages to the driver's account of where it looked.
func (s *sifter) findings(found driver.Findings) driver.Findings {
	for _, it := range s.gone {
		s.leave(it, errMoving)
	}
	found.Items, found.Examined = s.items, s.examined
	for i, f := range found.Searched {
		found.Searched[i].Hits = s.hits[f.Folder.ID]
	}
	found.Unsearched = append(found.Unsearched, s.report()...)
	return found
}

// next sifts one message. It keeps a driver that continues after an error from
// exceeding the limits.
func (s *sifter) next(ctx context.Context, m driver.Candidate) error {
	if s.stopped == nil {
		s.stopped = s.visit(ctx, m)
	}
	return s.stopped
}

// visit sifts one message. A driver may pass it twice, because it searches a
// folder again: then a message that was undecided may be decided.
func (s *sifter) visit(ctx context.Context, m driver.Candidate) error {
	again := s.seen[m.Item.ID]
	if _, open := s.undecided[m.Item.ID]; again && !open {
		if errors.Is(m.Err, ErrGone) {
			s.lose(m.Item)
		}
		return nil
	}
	s.seen[m.Item.ID] = true
	delete(s.undecided, m.Item.ID)
	if m.Err != nil && !errors.Is(m.Err, ErrGone) {
		s.leave(m.Item, m.Err) // not even the properties that every item has are known
		return nil
	}
	bySubject := s.criteria.matchSubject(m.Item.Subject)
	if !driver.Criteria(s.criteria).MayMatch(m.Item) || bySubject == matchNo {
		return nil
	}
	if s.criteria.examines() || bySubject == matchUnsure {
		if !again {
			if err := s.limits.checkExamined(s.examined + 1); err != nil {
				return err
			}
			s.examined++
		}
		v, err := s.decide(ctx, m)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrGone):
			if m.Item.Stamp == nil || !m.Item.Folder.Recoverable { // otherwise another run's move left it behind, and that run swept it
				s.gone = append(s.gone, m.Item)
			}
			return nil
		case err != nil:
			s.leave(m.Item, err)
			return nil
		case v != matchYes:
			return nil
		}
	}
	s.items = append(s.items, m.Item)
	s.hits[m.Item.Folder.ID]++
	return s.limits.checkHits(s.mailbox.Address(), len(s.items))
}

// errMoving is returned for a message that was gone each time it should have been read.
var errMoving = errors.New("it was moved or deleted each time it was to be read; run the target again")

// lose takes back a match that is no longer where it was.
func (s *sifter) lose(it driver.Item) {
	i := slices.IndexFunc(s.items, func(had driver.Item) bool { return had.ID == it.ID })
	if i < 0 {
		return
	}
	left := s.items[i].Stamp != nil && s.items[i].Folder.Recoverable
	s.items = slices.Delete(s.items, i, i+1)
	s.hits[it.Folder.ID]--
	if !left {
		s.gone = append(s.gone, it)
	}
}

// decide checks one message, and reads it if necessary.
func (s *sifter) decide(ctx context.Context, m driver.Candidate) (matching, error) {
	if m.Err != nil {
		return matchNo, m.Err
	}
	if v, err := s.people(ctx, m); v != matchYes || err != nil {
		return matchNo, err
	}
	if s.criteria.matchSubject(m.Item.Subject) == matchUnsure {
		if v, err := s.wholeSubject(ctx, m); v != matchYes || err != nil {
			return matchNo, err
		}
	}
	if !s.criteria.needsMIME(m.Item) {
		return matchYes, nil
	}
	message, err := s.searcher.Open(ctx, m.Item)
	if err != nil {
		return matchNo, err
	}
	defer message.Close()
	if matches, err := s.criteria.matchMIME(message); err != nil || !matches {
		return matchNo, err
	}
	return matchYes, nil
}

// leave records a message that could not be decided on.
func (s *sifter) leave(it driver.Item, err error) {
	s.undecided[it.ID] = undecided{it, err}
	s.order = append(s.order, it.ID)
}

// report describes the messages that could not be decided on, by folder.
func (s *sifter) report() []driver.Unsearched {
	var all []driver.Unsearched
	byFolder := make(map[string][]undecided)
	var folders []string
	for _, id := range s.order {
		u, open := s.undecided[id]
		if !open {
			continue
		}
		delete(s.undecided, id) // a message that was left twice is reported once
		folder := u.item.Folder.ID
		if byFolder[folder] == nil {
			folders = append(folders, folder)
		}
		byFolder[folder] = append(byFolder[folder], u)
	}
	for _, id := range folders {
		left := byFolder[id]
		folder := left[0].item.Folder
		for _, u := range left[:min(len(left), maxUndecided)] {
			all = append(all, driver.Unsearched{Folder: folder, Cause: CauseUndecided, Reason: fmt.Sprintf("message %q of %s: %v",
				u.item.MessageID, u.item.Received.Format("2006-01-02 15:04:05Z07:00"), u.err)})
		}
		if more := len(left) - maxUndecided; more > 0 {
			all = append(all, driver.Unsearched{Folder: folder, Cause: CauseUndecided, Reason: fmt.Sprintf("%d more messages could not be examined", more)})
		}
	}
	return all
}
