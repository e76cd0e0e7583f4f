package quarantine

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// sifter decides, of what a driver found in one mailbox, what matches criteria,
// and counts. It is not safe for concurrent use.
type sifter struct {
	mailbox  driver.Mailbox
	searcher driver.Searcher
	criteria Criteria
	limits   Limits

	seen     map[string]bool // ids
	items    []driver.Item   // that match
	hits     map[string]int  // by id of the folder
	examined int

	gone      []driver.Item         // moved or deleted while they were sifted
	undecided map[string]*undecided // by id of the folder
	order     []string              // of undecided
}

// undecided are the messages of a folder of which it cannot be known whether
// they match.
type undecided struct {
	folder driver.Folder
	told   []string
	more   int
}

// maxUndecided is how many messages of a folder are told one by one of which it
// cannot be known whether they match.
const maxUndecided = 10

// sift searches a mailbox by criteria. The error matches [ErrTooManyHits] or
// [ErrProtected], or is the driver's.
func sift(ctx context.Context, m driver.Mailbox, searcher driver.Searcher, c Criteria, l Limits, q driver.Query) (driver.Findings, error) {
	if err := errors.Join(c.Validate(), l.Validate()); err != nil {
		return driver.Findings{}, err
	}
	l = l.withDefaults()
	if err := l.checkMailbox(m.Address()); err != nil {
		return driver.Findings{}, err
	}
	for pass := 1; ; pass++ {
		s := &sifter{
			mailbox: m, searcher: searcher, criteria: c, limits: l,
			seen: make(map[string]bool), hits: make(map[string]int), undecided: make(map[string]*undecided),
		}
		found, err := searcher.Candidates(ctx, driver.Criteria(c), q, func(it driver.Candidate) error { return s.visit(ctx, it) })
		if err != nil {
			return driver.Findings{}, err
		}
		if len(s.gone) == 0 || pass == passes {
			return s.findings(found), nil
		}
		// Whoever moved a message made another id of it, perhaps in a folder that
		// had been searched by then.
	}
}

// findings adds what was sifted to where the driver looked.
func (s *sifter) findings(found driver.Findings) driver.Findings {
	for _, it := range s.gone {
		s.report(it, errMoving)
	}
	found.Items = s.items
	for i, f := range found.Searched {
		found.Searched[i].Hits = s.hits[f.Folder.ID]
	}
	for _, id := range s.order {
		found.Unsearched = append(found.Unsearched, s.undecided[id].report()...)
	}
	return found
}

// visit sifts one message. A driver may show it twice.
func (s *sifter) visit(ctx context.Context, m driver.Candidate) error {
	if s.seen[m.Item.ID] {
		return nil
	}
	s.seen[m.Item.ID] = true
	if !s.criteria.matchFound(m.Item) {
		return nil
	}
	if s.criteria.examines() {
		s.examined++
		if err := s.limits.checkExamined(s.mailbox.Address(), s.examined); err != nil {
			return err
		}
		v, err := s.decide(ctx, m)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrGone):
			s.gone = append(s.gone, m.Item)
			return nil
		case err != nil:
			s.report(m.Item, err)
			return nil
		case v != matchYes:
			return nil
		}
	}
	s.items = append(s.items, m.Item)
	s.hits[m.Item.Folder.ID]++
	return s.limits.checkHits(s.mailbox.Address(), len(s.items))
}

// errMoving is of a message that was gone each time it was to be looked at.
var errMoving = errors.New("it was moved or deleted each time it was to be read; run the target again")

// errUnresolved is of a message that names people by something else than their
// SMTP address.
var errUnresolved = errors.New("the server gives no SMTP address of its sender or recipients")

// decide looks at one message, and into it if need be.
func (s *sifter) decide(ctx context.Context, m driver.Candidate) (matching, error) {
	if m.Err != nil {
		return matchNo, m.Err
	}
	v := s.criteria.matchDetails(m)
	if v == matchNo || !s.criteria.needsMIME(m.Item) {
		if v == matchUnsure {
			return matchNo, errUnresolved
		}
		return v, nil
	}
	message, err := s.searcher.Open(ctx, m.Item)
	if err != nil {
		return matchNo, err
	}
	defer message.Close()
	matches, err := s.criteria.matchMIME(message)
	switch {
	case err != nil || !matches:
		return matchNo, err
	case v == matchUnsure:
		return matchNo, errUnresolved
	}
	return matchYes, nil
}

// report notes a message that could not be decided on.
func (s *sifter) report(it driver.Item, err error) {
	u := s.undecided[it.Folder.ID]
	if u == nil {
		u = &undecided{folder: it.Folder}
		s.undecided[it.Folder.ID] = u
		s.order = append(s.order, it.Folder.ID)
	}
	if len(u.told) == maxUndecided {
		u.more++
		return
	}
	u.told = append(u.told, fmt.Sprintf("message %q of %s: %v", it.MessageID, it.Received.Format("2006-01-02 15:04:05Z07:00"), err))
}

func (u *undecided) report() []driver.Unsearched {
	var all []driver.Unsearched
	for _, reason := range u.told {
		all = append(all, driver.Unsearched{Folder: u.folder, Cause: CauseUndecided, Reason: reason})
	}
	if u.more > 0 {
		all = append(all, driver.Unsearched{Folder: u.folder, Cause: CauseUndecided, Reason: fmt.Sprintf("%d more messages could not be looked into", u.more)})
	}
	return all
}
