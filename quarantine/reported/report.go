package reported

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Report is a message in the watched folder. Its receiver holds it until it is acknowledged
// or released, or the loop that handed it out has ended.
type Report struct {
	ID       string    // stays the same when the report is handed out again
	Mailbox  string    // address of the watched mailbox
	Received time.Time // by the watched mailbox
	From     string    // address of the reporter
	Subject  string    // of the report; not trusted

	hold *hold
}

// ErrNotHeld reports that a report is no longer held by its receiver: its lease ran out and
// another program has it, or it was acknowledged or released.
var ErrNotHeld = errors.New("reported: the report is not held any more")

// Open returns the MIME form of the report, streamed from the mail system. The caller
// must close it. Reading ends in an error if the content is cut short.
func (r Report) Open(ctx context.Context) (io.ReadCloser, error) {
	h := r.hold
	if h == nil {
		return nil, ErrNotHeld
	}
	if err := h.lock(ctx); err != nil {
		return nil, err
	}
	item := h.item
	h.unlock()
	if whole, ok := driver.As[driver.Assembling](h.run.w.mailbox); ok {
		return whole.Assemble(ctx, item)
	}
	return h.run.w.watched.Open(ctx, item)
}

// Acknowledge records that the report was dealt with: it is not handed out again, to
// anybody. The report is marked first, and then moved to the folder [Options].Done; a move
// that fails is made up for by any program that watches the folder. After an error, the
// report is handed out again when its lease has run out, unless another call succeeds
// before; the error is [ErrNotHeld] if another program has the report. A second call does
// nothing.
func (r Report) Acknowledge(ctx context.Context) error {
	h := r.hold
	if h == nil {
		return ErrNotHeld
	}
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	switch {
	case h.note.done:
		return nil
	case h.ended:
		return ErrNotHeld
	}
	err := h.write(ctx, func(n *note) { n.done, n.holder, n.until = true, "", time.Time{} })
	if err != nil {
		h.lapse = true
		return fmt.Errorf("acknowledging report %s: %w", h.note.id, err)
	}
	h.end()
	if h.run.tidy(ctx, h.entry, h.item) != nil {
		h.run.ring() // for another attempt
	}
	return nil
}

// Release gives the report back: it is handed out again, to anybody, after [Options].Pause
// or, if there was an error, when its lease has run out. The error is [ErrNotHeld] if the
// report is no longer held.
func (r Report) Release(ctx context.Context) error {
	h := r.hold
	if h == nil {
		return ErrNotHeld
	}
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	if h.ended {
		return ErrNotHeld
	}
	pause := h.run.w.opts.Pause
	err := h.write(ctx, func(n *note) { n.holder, n.until = "", time.Now().Add(pause) })
	if err != nil && !errors.Is(err, driver.ErrGone) {
		h.lapse = true
		return fmt.Errorf("releasing report %s: %w", h.note.id, err)
	}
	h.end()
	h.run.mu.Lock()
	h.entry.at = time.Now().Add(pause)
	h.run.mu.Unlock()
	return nil
}
