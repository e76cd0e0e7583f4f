package reported

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Waiting returns the reports that are in the folder now, in order of arrival, and ends: the
// whole folder is looked at once. With ids, it returns only the reports with these
// [Report].ID, and leaves the others alone. Without an error, no other such report waits. A
// report that cannot be taken is an error, and the others follow; a [*LeftError] comes last,
// if reports wait that cannot be had now. If the folder cannot be read to its end, or ctx
// ends, that is the last error. [Options].Positions is not used.
//
// Leases are renewed until the sequence ends; like those of [Watcher.Watch], they run out
// after that.
func (w *Watcher) Waiting(ctx context.Context, ids ...string) iter.Seq2[Report, error] {
	return func(yield func(Report, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		r := newRun(w)
		r.once, r.only = true, ids
		defer r.others.Wait()
		defer cancel()
		for begun := false; !begun || r.seen != nil; begun = true {
			if err := r.look(inner); err != nil {
				yield(Report{}, err)
				return
			}
		}
		s := survey{run: r, tries: make(map[*entry]int), told: make(map[*entry]bool)}
		if !s.hand(inner, yield) {
			return
		}
		err := context.Cause(ctx)
		if left := s.left(); err == nil && left != nil {
			err = left
		}
		if err != nil {
			yield(Report{}, err)
		}
	}
}

// LeftError tells that more reports wait than [Watcher.Waiting] could return.
type LeftError struct {
	// Reports is how many other programs hold, or have released less than [Options].Pause
	// ago.
	Reports int
	// Until is when the first of them can be had, unless its holder renews its lease.
	Until time.Time
	// More is set if others were not looked at, because more than 100,000 wait.
	More bool
}

// Error says how many reports were left out, and why.
func (e *LeftError) Error() string {
	text := "reported: "
	if e.Reports > 0 {
		text += fmt.Sprintf("%d waiting reports cannot be had before %s: other programs have them, or have just released them", e.Reports, e.Until.UTC().Format(time.RFC3339))
		if e.Reports == 1 {
			text = "reported: a waiting report cannot be had before " + e.Until.UTC().Format(time.RFC3339) + ": another program has it, or has just released it"
		}
	}
	if e.More {
		if e.Reports > 0 {
			text += "; "
		}
		text += "more than 100,000 reports wait, and not all were looked at: deal with some, and look again"
	}
	return text
}

// survey hands out the reports that one look at the folder has found.
type survey struct {
	*run
	tries map[*entry]int
	told  map[*entry]bool // it was handed out, or is in an error
}

// maxTries is how often a report is tried that other programs change at the same moment.
const maxTries = 5

// hand hands out what can be taken. It returns false if the loop was left.
func (s *survey) hand(ctx context.Context, yield func(Report, error) bool) bool {
	tell := func(err error) bool { return err == nil || ctx.Err() != nil || yield(Report{}, err) }
	for again := true; again; {
		again = false
		for _, e := range s.due() {
			if ctx.Err() != nil {
				return true
			}
			if s.told[e] || s.tries[e] == maxTries {
				continue
			}
			s.tries[e]++
			again = true
			report, err := s.take(ctx, e)
			if s.told[e] = report != nil || err != nil; report != nil && !yield(*report, nil) || !tell(err) || !s.tellTroubles(tell) {
				return false
			}
		}
	}
	return true
}

// left returns an error if not all that wait were told of.
func (s *survey) left() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &LeftError{More: s.full.IsZero()}
	for _, w := range s.queue {
		if s.told[w] {
			continue
		}
		if e.Reports++; e.Reports == 1 || w.at.Before(e.Until) {
			e.Until = w.at
		}
	}
	if e.Reports == 0 && !e.More {
		return nil
	}
	return e
}
