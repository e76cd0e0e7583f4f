package quarantine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// PurgeRequest selects what [Service.Purge] removes permanently.
type PurgeRequest struct {
	// Before is the time before which a message must have been quarantined. It is
	// required, and must be at least [MinPurgeAge] ago.
	Before time.Time
	// Keep lists references whose messages stay, whatever their age: see Reference of
	// [Target]. They are compared ignoring case.
	Keep []string
	// Mailbox is the mailbox that the messages came from. Default: all. With InPlace of
	// [Options], it is required.
	Mailbox string
	// DryRun reports what would be removed, and removes nothing.
	DryRun bool
}

// MinPurgeAge is the minimum time that a message stays in quarantine: by then,
// someone will have missed a message that was taken by mistake.
const MinPurgeAge = 24 * time.Hour

// Purged is what became of a message that is old enough to be purged.
type Purged struct {
	Held
	Outcome PurgeOutcome `json:"outcome"`
	// Err says why it was refused, failed or is undecided; nil for other outcomes.
	Err error `json:"-"`
}

// PurgeOutcome is what became of a message.
type PurgeOutcome string

// Outcomes of [Service.Purge].
const (
	// Purgeable means that a dry run found nothing against removing it.
	Purgeable PurgeOutcome = "purgeable"
	// PurgeDone means that it was removed, and was then found nowhere in the mailbox's
	// folders. A hold or retention policy may still keep it in Recoverable Items.
	PurgeDone PurgeOutcome = "purged"
	// PurgeKept means that its reference is one of those to keep.
	PurgeKept PurgeOutcome = "kept"
	// PurgeRefused means that a run, a restore or a recovery may still need it.
	PurgeRefused PurgeOutcome = "refused"
	// PurgeUndecided means that it is not known whether it is gone: the answer was lost, or
	// it was still seen. Purging again settles it.
	PurgeUndecided PurgeOutcome = "undecided"
	// PurgeFailed means that the server did not remove it. It is where it was.
	PurgeFailed PurgeOutcome = "failed"
)

// Purge permanently removes messages that have been in quarantine long enough. It is the
// only call that deletes the last copy of a message: nothing can put it back. It yields one
// value for each message that is old enough, oldest first. It refuses a message that is
// being restored, that a run may still be working on, or that has an intent in the journal.
// It also refuses a surplus copy, which is for people to judge. An error ends the
// iteration; after an incomplete list, it comes last.
func (s *Service) Purge(ctx context.Context, req PurgeRequest) iter.Seq2[Purged, error] {
	return func(yield func(Purged, error) bool) {
		if req.Before.IsZero() || time.Since(req.Before) < MinPurgeAge {
			yield(Purged{}, driver.Invalid("purge", "before", fmt.Sprintf("is %s; give a time at least %v ago", req.Before.UTC().Format(time.RFC3339), MinPurgeAge)))
			return
		}
		if s.inPlace() && req.Mailbox == "" {
			yield(Purged{}, errEachMailbox("purge"))
			return
		}
		for h, err := range s.List(ctx, ListRequest{Mailbox: req.Mailbox}) {
			if err != nil {
				yield(Purged{}, err)
				return
			}
			if h.Quarantined.IsZero() || !h.Quarantined.Before(req.Before) {
				continue
			}
			if ctx.Err() != nil {
				yield(Purged{}, context.Cause(ctx))
				return
			}
			if !yield(s.purge(ctx, h, req), nil) {
				return
			}
		}
	}
}

func (s *Service) purge(ctx context.Context, h Held, req PurgeRequest) Purged {
	p := Purged{Held: h}
	refuse := func(format string, args ...any) Purged {
		p.Outcome, p.Err = PurgeRefused, fmt.Errorf(format, args...)
		return p
	}
	switch {
	case h.Reference != "" && slices.ContainsFunc(req.Keep, func(keep string) bool { return strings.EqualFold(keep, h.Reference) }):
		p.Outcome = PurgeKept
		return p
	case h.Direction != driver.ToQuarantine:
		return refuse("it is being restored, or is a surplus copy")
	}
	switch _, open, err := s.claims.journal.FindOperation(ctx, h.Operation); {
	case err != nil:
		return refuse("the journal cannot tell whether a run still needs it: %w", err)
	case open:
		return refuse("a run of it has not been settled; recover first")
	}
	items, err := s.byOperation(ctx, h, true)
	switch {
	case errors.Is(err, ErrGone):
		return refuse("it has been restored, or removed, meanwhile: %w", err)
	case err != nil:
		p.Outcome, p.Err = PurgeFailed, err
		return p
	case len(items) > 1:
		return refuse("there are %d copies of it in quarantine; restore or quarantine it again first, which leaves one", len(items))
	}
	it := items[0]
	st := it.Stamp
	switch {
	case st.Direction != driver.ToQuarantine || !st.At.Equal(h.Quarantined) || st.Reference != h.Reference:
		return refuse("it has changed since it was listed")
	case time.Now().Before(st.Lease):
		return refuse("a run may still be working on it until %s", st.Lease.Format(time.RFC3339))
	case req.DryRun:
		p.Outcome = Purgeable
		return p
	}
	err = s.vaultOf(h.Mailbox).Remove(ctx, it)
	p.Outcome, p.Err = s.removed(ctx, h, it, err)
	return p
}

// removed finds out what a removal has done: the answer to it proves nothing.
func (s *Service) removed(ctx context.Context, h Held, it driver.Item, answer error) (PurgeOutcome, error) {
	if e, ok := errors.AsType[*driver.Error](answer); ok && e.Untouched || errors.Is(answer, driver.ErrConflict) {
		return PurgeFailed, answer
	}
	_, err := s.vaultOf(h.Mailbox).Inspect(ctx, it.ID)
	if err == nil && answer == nil {
		return PurgeUndecided, errors.New("the server says that it was removed, and still shows it")
	}
	if err == nil {
		return PurgeUndecided, fmt.Errorf("it is still there: %w", answer)
	}
	if !errors.Is(err, ErrGone) {
		return PurgeUndecided, fmt.Errorf("it could not be read back: %w", err)
	}
	if _, err = s.byOperation(ctx, h, true); err == nil {
		return PurgeUndecided, errors.New("it is still found in the quarantine mailbox")
	}
	if !errors.Is(err, ErrGone) {
		return PurgeUndecided, fmt.Errorf("it could not be looked for: %w", err)
	}
	return PurgeDone, nil
}

// Purge is [Service.Purge] on all servers concurrently. An error is a
// [*ServerError] and concerns one server; it does not stop the others.
func (r *Router) Purge(ctx context.Context, req PurgeRequest) iter.Seq2[Purged, error] {
	return onEach(ctx, r.routes, func(ctx context.Context, rt *route, emit func(Purged, error)) {
		for p, err := range rt.service.Purge(ctx, req) {
			emit(p, onServer(rt, err))
		}
	})
}
