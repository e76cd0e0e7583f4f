package reported

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Positions keeps how far one watched folder has been read, as bytes that only this package
// understands. A position that is lost or out of date costs work, but no report. The bytes
// contain ids of messages and no content; they can be a few MB long if many reports wait.
type Positions interface {
	// Load returns the position that was saved last, or nil if none was.
	Load(ctx context.Context) ([]byte, error)
	// Save replaces the saved position.
	Save(ctx context.Context, position []byte) error
}

// position is the content of [Positions]: a state, and the reports that came before it and
// have not been acknowledged.
type position struct {
	Version int       `json:"version"`
	Folder  string    `json:"folder"`
	State   string    `json:"state"`
	Full    time.Time `json:"full"` // when the whole folder was last scanned
	Waiting []waiting `json:"waiting"`
}

type waiting struct {
	ID       string    `json:"id"`
	Received time.Time `json:"received"`
}

const positionVersion = 1

// load continues from the saved position, if that is for this folder.
func (r *run) load(ctx context.Context) error {
	if r.w.opts.Positions == nil {
		return nil
	}
	kept, err := r.w.opts.Positions.Load(ctx)
	if err != nil {
		return &positionError{"read", err}
	}
	var p position
	if len(kept) == 0 || json.Unmarshal(kept, &p) != nil || p.Version != positionVersion || p.Folder != r.folder.ID {
		return nil
	}
	r.state, r.full = p.State, p.Full
	if r.full.After(time.Now()) {
		r.state, r.full = "", time.Time{}
	}
	for _, w := range p.Waiting {
		r.queue[w.ID] = &entry{id: w.ID, received: w.Received}
	}
	return nil
}

// save saves the position, if it has changed.
func (r *run) save(ctx context.Context) error {
	if r.w.opts.Positions == nil || r.seen != nil {
		return nil
	}
	r.mu.Lock()
	p := position{Version: positionVersion, Folder: r.folder.ID, State: r.state, Full: r.full}
	for _, e := range r.queue {
		p.Waiting = append(p.Waiting, waiting{e.id, e.received})
	}
	r.mu.Unlock()
	slices.SortFunc(p.Waiting, func(a, b waiting) int { return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.ID, b.ID)) })
	b, err := json.Marshal(p)
	if err != nil || string(b) == r.saved {
		return err
	}
	if err := r.w.opts.Positions.Save(ctx, b); err != nil {
		return &positionError{"kept", err}
	}
	r.saved = string(b)
	return nil
}

// positionError reports that Positions failed.
type positionError struct {
	what string
	err  error
}

func (e *positionError) Error() string {
	return "reported: the position of the watch could not be " + e.what + ", so that more is looked at again after a restart: " + e.err.Error()
}

func (e *positionError) Unwrap() error { return e.err }

// errStalled means that the mail system reports more, but does not return it.
var errStalled = errors.New("reported: the mail system says that there is more in the folder, but gives nothing")
