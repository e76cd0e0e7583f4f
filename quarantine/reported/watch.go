package reported

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Watch returns the reports in the folder as they come, in order of arrival, each until it
// is acknowledged. An error is something that currently hinders the watch, such as a server
// that does not answer; the watch continues and tries again, so the caller decides how long
// to tolerate it. The sequence ends when ctx does, without an error, or when the loop is
// left. The leases of reports that were not acknowledged then run out.
//
// Reports can be worked on concurrently while the loop that returned them continues. Each
// loop is a separate holder. Reports that cannot be put in order, because more than 100,000
// wait, come later.
func (w *Watcher) Watch(ctx context.Context) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := newRun(w)
		defer r.others.Wait()
		defer cancel()
		r.loop(ctx, yield)
	}
}

// run is one call of Watch or Waiting.
type run struct {
	w      *Watcher
	once   bool     // one look is all: nothing is listened for, and no position is used
	only   []string // ids of the reports that are wanted; empty: all
	holder string
	others sync.WaitGroup // goroutines that listen and renew
	bell   chan struct{}

	folder        driver.Folder
	ready         bool            // the folder is known, and others are running
	state         string          // of the folder
	full          time.Time       // when the whole folder was last scanned
	seen          map[string]bool // in the current scan of the whole folder; nil outside one
	saved         string
	stopListening context.CancelFunc

	fails int // consecutive looks that failed

	mu       sync.Mutex
	queue    map[string]*entry // by id: reports that have arrived and are not done
	held     map[string]*hold  // by report id
	troubles []error           // of others, still to be returned
}

func newRun(w *Watcher) *run {
	return &run{
		w: w, holder: driver.NewOperation(),
		queue: make(map[string]*entry), held: make(map[string]*hold), bell: make(chan struct{}, 1),
	}
}

// wants reports whether the report with a note is wanted. One that was never handed out has
// no id yet.
func (r *run) wants(n note) bool { return len(r.only) == 0 || slices.Contains(r.only, n.id) }

// entry is a report that waits.
type entry struct {
	id       string // of the item
	received time.Time
	at       time.Time // not before
	held     bool      // by this run
}

// Bounds.
const (
	maxQueue    = 100_000 // entries
	maxTroubles = 16
)

// loop looks, gives what it finds, and waits, over and over.
func (r *run) loop(ctx context.Context, yield func(Report, error) bool) {
	tell := func(err error) bool {
		return err == nil || ctx.Err() != nil || yield(Report{}, err)
	}
	for ctx.Err() == nil {
		err := r.look(ctx)
		if r.fails++; err == nil {
			r.fails = 0
		}
		if !tell(err) {
			return
		}
		for _, e := range r.due() {
			if ctx.Err() != nil {
				return
			}
			report, err := r.take(ctx, e)
			switch {
			case err != nil:
				if !tell(err) {
					return
				}
			case report != nil:
				if !yield(*report, nil) {
					return
				}
			}
			if !r.tellTroubles(tell) {
				return
			}
		}
		if !r.tellTroubles(tell) || !tell(r.save(ctx)) {
			return
		}
		r.wait(ctx)
	}
}

func (r *run) tellTroubles(tell func(error) bool) bool {
	r.mu.Lock()
	troubles := r.troubles
	r.troubles = nil
	r.mu.Unlock()
	for _, err := range troubles {
		if !tell(err) {
			return false
		}
	}
	return true
}

// trouble keeps an error of the goroutines that run alongside the loop.
func (r *run) trouble(err error) {
	r.mu.Lock()
	if len(r.troubles) < maxTroubles {
		r.troubles = append(r.troubles, err)
	}
	r.mu.Unlock()
	r.ring()
}

// ring wakes the loop.
func (r *run) ring() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// wait waits for the bell, the interval, or the next report that may be taken.
func (r *run) wait(ctx context.Context) {
	d := r.w.opts.Interval
	if r.fails > 0 {
		d = min(d, time.Second<<min(r.fails, 10))
	}
	now := time.Now()
	r.mu.Lock()
	for _, e := range r.queue {
		if !e.held && r.fails == 0 {
			d = min(d, max(e.at.Sub(now), 0))
		}
	}
	r.mu.Unlock()
	t := time.NewTimer(max(d, shortestWait))
	defer t.Stop()
	select {
	case <-r.bell:
	case <-t.C:
	case <-ctx.Done():
	}
}

// shortestWait is the minimum wait between two looks, unless something comes.
const shortestWait = 100 * time.Millisecond

// due returns the reports that may be taken now, in order of arrival.
func (r *run) due() []*entry {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*entry
	for _, e := range r.queue {
		if !e.held && !e.at.After(now) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Or(a.received.Compare(b.received), cmp.Compare(a.id, b.id)) })
	return all
}

// look learns what has changed in the folder.
func (r *run) look(ctx context.Context) error {
	if !r.ready {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	if r.seen == nil && (r.state == "" || time.Since(r.full) > r.w.opts.Rescan) {
		r.state, r.seen = "", make(map[string]bool)
	}
	anew, been := false, circles{maphash.MakeSeed(), make(map[uint64]bool)}
	been.before(r.state)
	idle := 0
	for range maxPages {
		arrivals, err := r.w.watched.Arrivals(ctx, r.folder, r.state)
		switch {
		case errors.Is(err, driver.ErrStateExpired) && r.state != "":
			r.w.opts.Logger.Info("report watch begins anew", "reason", "the state of the folder has expired")
			r.state, r.seen = "", make(map[string]bool)
			if anew {
				return fmt.Errorf("reported: the folder cannot be looked at to its end: %w", err)
			}
			anew = true
			continue
		case errors.Is(err, driver.ErrGone):
			// Another folder may have its name. If it is this one again, the watch
			// continues from the saved position, which knows nothing of what that look has
			// not shown yet.
			r.ready, r.state, r.seen = false, "", nil
			return fmt.Errorf("reported: the watched folder no longer exists: %w", err)
		case err != nil:
			return fmt.Errorf("reported: looking for new reports: %w", err)
		case been.before(arrivals.State) && arrivals.More:
			r.state = "" // it leads round in a circle
			return errStalled
		}
		r.arrived(arrivals)
		r.state = arrivals.State
		if !arrivals.More {
			r.looked()
			return nil
		}
		if idle++; len(arrivals.Items) > 0 {
			idle = 0
		}
		if idle > maxIdle || len(r.seen) > maxSeen {
			r.state, r.seen = "", nil // to start again
			return errStalled
		}
	}
	return nil // the next look returns the rest
}

// circles remembers which states were asked for, as hashes, since they can be long.
type circles struct {
	seed maphash.Seed
	seen map[uint64]bool
}

// before adds a state, and reports whether it was already there.
func (c circles) before(state string) bool {
	sum := maphash.String(c.seed, state)
	known := c.seen[sum]
	c.seen[sum] = true
	return known
}

// Limits of a look at the folder.
const (
	maxPages = 10_000 // answers that one look takes
	maxIdle  = 1_000  // answers in a row without a change
	// maxSeen is how many messages a scan of the whole folder can return: Exchange Online
	// keeps 1,000,000 in a folder.
	maxSeen = 4_000_000
)

// looked ends a scan of the whole folder: reports that it did not return are gone.
func (r *run) looked() {
	if r.seen == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, e := range r.queue {
		if !r.seen[id] && !e.held {
			delete(r.queue, id)
		}
	}
	r.seen, r.full = nil, time.Now()
	if len(r.queue) >= maxQueue {
		r.full = time.Time{} // some were left out
	}
}

// arrived records which reports have come, changed and gone.
func (r *run) arrived(arrivals driver.Arrivals) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range arrivals.Items {
		e := r.queue[a.ItemID]
		if a.Gone {
			delete(r.queue, a.ItemID)
			continue
		}
		var n note
		told := false
		if a.Note != nil {
			n, told = r.w.opts.read(*a.Note, a.Received)
		}
		switch {
		case n.id != "" && !r.wants(n): // without an id here, it may have got one since
			continue
		case told && n.done && r.w.opts.MarkOnly:
			if e == nil || !e.held {
				delete(r.queue, a.ItemID)
			}
			continue
		case e == nil && len(r.queue) >= maxQueue:
			continue
		case e == nil:
			e = &entry{id: a.ItemID, received: a.Received}
			r.queue[a.ItemID] = e
		}
		if r.seen != nil {
			r.seen[a.ItemID] = true
		}
		if told {
			e.at = n.busy(now, r.holder)
		}
	}
}

// begin finds the folder, and starts the goroutines that listen and renew.
func (r *run) begin(ctx context.Context) error {
	var err error
	if len(r.w.opts.Folder) == 0 {
		r.folder, err = r.w.mailbox.Home(ctx, driver.Folder{})
	} else {
		r.folder, err = r.w.mailbox.Folder(ctx, driver.FolderRequest{Names: r.w.opts.Folder})
	}
	if err != nil {
		return fmt.Errorf("reported: finding the watched folder: %w", err)
	}
	r.ready = true
	if r.once {
		r.others.Go(func() { r.renewAll(ctx) })
		return nil
	}
	if err := r.load(ctx); err != nil {
		r.trouble(err)
	}
	folder := r.folder
	if r.stopListening != nil {
		r.stopListening()
	} else {
		r.others.Go(func() { r.renewAll(ctx) })
	}
	listening, stop := context.WithCancel(ctx)
	r.stopListening = stop
	r.others.Go(func() { r.listen(listening, folder) })
	return nil
}
