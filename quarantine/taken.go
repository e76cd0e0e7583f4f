package quarantine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// reach is how far a search for items in quarantine goes.
type reach int

const (
	// nearest is where something is found first: where it was put or, if it is not
	// there, wherever in the quarantine mailbox someone has put it. If each mailbox has
	// a folder there, those of other mailboxes are left out.
	nearest reach = iota
	// anywhere is nearest and then, last, the folders of other mailboxes.
	anywhere
	// everywhere continues when something is found, to find what someone has put
	// elsewhere, but looks in the folders of other mailboxes only if nothing is found.
	everywhere
)

// taken finds the items in quarantine that match both a target (the zero value
// matches all) and a query, which names the mailbox that they came from.
func (s *Service) taken(ctx context.Context, t Target, q driver.Query, to reach) (holding, error) {
	type look func() (driver.Findings, error)
	folder := func() (driver.Findings, error) { return s.inQuarantine(ctx, q.Origin, t, q) }
	mailbox := func() (driver.Findings, error) {
		q := q
		q.Archive = true
		return s.search(ctx, s.vaultOf(q.Origin), t, unlimited, q)
	}
	looks := [][]look{{folder}, {mailbox}} // all looks of a group count
	if to == everywhere {
		looks = looks[1:]
	}
	if s.perMailbox && q.Origin != "" {
		own := func() (driver.Findings, error) { return s.inOwnFolder(ctx, t, q) }
		beside := func() (driver.Findings, error) { return s.besideFolders(ctx, t, q) }
		switch to {
		case nearest:
			looks = [][]look{{own}, {beside}}
		case anywhere:
			looks = [][]look{{own}, {beside}, {mailbox}}
		case everywhere:
			looks = [][]look{{own, beside}, {mailbox}}
		}
	}
	var found holding
	for _, group := range looks {
		found = holding{}
		for _, look := range group {
			more, err := look()
			if err != nil {
				return holding{Findings: more}, err
			}
			found.Items = append(found.Items, slices.DeleteFunc(more.Items, unneeded)...)
			found.Unsearched = append(found.Unsearched, more.Unsearched...)
		}
		if len(found.Items) > 0 {
			break
		}
	}
	var err error
	found.Items = passage.Distinct(found.Items) // a driver may search more than it must
	found.Items, found.doubtful, err = s.believed(ctx, t, q, found.Items)
	return found, err
}

// inQuarantine finds the items in quarantine that match both a target (the zero value
// matches all) and a query. If the quarantine folder does not exist yet, there are none.
func (s *Service) inQuarantine(ctx context.Context, mailbox string, t Target, q driver.Query) (driver.Findings, error) {
	for again := false; ; again = true {
		root, err := s.root(ctx, mailbox, again)
		if errors.Is(err, ErrGone) {
			return driver.Findings{}, nil
		}
		if err != nil {
			return driver.Findings{}, err
		}
		q.In, q.Below = &root, true
		found, err := s.search(ctx, s.vaultOf(mailbox), t, unlimited, q)
		if err != nil || again || len(found.Unsearched) == 0 {
			return found, err
		}
		// The remembered folder may have been deleted since.
	}
}

// inOwnFolder searches the folder of the mailbox that a query names. If it does not
// exist yet, it holds nothing.
func (s *Service) inOwnFolder(ctx context.Context, t Target, q driver.Query) (driver.Findings, error) {
	for again := false; ; again = true {
		own, err := s.ownFolder(ctx, q.Origin, again)
		if errors.Is(err, ErrGone) {
			return driver.Findings{}, nil
		}
		if err != nil {
			return driver.Findings{}, err
		}
		q.In, q.Below = &own, true
		found, err := s.search(ctx, s.vaultOf(q.Origin), t, unlimited, q)
		if err != nil || again || len(found.Unsearched) == 0 {
			return found, err
		}
		// The remembered folder may have been deleted since.
	}
}

// besideFolders searches the quarantine mailbox without the folders of the mailboxes.
func (s *Service) besideFolders(ctx context.Context, t Target, q driver.Query) (driver.Findings, error) {
	root, err := s.root(ctx, q.Origin, false)
	if errors.Is(err, ErrGone) {
		return s.search(ctx, s.vaultOf(q.Origin), t, unlimited, q)
	}
	if err != nil {
		return driver.Findings{}, err
	}
	q.Except = &root
	found, err := s.search(ctx, s.vaultOf(q.Origin), t, unlimited, q)
	if err != nil {
		return found, err
	}
	q.In, q.Except = &root, nil
	top, err := s.search(ctx, s.vaultOf(q.Origin), t, unlimited, q)
	found.Items = append(found.Items, top.Items...)
	found.Unsearched = append(found.Unsearched, top.Unsearched...)
	return found, err
}

// takenItem finds the item of a receipt in quarantine: by its stamp or, if a search
// does not show it, by its id. A search may not yet show what has only just been
// taken, so it is looked for again once it should be shown.
func (s *Service) takenItem(ctx context.Context, r *Receipt, was ReceiptItem) (holding, error) {
	q, to := driver.Query{Operation: was.Operation, Origin: r.Target.Mailbox}, nearest
	if was.Outcome.Done() {
		to = anywhere
	}
	found, err := s.taken(ctx, Target{}, q, to)
	if err != nil || len(found.Items)+len(found.doubtful) > 0 || !was.Outcome.Done() {
		return found, err
	}
	// The id is one more chance, but the server may not even be able to read it.
	it, lookErr := s.engine.Inspect(ctx, s.vaultOf(r.Target.Mailbox), s.itemID(was.To))
	if lookErr == nil && it != nil && it.Stamp != nil && it.Stamp.Operation == was.Operation && !unneeded(*it) {
		it.Folder = was.To.Folder
		found.Items = append(found.Items, *it)
		return found, nil
	}
	if wait := s.engine.Lag - time.Since(r.Finished); wait > 0 && wait <= s.engine.Lag {
		if err := s.engine.Sleep(ctx, wait); err != nil {
			return found, err
		}
		return s.taken(ctx, Target{}, q, to)
	}
	return found, nil
}

// unneeded reports whether an item in the quarantine mailbox is not one that can
// be restored: a surplus copy, or what the move of a restore has left in
// Recoverable Items.
func unneeded(it driver.Item) bool {
	return it.Stamp.Direction == driver.Surplus || it.Folder.Recoverable && it.Stamp.Direction == driver.ToUser
}
