package quarantine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// allowed refuses criteria where they are not to be searched by.
func (s *Service) allowed(t Target) error {
	if t.byCriteria() && !s.searchAllowed {
		return driver.Invalid("target", "criteria", "are not allowed by the configuration; name the message by messageId, or set messageIdSearch to true")
	}
	return nil
}

// search returns the items of a mailbox that a target means and a query asks for.
// The limits hold for criteria only.
func (s *Service) search(ctx context.Context, m driver.Mailbox, t Target, l Limits, q driver.Query) (driver.Findings, error) {
	if !t.byCriteria() {
		if t.MessageID != "" {
			q.MessageID = t.MessageID
		}
		return m.Find(ctx, q)
	}
	searcher, ok := driver.As[driver.Searcher](m)
	if !ok {
		return driver.Findings{}, fmt.Errorf("the strategy %q cannot search by criteria; name the message by messageId: %w", s.strategy.Name(), errors.ErrUnsupported)
	}
	found, err := sift(ctx, m, searcher, t.Criteria, l, q)
	if err != nil {
		return driver.Findings{}, err
	}
	return found, l.newTally().add(len(found.Items))
}

// unlimited is for searches after which nothing new is taken.
var unlimited = Limits{PerMailbox: math.MaxInt, Total: math.MaxInt, Examined: math.MaxInt}
