package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// result is what is stored about one try of a target.
type result struct {
	target  string // Key
	settled bool   // it is not tried again
	wait    time.Duration
	outcome quarantine.Outcome
	problem string

	items, done, read, unsearched int

	receipt []byte // JSON; nil if the target has no receipt
}

// judge decides what becomes of a target after a try. tries is how many there were before,
// and cut means that the job ended before the target was done: an error is then not a
// failure.
func (w *Workers) judge(r *quarantine.Receipt, failed error, tries int, cut bool) (result, error) {
	all := r
	r, unwanted := wanted(all)
	out := result{target: r.Target.Key(), outcome: r.Outcome(), unsearched: len(r.Unsearched), items: len(r.Items)}
	for _, it := range r.Items {
		if it.Outcome.Done() && it.Outcome != quarantine.Found {
			out.done++
			if it.WasRead {
				out.read++
			}
		}
	}
	if errors.Is(failed, errPanicked) {
		out.outcome = quarantine.Undecided
	}
	err := errors.Join(failed, r.Err())
	out.problem = textOf(err)
	out.wait, out.settled = w.again(r, err, tries, cut)
	if unwanted > 0 && out.items == 0 && err == nil {
		r, out.outcome = all, quarantine.NotBegun // replaces the outcome of an earlier try
	}
	if failed != nil && out.items == 0 {
		return out, nil
	}
	receipt, err := json.Marshal(r)
	if err != nil {
		return out, fmt.Errorf("fleet: receipt of %s: %w", r.Target.Mailbox, err)
	}
	out.receipt = receipt
	return out, nil
}

// again returns how long to wait before a target is tried again, and whether it is settled
// instead. An undecided target waits, because trying immediately shows nothing new.
func (w *Workers) again(r *quarantine.Receipt, err error, tries int, cut bool) (time.Duration, bool) {
	undecided, later := errors.Is(err, errPanicked), false
	for _, it := range r.Items {
		undecided = undecided || it.Outcome == quarantine.Undecided || nothingOf(r, it)
		later = later || it.Err != nil && driver.Temporary(it.Err)
	}
	later = later || err != nil && (cut || errors.Is(err, quarantine.ErrNotBegun) || driver.Temporary(err) || r.Outcome() == quarantine.NotBegun && len(r.Items) > 0)
	switch {
	case tries+1 >= w.opts.MaxTries, !undecided && !later:
		return 0, true
	case undecided:
		return w.opts.Settle, false
	case cut:
		return 0, false
	}
	return min(30*time.Second<<min(tries, 10), 15*time.Minute), false
}

// nothingOf reports whether an item was to be taken but is gone, such as one that another
// attempt had begun and not done. By now that is settled: another look shows what there is.
func nothingOf(r *quarantine.Receipt, it quarantine.ReceiptItem) bool {
	return r.Action == "quarantine" && it.Outcome == quarantine.NotFound && errors.Is(it.Err, quarantine.ErrGone)
}

// maxProblem is how many bytes of an error are kept alongside the receipt, which has all of
// them.
const maxProblem = 2000

// textOf returns the text of an error in a form that PostgreSQL accepts.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	return strings.ReplaceAll(strings.ToValidUTF8(text[:min(len(text), maxProblem)], "\uFFFD"), "\x00", "\uFFFD")
}
