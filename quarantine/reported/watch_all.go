package reported

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// WatchAll is [Watcher.Watch] for several mailboxes in one loop: the reports of each come
// in their order, and Mailbox of [Report] tells which mailbox they are in. An error names
// its mailbox, and does not hinder the others. While the loop has not taken a report, its
// mailbox waits and the others continue.
//
// Watchers over one driver share what it can share. With package ewsmail that is the
// connection for notifications: one for up to 200 mailboxes of a strategy. A strategy
// opened by package exchange treats them all as one group (ewsmail.Options.Group), and its
// Config has no setting for that: a mailbox on another server gets a connection of its own
// once its subscription has failed twice, and nothing is lost. Each watcher still checks
// its folder every [Options].Interval: raise that for many mailboxes, for example to 15
// minutes, if a report may come that late when a notification is lost.
func WatchAll(ctx context.Context, watchers ...*Watcher) iter.Seq2[Report, error] {
	type news struct {
		report Report
		err    error
	}
	return func(yield func(Report, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		all := make(chan news)
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		for _, w := range watchers {
			group.Go(func() {
				for report, err := range w.Watch(ctx) {
					if err != nil {
						err = fmt.Errorf("%s: %w", w.mailbox.Address(), err)
					}
					select {
					case all <- news{report, err}:
					case <-ctx.Done():
						return
					}
				}
			})
		}
		for {
			select {
			case n := <-all:
				if !yield(n.report, n.err) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
