package reported

import (
	"context"
	"fmt"
	"iter"
	"sync"
)

// WatchAll is [Watcher.Watch] of several mailboxes in one loop: the reports of each come in
// their order, and Mailbox of [Report] says whose they are. An error names its mailbox, and
// the others are not hindered by it. While a report is not taken from the loop, its mailbox
// waits and the others go on.
//
// Watchers over one driver share what it can share. With package ewsmail that is the
// connection for notifications: one for up to 200 mailboxes of a strategy. A strategy that
// package exchange has opened takes all of them for one group (ewsmail.Options.Group), and
// its Config has no setting for it: a mailbox that another server serves gets a connection
// of its own once its subscription has failed twice, and nothing is lost. Each still looks
// at its folder every [Options].Interval: raise that for many mailboxes, such as to 15
// minutes, if a report may come so late where a notification is lost.
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
