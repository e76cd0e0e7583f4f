package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// detailsPerCall is how many items one GetItem asks for.
const detailsPerCall = 10

// sifter decides, of what a search in one mailbox found, what matches criteria.
// It counts over all that it is given, so there is one for each search. It is
// not safe for concurrent use.
type sifter struct {
	mailbox  *exchangeMailbox
	criteria Criteria
	limits   Limits

	hits, examined int
}

// newSifter returns one for valid criteria and limits. It refuses a mailbox that
// is protected.
func (m *exchangeMailbox) newSifter(c Criteria, l Limits) (*sifter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := l.Validate(); err != nil {
		return nil, err
	}
	l = l.withDefaults()
	if err := l.checkMailbox(m.address); err != nil {
		return nil, err
	}
	return &sifter{mailbox: m, criteria: c, limits: l}, nil
}

// sift returns those of the items that match, as they were given, and an error
// for each of which that cannot be known. An item that is gone is left out: who
// moved it makes a new one, which another search finds.
//
// The last error says that nothing can be said of any: it matches
// [ErrTooManyHits], or is the server's. The items need searchProperties.
func (s *sifter) sift(ctx context.Context, items []ews.Item) (hits []ews.Item, undecided []error, err error) {
	var left []ews.Item
	for _, it := range items {
		if s.criteria.matchFound(it) {
			left = append(left, it)
		}
	}
	if !s.criteria.needsDetails() {
		s.hits += len(left)
		if err := s.limits.checkHits(s.mailbox.address, s.hits); err != nil {
			return nil, nil, err
		}
		return left, nil, nil
	}
	s.examined += len(left)
	if err := s.limits.checkExamined(s.mailbox.address, s.examined); err != nil {
		return nil, nil, err
	}
	for batch := range slices.Chunk(left, detailsPerCall) {
		results, err := s.details(ctx, batch)
		if err != nil {
			return nil, nil, err
		}
		for i, r := range results {
			v, err := s.decide(ctx, r)
			if ctx.Err() != nil {
				return nil, nil, context.Cause(ctx)
			}
			switch {
			case errors.Is(err, ews.ErrNotFound):
			case err != nil:
				undecided = append(undecided, fmt.Errorf("message %q of %s: %w", batch[i].InternetMessageID, batch[i].Received.Format("2006-01-02 15:04:05Z07:00"), err))
			case v == matchYes:
				hits = append(hits, batch[i])
				s.hits++
				if err := s.limits.checkHits(s.mailbox.address, s.hits); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	return hits, undecided, nil
}

func (s *sifter) details(ctx context.Context, items []ews.Item) (ews.Results[ews.Item], error) {
	request := ews.GetItemRequest{Shape: ews.ItemShape{Properties: s.criteria.detailProperties()}}
	for _, it := range items {
		request.IDs = append(request.IDs, ews.ItemID{ID: it.ID.ID})
	}
	return s.mailbox.client.GetItem(ctx, request)
}

// errUnresolved is of an item that names people by something else than their
// SMTP address.
var errUnresolved = errors.New("the server gives no SMTP address of its sender or recipients")

// decide looks at one item, and into it if need be.
func (s *sifter) decide(ctx context.Context, r ews.Result[ews.Item]) (matching, error) {
	if r.Err != nil {
		return matchNo, r.Err
	}
	v := s.criteria.matchDetails(r.Value)
	if v == matchNo || !s.criteria.needsMIME(r.Value) {
		if v == matchUnsure {
			return matchNo, errUnresolved
		}
		return v, nil
	}
	message, err := s.mailbox.client.OpenMIME(ctx, r.Value.ID)
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
