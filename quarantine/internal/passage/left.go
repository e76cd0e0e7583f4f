package passage

import (
	"context"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// leftOf returns an item at the destination that has the attempt of a stamp, or nil if no
// item is shown to have it. Showing absence takes two looks, because the owner of a
// mailbox may move an item while it is searched. The last look begins once a search must
// show what was marked when the attempt began, which may be the original of a passage that
// is still in progress. That is a point in time, so items marked together wait for it only
// once, even if they are asked about one after the other.
func (p *Passage) leftOf(ctx context.Context, stamp driver.Stamp, counts func(driver.Item) bool) (*driver.Item, error) {
	shows := stamp.Lease.Add(-p.engine.window() - p.engine.Doubt)
	if latest := time.Now().Add(p.engine.Lag); shows.After(latest) {
		shows = latest // by the clock of another machine
	}
	for looks := 1; ; looks++ {
		began := time.Now()
		found, err := p.engine.Find(ctx, p.To, p.stampedIn(p.To, stamp))
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(found.Items, func(it driver.Item) bool {
			return it.Stamp.Attempt == stamp.Attempt && it.Stamp.Direction == stamp.Direction && counts(it)
		})
		if i >= 0 {
			return &found.Items[i], nil
		}
		if len(found.Unsearched) > 0 && !p.engine.expired(stamp) {
			return nil, p.undecided(unsearched(" of "+p.To.Address(), found.Unsearched[0]))
		}
		if looks >= looksForAbsence && !began.Before(shows) {
			return nil, nil
		}
		if wait := time.Until(shows); wait > 0 {
			if err := p.engine.Sleep(ctx, wait); err != nil {
				return nil, p.undecided(err)
			}
		}
	}
}
