package reported_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// tells is whether the caller gets an error from a trouble.
type tells int

const (
	perhaps tells = iota
	never
	always
)

// trouble is something that happens to the server, the folder or the mailbox during a
// watch.
type trouble struct {
	opts    reported.Options
	happens func(w *world, p *process) // nil: nothing
	lasts   time.Duration
	tells   tells
}

// play has one report come before the trouble, one in it and one after it. Each must come
// once, the last within the interval and some slack. It returns how often each came,
// including those that the trouble added.
func (tt trouble) play(t *testing.T, w *world, slack time.Duration) (times map[string]int) {
	const interval = time.Minute
	deliver := w.report
	if tt.opts.Folder != nil {
		f := w.box.AddFolder(nil, tt.opts.Folder...)
		deliver = func(n int) {
			w.box.DeliverWith(fmt.Appendf(nil, "From: bob@example.test\r\nSubject: report %d\r\n\r\n", n), ewstest.Delivery{Folder: f})
		}
	}
	tt.opts.Interval = interval
	ctx, cancel := context.WithCancel(t.Context())
	times, at := map[string]int{}, map[string]time.Time{}
	var errs []error
	ended := make(chan struct{})
	p := w.process()
	go func() {
		defer close(ended)
		for report, err := range p.watcher(&tt.opts).Watch(ctx) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			times[report.Subject]++
			at[report.Subject] = time.Now()
			for report.Acknowledge(ctx) != nil && ctx.Err() == nil {
				time.Sleep(10 * time.Second)
			}
		}
	}()
	deliver(0)
	time.Sleep(5 * time.Minute)
	if tt.happens != nil {
		tt.happens(w, p)
	}
	deliver(1)
	time.Sleep(tt.lasts + 15*time.Minute) // late requests and leases have ended
	delivered := time.Now()
	deliver(2)
	time.Sleep(20 * time.Minute)
	cancel()
	<-ended
	for n := range 3 {
		assert.Equal(t, 1, times[fmt.Sprintf("report %d", n)], "report %d", n)
	}
	for subject, n := range times {
		assert.Equal(t, 1, n, subject)
	}
	assert.LessOrEqual(t, at["report 2"].Sub(delivered), interval+slack)
	if tt.tells != perhaps {
		assert.Equal(t, tt.tells == always, len(errs) > 0, "%v", errs)
	}
	if w.graph != nil {
		w.graph.LimitPages(0)
	}
	if tt.opts.Folder == nil { // a renamed folder cannot be found under its name
		left, _ := collect(t.Context(), w.process().watcher(&reported.Options{MarkOnly: true}), 10*time.Minute)
		assert.Empty(t, left)
	}
	return times
}
