package reported

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// hold is a report that this run holds.
type hold struct {
	run   *run
	entry *entry
	id    string // of the report

	turn  chan struct{} // full during a call about the report, so calls do not overlap
	item  driver.Item
	note  note
	ended bool // acknowledged, released, or lost
	lapse bool // it could not be acknowledged or released: its lease must run out
}

// take takes a report, and returns nil if it cannot be handed out: it is done, gone, or
// held by another program.
func (r *run) take(ctx context.Context, e *entry) (*Report, error) {
	later := func(d time.Duration) {
		r.mu.Lock()
		e.at = time.Now().Add(d)
		r.mu.Unlock()
	}
	later(r.w.opts.Interval) // in case this fails
	item, n, err := r.read(ctx, e.id)
	switch {
	case errors.Is(err, driver.ErrGone):
		r.forget(e)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reported: reading a report: %w", err)
	case !r.wants(n):
		r.forget(e)
		return nil, nil
	case n.done:
		return nil, r.tidy(ctx, e, item)
	}
	if until := n.busy(time.Now(), r.holder); !until.IsZero() {
		later(time.Until(until))
		return nil, nil
	}
	if n.id != "" && r.holds(n.id) {
		later(r.w.opts.Lease / 2) // a copy of a held report, or the server gave it another id
		return nil, nil
	}
	if n.id == "" {
		n.id = driver.NewOperation()
	}
	n.holder, n.until = r.holder, time.Now().Add(r.w.opts.Lease)
	_, err = r.w.watched.SetNote(ctx, item, r.w.opts.written(n, item.Received))
	switch {
	case errors.Is(err, driver.ErrConflict), errors.Is(err, driver.ErrGone):
		later(0) // another program was faster: see what it wrote
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reported: taking a report: %w", err)
	}
	if !sleep(ctx, r.w.opts.MarkWait) {
		return nil, nil
	}
	// A successful response is no proof.
	item, now, err := r.read(ctx, e.id)
	switch {
	case errors.Is(err, driver.ErrGone):
		r.forget(e)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reported: reading a report that was taken: %w", err)
	case now.String() != n.String() || time.Until(n.until) < r.w.opts.Lease/2:
		later(0)
		return nil, nil
	}
	h := &hold{run: r, entry: e, id: n.id, turn: make(chan struct{}, 1), item: item, note: n}
	r.mu.Lock()
	e.held = true
	r.held[n.id] = h
	r.mu.Unlock()
	return &Report{ID: n.id, Mailbox: r.w.mailbox.Address(), Received: item.Received, From: item.Sender, Subject: item.Subject, hold: h}, nil
}

// holds reports whether this run holds the report with an id.
func (r *run) holds(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[id] != nil
}

// read reads an item with its note.
func (r *run) read(ctx context.Context, id string) (driver.Item, note, error) {
	item, text, err := r.w.watched.Noted(ctx, id)
	if err != nil {
		return item, note{}, err
	}
	if item.Folder.ID != "" && item.Folder.ID != r.folder.ID {
		return item, note{}, fmt.Errorf("%w: it is in another folder", driver.ErrGone)
	}
	n, _ := r.w.opts.read(text, item.Received)
	return item, n, nil
}

// forget drops a report that is no longer in the folder, or done.
func (r *run) forget(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.held = false
	if r.queue[e.id] == e {
		delete(r.queue, e.id)
	}
}

// tidy moves a report that is done.
func (r *run) tidy(ctx context.Context, e *entry, item driver.Item) error {
	if !r.w.opts.MarkOnly {
		if err := r.w.shelve(ctx, item); err != nil && !errors.Is(err, driver.ErrGone) {
			return fmt.Errorf("reported: an acknowledged report cannot be moved yet: %w", err)
		}
	}
	r.forget(e)
	return nil
}

// shelve moves an item to the folder for acknowledged reports.
func (w *Watcher) shelve(ctx context.Context, item driver.Item) error {
	shelver, _ := driver.As[driver.Shelver](w.mailbox)
	known := w.done.Load()
	if known != nil {
		_, err := shelver.Shelve(ctx, item, known)
		if !errors.Is(err, driver.ErrGone) {
			return err
		}
		w.done.CompareAndSwap(known, nil) // the item is gone, or the folder is
	}
	done, err := w.mailbox.Folder(ctx, driver.FolderRequest{Names: w.opts.Done, Create: true})
	if err != nil {
		return err
	}
	w.done.Store(&done)
	if known != nil && known.ID == done.ID {
		return driver.ErrGone // the item
	}
	_, err = shelver.Shelve(ctx, item, &done)
	return err
}

// lock waits until no other call about the report is in progress.
func (h *hold) lock(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *hold) unlock() { <-h.turn }

// renewAll renews the leases of all held reports, until ctx ends.
func (r *run) renewAll(ctx context.Context) {
	t := time.NewTicker(r.w.opts.Lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		r.mu.Lock()
		var all []*hold
		for _, h := range r.held {
			all = append(all, h)
		}
		r.mu.Unlock()
		var group sync.WaitGroup
		room := make(chan struct{}, renewers)
		for _, h := range all {
			group.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				if err := h.renew(ctx); err != nil && ctx.Err() == nil {
					r.trouble(fmt.Errorf("reported: the lease of report %s could not be renewed: %w", h.id, err))
				}
			})
		}
		group.Wait()
	}
}

// renewers is how many leases are renewed at a time.
const renewers = 4

// renew renews the lease, or gives the report up when the lease has run out.
func (h *hold) renew(ctx context.Context) error {
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	switch {
	case h.ended, h.lapse && time.Now().Before(h.note.until):
		return nil
	case h.lapse:
		h.end()
		h.run.ring()
		return nil
	}
	return h.write(ctx, func(n *note) { n.until = time.Now().Add(h.run.w.opts.Lease) })
}

// write changes the note of a held report. If the item has changed otherwise, or the
// response was lost, it is read again: it must still be held.
func (h *hold) write(ctx context.Context, change func(*note)) error {
	for attempt := range time.Duration(4) {
		if !sleep(ctx, attempt*attempt*writePause) {
			return context.Cause(ctx)
		}
		n := h.note
		change(&n)
		item, err := h.run.w.watched.SetNote(ctx, h.item, h.run.w.opts.written(n, h.item.Received))
		if err == nil {
			h.item, h.note = item, n
			return nil
		}
		if ctx.Err() != nil || errors.Is(err, driver.ErrUnreachable) {
			return err
		}
		item, text, readErr := h.run.w.watched.Noted(ctx, h.item.ID)
		if readErr != nil {
			if errors.Is(readErr, driver.ErrGone) {
				h.end()
				return fmt.Errorf("the report is no longer where it was: %w", readErr)
			}
			return errors.Join(err, readErr)
		}
		found, _ := h.run.w.opts.read(text, item.Received)
		switch {
		case found.String() == n.String(): // the write did take effect
			h.item, h.note = item, n
			return nil
		case found.id != h.note.id || found.holder != h.note.holder || found.done:
			h.end()
			return ErrNotHeld
		case !errors.Is(err, driver.ErrConflict) && !driver.Temporary(err):
			return err
		}
		h.item, h.note = item, found
	}
	return fmt.Errorf("%w: over and over", driver.ErrConflict)
}

// writePause is how long to wait before the second attempt to write; later ones wait
// longer.
const writePause = 500 * time.Millisecond

// end gives the report up.
func (h *hold) end() {
	h.ended = true
	r := h.run
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, h.note.id)
	h.entry.held, h.entry.at = false, time.Now()
}

// sleep waits, and reports whether ctx is still active.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
