package quarantine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// allowed refuses criteria unless they are enabled.
func (s *Service) allowed(t Target) error {
	if t.byCriteria() && !s.searchAllowed {
		return driver.Invalid("target", "criteria", "are not allowed; give the messageId instead, or set CriteriaSearch of Options (messageIdSearch in a configuration)")
	}
	return nil
}

// search returns the items in a mailbox that match both a target and a query.
// Limits apply to criteria only.
func (s *Service) search(ctx context.Context, m driver.Mailbox, t Target, l Limits, q driver.Query) (driver.Findings, error) {
	if !t.byCriteria() {
		if t.MessageID != "" {
			q.MessageID = t.MessageID
		}
		found, err := m.Find(ctx, q)
		if err == nil {
			err = passage.Fits(q, found)
		}
		found.Items = passage.Distinct(found.Items)
		return found, err
	}
	searcher, ok := driver.As[driver.Searcher](m)
	if !ok {
		return driver.Findings{}, fmt.Errorf("the strategy %q cannot search by criteria; give the messageId instead: %w", s.strategy.Name(), errors.ErrUnsupported)
	}
	found, err := sift(ctx, m, searcher, t.Criteria, l, q)
	if err != nil {
		return driver.Findings{}, err
	}
	if err := passage.Fits(q, found); err != nil {
		return driver.Findings{}, err
	}
	found.Items = passage.Distinct(found.Items)
	return found, l.newTally().add(len(found.Items))
}

// unlimited is for searches that do not cause new items to be taken.
var unlimited = Limits{PerMailbox: math.MaxInt, Total: math.MaxInt, Examined: math.MaxInt}
